// Command decode measures tamis's decoder beside llama.cpp on the same GGUF files: tokens read
// and tokens written a second, one round of each after the other, and how far the probabilities
// of the next token are from each other.
//
//	npm i --omit=optional --ignore-scripts --prefix decode  # llama.cpp as it is built for Node.js
//	python3 decode/files.py MODEL.gguf Q4_0 out/q4_0.gguf     # other formats of a model
//	go run ./decode -threads 1 out/q4_0.gguf MODEL.gguf
//
// Both run on the processor alone. Times are medians of rounds; the ratio of a round is of one
// right after the other.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis/model/decoder"
)

func main() {
	threads := flag.Int("threads", 1, "of either")
	rounds := flag.Int("rounds", 5, "of either")
	reads := flag.Int("read", 512, "tokens that are read")
	writes := flag.Int("write", 128, "tokens that are written")
	compared := flag.Int("compare", 200, "tokens after which probabilities are compared; 0 for none")
	text := flag.String("text", "../ARCHITECTURE.md", "what is read")
	flag.Parse()
	b, err := os.ReadFile(*text)
	for _, file := range flag.Args() {
		if err == nil {
			err = run(file, string(b), *threads, *rounds, *reads, *writes, *compared)
		}
	}
	if err != nil || flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "decode:", errors.Join(err, flag.ErrHelp))
		os.Exit(1)
	}
}

// reply is what the peer says of a request.
type reply struct {
	Text          string
	IDs           []int32
	Seconds, CPU  float64
	Probabilities [][]float64
}

// peer is llama.cpp in a process.
type peer struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func start(file string, threads, most int, more ...string) (*peer, error) {
	p := &peer{cmd: exec.Command("node", append([]string{filepath.Join("decode", "peer.mjs"), file, strconv.Itoa(threads), strconv.Itoa(most)}, more...)...)}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 1<<20)
	return p, p.cmd.Start()
}

func (p *peer) ask(request map[string]any) (r reply, err error) {
	if err := json.NewEncoder(p.in).Encode(request); err != nil {
		return r, err
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("llama.cpp ended: %w", err)
	}
	return r, json.Unmarshal(line, &r)
}

func (p *peer) close() {
	p.in.Close()
	_ = p.cmd.Wait()
}

func run(file, text string, threads, rounds, reads, writes, compared int) error {
	d, err := decoder.Open(file, decoder.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	d.Threads = threads
	p, err := start(file, threads, reads+writes+16)
	if err != nil {
		return err
	}
	defer p.close()
	about, err := p.ask(map[string]any{"do": "about"})
	if err != nil {
		return err
	}
	theirs, err := p.ask(map[string]any{"do": "tokens", "text": text})
	if err != nil {
		return err
	}
	var ids []int32
	for _, t := range d.Tokenizer.Encode(text, -1) {
		ids = append(ids, t.ID)
	}
	same := "the same"
	if !slices.Equal(ids, theirs.IDs) {
		same = "OTHER"
	}
	fmt.Printf("%s, %d threads: %d tokens of the text, %s by both\nllama.cpp: %s\n", filepath.Base(file), threads, len(ids), same, strings.TrimSpace(about.Text))
	ids = ids[:min(reads, len(ids))]
	var read, write [4][]float64 // seconds of tamis and llama.cpp, processor seconds of both
	var said [2][]int32
	for range rounds {
		c := d.NewCache()
		var logits []float32
		ours := timed(func() { logits, err = d.Read(context.Background(), c, ids) })
		if err != nil {
			return err
		}
		wrote := timed(func() { said[0], err = greedy(d, c, logits, writes) })
		if err != nil {
			return err
		}
		r, err := p.ask(map[string]any{"do": "read", "ids": ids})
		if err != nil {
			return err
		}
		w, err := p.ask(map[string]any{"do": "go", "n": writes})
		if err != nil {
			return err
		}
		said[1] = w.IDs
		keep(&read, ours, r)
		keep(&write, wrote, w)
	}
	show("reading", read, len(ids))
	show("writing", write, writes)
	equal := 0
	for equal < min(len(said[0]), len(said[1])) && said[0][equal] == said[1][equal] {
		equal++
	}
	fmt.Printf("  greedy tokens: the first %d of %d are the same\n", equal, writes)
	if compared == 0 {
		return nil
	}
	return compare(file, d, p, ids[:min(compared, len(ids))])
}

func timed(f func()) reply {
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	begun := time.Now()
	f()
	took := time.Since(begun).Seconds()
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := func(u unix.Rusage) float64 {
		return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
	}
	return reply{Seconds: took, CPU: used(after) - used(before)}
}

func keep(all *[4][]float64, ours, theirs reply) {
	for i, v := range []float64{ours.Seconds, theirs.Seconds, ours.CPU, theirs.CPU} {
		all[i] = append(all[i], v)
	}
}

// greedy writes the most probable tokens; as llama.cpp does, it computes logits after each.
func greedy(d *decoder.Decoder, c *decoder.Cache, logits []float32, n int) (ids []int32, err error) {
	for len(ids) < n {
		id := int32(slices.Index(logits, slices.Max(logits)))
		ids = append(ids, id)
		if logits, err = d.Read(context.Background(), c, []int32{id}); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func show(what string, all [4][]float64, tokens int) {
	n := float64(tokens)
	ratio := make([]float64, len(all[0]))
	for i := range ratio {
		ratio[i] = all[1][i] / all[0][i]
	}
	slices.Sort(ratio)
	fmt.Printf("  %s: tamis %.0f, llama.cpp %.0f tokens a second: %.2f times as fast (%.2f to %.2f); %.2f and %.2f ms of processor a token\n",
		what, n/median(all[0]), n/median(all[1]), median(ratio), ratio[0], ratio[len(ratio)-1], 1e3*median(all[2])/n, 1e3*median(all[3])/n)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// compare tells how far the probabilities after each token are apart: of tamis, of llama.cpp,
// and of tamis with the same weights unpacked and nothing rounded.
func compare(file string, d *decoder.Decoder, p *peer, ids []int32) error {
	exact, err := decoder.Open(file, decoder.Options{F32: true})
	if err != nil {
		return err
	}
	defer exact.Close()
	theirs, err := p.ask(map[string]any{"do": "next", "ids": ids})
	if err != nil {
		return err
	}
	ours, c := d.NewCache(), exact.NewCache()
	var apart [3]float64
	var top [3]int
	for i, id := range ids {
		a, err := d.Read(context.Background(), ours, []int32{id})
		if err != nil {
			return err
		}
		b, err := exact.Read(context.Background(), c, []int32{id})
		if err != nil {
			return err
		}
		tamis, f32, llama := softmax(a), softmax(b), theirs.Probabilities[i]
		if len(llama) != len(tamis) {
			return fmt.Errorf("llama.cpp tells %d probabilities, the model has %d words", len(llama), len(tamis))
		}
		for k, two := range [3][2][]float64{{f32, tamis}, {f32, llama}, {llama, tamis}} {
			apart[k] += divergence(two[0], two[1]) / float64(len(ids))
			if slices.Index(two[0], slices.Max(two[0])) == slices.Index(two[1], slices.Max(two[1])) {
				top[k]++
			}
		}
	}
	for k, what := range []string{"tamis from the weights unpacked", "llama.cpp from the weights unpacked", "tamis from llama.cpp"} {
		fmt.Printf("  %s: %.5f nats of divergence, the same most probable token after %.1f %% of %d\n", what, apart[k], 100*float64(top[k])/float64(len(ids)), len(ids))
	}
	return nil
}

func softmax(logits []float32) []float64 {
	most, sum, p := slices.Max(logits), 0., make([]float64, len(logits))
	for i, v := range logits {
		p[i] = math.Exp(float64(v - most))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// divergence is how many nats more a token costs that is told by q instead of p (Kullback and
// Leibler 1951).
func divergence(p, q []float64) (sum float64) {
	for i, v := range p {
		if v > 1e-12 {
			sum += v * math.Log(v/max(q[i], 1e-12))
		}
	}
	return sum
}
