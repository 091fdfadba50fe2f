// Command serve measures what HTTP costs: searches and contexts asked over loopback of a
// server in a process of its own, beside the same questions asked of the library in this
// one, by turns, at the same number of callers. What it prints are ratios of the same run.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/gosrc"
	"github.com/tamis-search/tamis/server/access"
)

func main() {
	program := flag.String("tamis", "tamis", "the `program` that serves")
	folder := flag.String("folder", "", "index this `folder`; default the Go distribution's src/net and doc")
	callers := flag.Int("callers", 2, "callers at once")
	rounds := flag.Int("rounds", 5, "rounds of each, by turns")
	each := flag.Duration("each", 2*time.Second, "time of each round")
	idle := flag.Int("idle", 1000, "connections that are open and do nothing beside a last round")
	flag.Parse()
	if err := run(context.Background(), *program, *folder, *callers, *rounds, *each, *idle); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program, folder string, callers, rounds int, each time.Duration, idle int) error {
	dir, err := os.MkdirTemp("", "tamis-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root, err := gosrc.Root()
	if err != nil {
		return err
	}
	paths := []string{filepath.Join(root, "src", "net"), filepath.Join(root, "doc")}
	if folder != "" {
		paths = []string{folder}
	}
	questions, err := gosrc.Questions(root, 200) // first sentences of doc comments
	if err != nil {
		return err
	}
	at := filepath.Join(dir, "ix")
	ix, err := tamis.Open(at, tamis.Options{})
	if err != nil {
		return err
	}
	report, err := ix.AddFiles(ctx, paths, tamis.FileOptions{})
	if err == nil {
		err = ix.Close()
	}
	if err != nil {
		return err
	}
	if ix, err = tamis.OpenReadOnly(at); err != nil {
		return err
	}
	defer ix.Close()
	url, stop, err := start(ctx, program, at)
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("%d documents, %d questions, callers at once: %d, %d rounds of %v each, by turns\n\n", report.Added, len(questions), callers, rounds, each)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tlibrary/s\tHTTP/s\ttime, HTTP by library\tlibrary p50\tp99\tHTTP p50\tp99\t")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	caller := &access.Caller{Name: "local", Scope: access.Admin}
	for _, k := range []struct {
		name, path, field, more string
		call                    func(q string) (any, error)
	}{
		{"search", "search", "query", `"k":10`, func(q string) (any, error) {
			return ix.Search(ctx, tamis.Query{Text: q, K: 10, Groups: []string{}})
		}},
		{"context, 1000 tokens", "context", "question", `"budget":1000`, func(q string) (any, error) {
			return ix.Context(ctx, q, tamis.Budget{Tokens: 1000}, caller.Sees(""))
		}},
	} {
		here := func(q string) error {
			answer, err := k.call(q)
			if err == nil {
				_, err = json.Marshal(answer) // who asks a library as a service would
			}
			return err
		}
		there := func(q string) error {
			text, err := json.Marshal(q)
			if err != nil {
				return err
			}
			resp, err := client.Post(url+"v1/collections/default/"+k.path, "application/json", strings.NewReader(`{"`+k.field+`":`+string(text)+`,`+k.more+`}`))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b, _ := io.ReadAll(resp.Body)
				return fmt.Errorf("%s: %s", resp.Status, bytes.TrimSpace(b))
			}
			_, err = io.Copy(io.Discard, resp.Body)
			return err
		}
		if err := row(w, k.name, questions, callers, rounds, each, here, there); err != nil {
			return err
		}
		if k.path == "search" && idle > 0 {
			stop, err := open(url, idle)
			if err != nil {
				return err
			}
			err = row(w, fmt.Sprintf("search, %d connections open", idle), questions, callers, rounds, each, here, there)
			if stop(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// start starts the program and waits for its address.
func start(ctx context.Context, program, index string) (url string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, program, "serve", "--listen", "127.0.0.1:0", "--index", index, "--keys", filepath.Join(filepath.Dir(index), "keys.json"))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	url, err = bufio.NewReader(out).ReadString('\n')
	stop = func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("%s serve: %w", program, err)
	}
	return strings.TrimSpace(url), stop, nil
}

// open opens connections that do nothing.
func open(url string, n int) (stop func(), err error) {
	var conns []net.Conn
	stop = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	for range n {
		c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/"))
		if err != nil {
			stop()
			return nil, err
		}
		conns = append(conns, c)
	}
	return stop, nil
}

// row measures both by turns and prints the medians of the rounds.
func row(w io.Writer, name string, questions []string, callers, rounds int, each time.Duration, here, there func(string) error) error {
	var rates, p50, p99 [2][]float64
	var ratios []float64
	for round := range rounds + 1 {
		var last [2]float64
		for i, do := range []func(string) error{here, there} {
			took, err := load(questions, callers, each, do)
			if err != nil {
				return err
			}
			if round == 0 { // what is read first is read from disk
				continue
			}
			last[i] = float64(len(took)) / each.Seconds()
			rates[i] = append(rates[i], last[i])
			p50[i] = append(p50[i], took[len(took)/2].Seconds()*1000)
			p99[i] = append(p99[i], took[len(took)*99/100].Seconds()*1000)
		}
		if round > 0 {
			ratios = append(ratios, last[0]/last[1])
		}
	}
	_, err := fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.2f\t%.2f ms\t%.2f ms\t%.2f ms\t%.2f ms\t\n", name, median(rates[0]), median(rates[1]), median(ratios),
		median(p50[0]), median(p99[0]), median(p50[1]), median(p99[1]))
	return err
}

// load asks for a time and returns how long each answer took, in order of that.
func load(questions []string, callers int, each time.Duration, do func(string) error) ([]time.Duration, error) {
	var next atomic.Int64
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var wait sync.WaitGroup
	end := time.Now().Add(each)
	for range callers {
		wait.Go(func() {
			var own []time.Duration
			for time.Now().Before(end) {
				q := questions[int(next.Add(1))%len(questions)]
				start := time.Now()
				if err := do(q); err != nil {
					mu.Lock()
					failed = cmp.Or(failed, err)
					mu.Unlock()
					return
				}
				own = append(own, time.Since(start))
			}
			mu.Lock()
			all = append(all, own...)
			mu.Unlock()
		})
	}
	wait.Wait()
	slices.Sort(all)
	if failed == nil && len(all) == 0 {
		failed = fmt.Errorf("nothing was answered in %v", each)
	}
	return all, failed
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
