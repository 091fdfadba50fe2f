// Package streaming is tamis stream: few rows of many, of embeddings that the user brings,
// chosen for a question, kept by a memory, or joined around rows that are asked about.
package streaming

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/stream"
	"github.com/tamis-search/tamis/vector/npy"
)

// App is where rows come from and results go.
type App struct {
	In   io.Reader
	Out  io.Writer
	JSON func(v any) error
	Note func(format string, args ...any)
}

// Command is tamis stream.
func (a *App) Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stream",
		Short: "Keep few of many vectors: frames, patches, sounds, rows of tables",
		Long: `stream works on embeddings that you bring, whatever they are of: a .npy file with a row for
each frame, patch or row of a table, and questions as vectors of the same space. Rows are read one
after the other, so that a file may be larger than memory.

Files are arrays of floats of 2, 4 or 8 bytes, little-endian, in C order. --times has a time for
each row: a .npy file of one dimension, or a text or CSV file with one a line, in seconds or as
1:02:03.5 (the column "time", else the first). Without it a row's time is its number.`,
		Example: `  tamis stream select frames.npy --query question.npy --budget 64 --stages 2
  tamis stream keep frames.npy --bytes 256KiB --out memory
  tamis stream recall memory.json --query question.npy`,
		Args: flags.Subcommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.selectCommand(), a.checkCommand(), a.keepCommand(), a.recallCommand(), a.scalesCommand())
	return cmd
}

// timed are rows with their times.
type timed struct {
	rows  *npy.Reader
	name  string
	clock *clock
	time  float64 // of the row that was read last
}

func (t *timed) Next(dst []float32) ([]byte, error) {
	raw, err := t.rows.Next(dst)
	if err == io.EOF {
		if more := t.clock.end(t.rows.Rows); more != nil {
			return nil, more
		}
	}
	if err != nil {
		return nil, err
	}
	t.time, err = t.clock.tick()
	return raw, err
}

// read gives each row to take, with its time.
func (t *timed) read(ctx context.Context, skip bool, take func(row int, time float64, v []float32)) (left int, err error) {
	return stream.Read(ctx, t, screen.Name(t.name), t.rows.Width, skip, func(row int, v []float32) error {
		take(row, t.time, v)
		return nil
	})
}

// open opens a file, or standard input for -.
func (a *App) open(name, times string) (t *timed, done func() error, err error) {
	c, err := openClock(times)
	if err != nil {
		return nil, nil, err
	}
	t = &timed{name: name, clock: c}
	done = c.close
	if name == "-" {
		t.name = "standard input"
		t.rows, err = npy.NewReader(a.In, t.name)
	} else {
		var f *npy.File
		if f, err = npy.Open(name); err == nil {
			t.rows = f.Reader
			done = func() error { return errors.Join(f.Close(), c.close()) }
		}
	}
	if err == nil && t.rows.Rows == 0 {
		err = fmt.Errorf("%s has no rows", screen.Name(t.name))
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return t, done, nil
}

const mostQuestions = 4096 // vectors

// question reads the vectors of a question about rows of a file.
func question(path string, width int, name string) (*stream.Question, error) {
	if path == "" {
		return nil, flags.Usagef("give the question's vector with --query FILE.npy")
	}
	rows, h, err := npy.ReadAll(path, mostQuestions)
	if err != nil {
		return nil, err
	}
	if h.Flat && len(rows) > 0 { // one vector
		one := make([]float32, len(rows))
		for i, row := range rows {
			one[i] = row[0]
		}
		rows = [][]float32{one}
	}
	q, err := stream.NewQuestion(rows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", screen.Name(path), err)
	}
	if q.Width() != width {
		return nil, fmt.Errorf("%s has vectors of %d numbers, %s rows of %d: both must come from one model", screen.Name(path), q.Width(), screen.Name(name), width)
	}
	return q, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// leftOut says how many rows were.
func (a *App) leftOut(n int) {
	if n > 0 {
		a.Note("%d rows that hold what is no finite number were left out", n)
	}
}

// bar is a line of the stream: what stands in each of its parts.
func bar(rows int, at func(mark func(row int, what rune))) string {
	const columns = 64
	line := make([]rune, min(columns, rows))
	for i := range line {
		line[i] = '·'
	}
	at(func(row int, what rune) {
		i := int(int64(row) * int64(len(line)) / int64(rows))
		if line[i] == '·' || what == '█' {
			line[i] = what
		}
	})
	return string(line)
}
