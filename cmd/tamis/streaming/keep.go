package streaming

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/stream"
	"github.com/tamis-search/tamis/vector/npy"
)

// memory is what stands beside a file of centroids: what each of them is of.
type memory struct {
	File      string `json:"file"`
	Rows      int    `json:"rows"`
	Width     int    `json:"width"`
	Bytes     int    `json:"bytes,omitempty"` // the bound
	LeftOut   int    `json:"left_out"`
	Centroids string `json:"centroids"` // the file beside, by its name
	Digest    string `json:"digest"`    // SHA-256 of that file
	Spans     []span `json:"spans"`
}

type span struct {
	First int     `json:"first"`
	Last  int     `json:"last"`
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int     `json:"count"`
}

// write writes NAME.npy, and NAME.json which names its digest: a pair that does not belong
// together is seen.
func (m *memory) write(out string, spans []stream.Span) error {
	var rows [][]float32
	for _, s := range spans {
		rows = append(rows, s.Centroid)
		m.Spans = append(m.Spans, span{s.First, s.Last, s.From, s.To, s.Count})
	}
	data := npy.Encode(rows, m.Width)
	m.Centroids, m.Digest = filepath.Base(out)+".npy", digest(data)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	if err := e.Encode(m); err != nil {
		return err
	}
	if err := replace.File(out+".npy", data); err != nil {
		return err
	}
	return replace.File(out+".json", b.Bytes())
}

func readMemory(name string) (*memory, [][]float32, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	m := &memory{}
	if err := json.Unmarshal(b, m); err != nil || m.Centroids == "" || len(m.Spans) == 0 {
		return nil, nil, fmt.Errorf("%s is no memory: give the .json that tamis stream keep wrote", screen.Name(name))
	}
	path := filepath.Join(filepath.Dir(name), filepath.Base(m.Centroids))
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if digest(data) != m.Digest {
		return nil, nil, fmt.Errorf("%s is not the file that %s was written with: write both anew", screen.Name(path), screen.Name(name))
	}
	rows, _, err := npy.ReadAll(path, len(m.Spans))
	if err == nil && (len(rows) != len(m.Spans) || len(rows[0]) != m.Width) {
		err = fmt.Errorf("%s has %d rows of %d numbers, %s %d spans of %d", screen.Name(path), len(rows), len(rows[0]), screen.Name(name), len(m.Spans), m.Width)
	}
	return m, rows, err
}

// outName is the name of a pair of files, without their endings; it must not overwrite what is read.
func outName(out, in string) (string, error) {
	out = strings.TrimSuffix(strings.TrimSuffix(out, ".json"), ".npy")
	if out == "" || filepath.Base(out) == "." || strings.HasSuffix(out, string(filepath.Separator)) {
		return "", flags.Usagef("--out is no name: two files are written, NAME.npy and NAME.json")
	}
	if filepath.Clean(out+".npy") == filepath.Clean(in) {
		return "", flags.Usagef("--out would overwrite %s: give another name", screen.Name(in))
	}
	return out, nil
}

func (a *App) keepCommand() *cobra.Command {
	var (
		size         flags.Size
		out, times   string
		skip, asJSON bool
		open         bool
	)
	cmd := &cobra.Command{
		Use:   "keep FILE.npy|- --bytes SIZE --out NAME",
		Short: "Keep a stream of any length in so many bytes",
		Long: `keep reads a stream once, row by row, into a memory of at most so many bytes, without knowing what
will be asked. Where it is full, the two neighbours become one that lose least by it: a scene that
lasts becomes one centroid, a moment that differs keeps its own. What is written is NAME.npy, a
centroid a row, and NAME.json, which says of each which rows and times it is of, and of how many.
tamis stream recall asks it.

A .npy header says how many rows there are. With --open-ended, standard input may end behind any
row: whoever does not know how many there will be writes a number that is large enough.`,
		Example: `  tamis stream keep frames.npy --bytes 256KiB --out memory
  camera-embeddings | tamis stream keep - --open-ended --bytes 1MiB --out today`,
		Args: flags.Exact("FILE.npy"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if out, err = outName(out, args[0]); err != nil {
				return err
			}
			if size < 1 {
				return flags.Usagef("give the bytes of the memory with --bytes, such as 256KiB")
			}
			t, done, err := a.open(args[0], times)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, done()) }()
			if t.rows.Open = open; open && args[0] != "-" {
				return flags.Usagef("--open-ended is for standard input, -")
			}
			// No more than the rows need.
			bound := min(int64(size), int64(min(max(2, t.rows.Rows), 1<<30))*int64(stream.LeastBytes(t.rows.Width)/2))
			m, err := stream.NewMemory(t.rows.Width, int(bound), stream.Weight)
			if err != nil {
				return flags.Usagef("--bytes: %w", err)
			}
			left, err := t.read(cmd.Context(), skip, m.Push)
			if err != nil {
				return err
			}
			spans := m.Spans()
			if len(spans) == 0 {
				return fmt.Errorf("%s: each of its %d rows was left out", screen.Name(t.name), t.rows.Rows)
			}
			w := &memory{File: args[0], Rows: t.rows.Rows, Width: t.rows.Width, Bytes: int(size), LeftOut: left}
			if err := w.write(out, spans); err != nil {
				return err
			}
			a.leftOut(left)
			return a.printMemory(w, out, asJSON)
		},
	}
	f := cmd.Flags()
	f.Var(&size, "bytes", "bytes of the memory, such as 256KiB")
	f.StringVar(&out, "out", "memory", "name of the two files, without their endings")
	f.StringVar(&times, "times", "", "times of the rows: .npy, text or CSV")
	f.BoolVar(&open, "open-ended", false, "standard input may end before the rows that its header says")
	f.BoolVar(&skip, "skip-bad", false, "leave rows out that hold what is no finite number")
	f.BoolVar(&asJSON, "json", false, "print JSON: what NAME.json has")
	return cmd
}

func (a *App) printMemory(m *memory, out string, asJSON bool) error {
	if asJSON {
		return a.JSON(m)
	}
	line := bar(m.Rows, func(mark func(int, rune)) {
		for _, s := range m.Spans {
			mark(s.First, '▪')
		}
	})
	lengths := make([]int, len(m.Spans))
	for i, s := range m.Spans {
		lengths[i] = s.Count
	}
	slices.Sort(lengths)
	_, err := fmt.Fprintf(a.Out, "%s\n%d rows in %d entries, of %d to %d rows, %d the median; ▪ where one begins\nwritten to %s and %s\n", line, m.Rows, len(m.Spans),
		lengths[0], lengths[len(lengths)-1], lengths[len(lengths)/2], screen.Name(out+".npy"), screen.Name(out+".json"))
	return err
}

// recalled is an entry of a memory that a question is near to.
type recalled struct {
	Score float64 `json:"score"`
	span
}

func (a *App) recallCommand() *cobra.Command {
	var (
		query  string
		k      int
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "recall MEMORY.json --query Q.npy",
		Short: "Ask a memory when something was",
		Long: `recall prints the entries of a memory that are nearest to a question, with the rows and times that
they are of. MEMORY.json is what tamis stream keep, or tamis stream scales, wrote.`,
		Example: `  tamis stream recall memory.json --query question.npy
  tamis stream recall memory.json --query question.npy -k 3 --json`,
		Args: flags.Exact("MEMORY.json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if k < 1 {
				return flags.Usagef("-k is %d: use 1 or more", k)
			}
			m, rows, err := readMemory(args[0])
			if err != nil {
				return err
			}
			q, err := question(query, m.Width, m.Centroids)
			if err != nil {
				return err
			}
			scores := make([]float64, len(rows))
			for i, v := range rows {
				scores[i] = q.Score(v)
			}
			best := stream.Ranked(scores)
			var found []recalled
			for _, i := range best[:min(k, len(best))] {
				found = append(found, recalled{scores[i], m.Spans[i]})
			}
			if asJSON {
				return a.JSON(map[string]any{"memory": args[0], "query": query, "entries": len(rows), "found": found})
			}
			return a.printRecalled(m, found)
		},
	}
	cmd.Flags().StringVar(&query, "query", "", "the question's vector, or several, as .npy")
	cmd.Flags().IntVarP(&k, "k", "k", 5, "entries")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) printRecalled(m *memory, found []recalled) error {
	t := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "score\trows\ttimes\tof")
	for _, f := range found {
		fmt.Fprintf(t, "%.4f\t%d-%d\t%g-%g\t%d\n", f.Score, f.First, f.Last, f.From, f.To, f.Count)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "\n%s\n", bar(m.Rows, func(mark func(int, rune)) {
		for _, f := range found {
			mark(f.First, '█')
		}
	}))
	return err
}
