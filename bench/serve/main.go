// Command serve measures what HTTP costs: searches and contexts asked over loopback of a
// server in a process of its own, beside the same questions asked of the library in this
// one, by turns, at the same number of callers. What it prints are ratios of the same run.
//
// A third way shows what of that is HTTP's own: a server that does nothing but decode the
// question, ask the library and write the answer at once, without limits, keys, schemas,
// counts or logs. Processor time is that of the process that answers, and in the library's
// case of the one that asks, which is the same.
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
	"strconv"
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
	bare := flag.String("bare", "", "serve this `index` barely; this command starts itself so")
	flag.Parse()
	if *bare != "" {
		fmt.Fprintln(os.Stderr, "serve:", serveBarely(*bare))
		os.Exit(1)
	}
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
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var servers [2]*server
	for i, command := range [][]string{{self, "-bare", at}, {program, "serve", "--listen", "127.0.0.1:0", "--index", at, "--keys", filepath.Join(dir, "keys.json")}} {
		if servers[i], err = start(ctx, command...); err != nil {
			return err
		}
		defer servers[i].stop()
	}
	fmt.Printf("%d documents, %d questions, callers at once: %d, %d rounds of %v each, by turns\n\n", report.Added, len(questions), callers, rounds, each)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\t\t/s\ttime by the library's\tp50\tp99\tprocessor\tby the library's\t")
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
		over := func(url string) func(q string) error {
			return func(q string) error {
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
		}
		ways := []*way{{name: "library", do: here, pid: os.Getpid()}}
		for i, s := range servers {
			ways = append(ways, &way{name: []string{"bare HTTP", "tamis serve"}[i], do: over(s.url), pid: s.pid})
		}
		if err := row(w, k.name, questions, callers, rounds, each, ways); err != nil {
			return err
		}
		if k.path == "search" && idle > 0 {
			stop, err := open(servers[1].url, idle)
			if err != nil {
				return err
			}
			err = row(w, fmt.Sprintf("search, %d connections open", idle), questions, callers, rounds, each, ways)
			if stop(); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// server is a process that answers at an address.
type server struct {
	url  string
	pid  int
	stop func()
}

// start starts a server and waits for its address.
func start(ctx context.Context, command ...string) (*server, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{pid: cmd.Process.Pid, stop: func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }}
	s.url, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("%s: %w", strings.Join(command, " "), err)
	}
	s.url = strings.TrimSpace(s.url)
	return s, nil
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

// way is one way to ask, and what was measured of it, a round each.
type way struct {
	name                            string
	do                              func(string) error
	pid                             int // of the process that answers
	rates, p50, p99, cpu, time, own []float64
}

// row measures all ways by turns and prints the medians of the rounds.
func row(w io.Writer, name string, questions []string, callers, rounds int, each time.Duration, ways []*way) error {
	for _, y := range ways {
		y.rates, y.p50, y.p99, y.cpu, y.time, y.own = nil, nil, nil, nil, nil, nil
	}
	for round := range rounds + 1 {
		for _, y := range ways {
			before := processor(y.pid)
			took, err := load(questions, callers, each, y.do)
			if err != nil {
				return err
			}
			if round == 0 { // what is read first is read from disk
				continue
			}
			y.rates = append(y.rates, float64(len(took))/each.Seconds())
			y.p50 = append(y.p50, took[len(took)/2].Seconds()*1000)
			y.p99 = append(y.p99, took[len(took)*99/100].Seconds()*1000)
			y.cpu = append(y.cpu, (processor(y.pid)-before).Seconds()*1e6/float64(len(took)))
			at := len(y.rates) - 1
			y.time = append(y.time, ways[0].rates[at]/y.rates[at])
			y.own = append(y.own, y.cpu[at]/ways[0].cpu[at])
		}
	}
	for _, y := range ways {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%.0f\t%.2f\t%.2f ms\t%.2f ms\t%.0f µs\t%.2f\t\n", name, y.name, median(y.rates), median(y.time), median(y.p50), median(y.p99), median(y.cpu), median(y.own)); err != nil {
			return err
		}
		name = ""
	}
	return nil
}

// processor is how long a process has been running on a processor; 0 where the system
// does not say.
func processor(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] { // of the user and of the system, in hundredths of a second
		n, _ := strconv.ParseInt(f, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
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
