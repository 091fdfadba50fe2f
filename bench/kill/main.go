// Command kill encodes the passages of an index with a model in a process that is killed
// (SIGKILL) again and again, and says what that cost: how many passages were encoded more
// than once, whether any is missing in the end, and the time.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

func main() {
	log.SetFlags(0)
	index := flag.String("index", "", "index whose passages lack vectors of the model")
	dir := flag.String("model", "", "folder of the model")
	kills := flag.Int("kills", 10, "how often the process is killed")
	expect := flag.Duration("expect", 20*time.Minute, "how long all of it takes, about: the kills are spread over that")
	child := flag.Bool("child", false, "encode, and print a line for every passage that the model has read")
	flag.Parse()
	var err error
	if *child {
		err = encodeAll(*index, *dir)
	} else {
		err = run(*index, *dir, *kills, *expect)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// counted counts what the model is given.
type counted struct {
	*encode.Encoder
	out *bufio.Writer
}

func (c counted) All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[vector.Value, error] {
	return func(yield func(vector.Value, error) bool) {
		for v, err := range c.Encoder.All(ctx, texts, u) {
			c.out.WriteByte('.')
			c.out.Flush()
			if !yield(v, err) {
				return
			}
		}
	}
}

func encodeAll(index, dir string) error {
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		return err
	}
	defer e.Close()
	ix, err := tamis.Open(index, tamis.Options{MustExist: true})
	if err != nil {
		return err
	}
	_, err = ix.Encode(context.Background(), counted{e, bufio.NewWriter(os.Stdout)}, nil)
	return errors.Join(err, ix.Close())
}

func run(index, dir string, kills int, expect time.Duration) error {
	var encoded atomic.Int64
	began := time.Now()
	for killed := 0; ; {
		cmd := exec.Command(os.Args[0], "-child", "-index", index, "-model", dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		before := encoded.Load()
		if killed < kills {
			after := time.Duration(float64(expect) / float64(kills+1) * (.5 + rand.Float64()))
			time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		n, err := io.Copy(counter{&encoded}, out)
		if err != nil {
			return fmt.Errorf("after %d passages: %w", n, err)
		}
		err = cmd.Wait()
		fmt.Printf("run %d: %d passages encoded (%v)\n", killed+1, encoded.Load()-before, err)
		if err == nil {
			break
		}
		killed++
	}
	took := time.Since(began)
	ix, err := tamis.OpenReadOnly(index)
	if err != nil {
		return err
	}
	defer ix.Close()
	stats, err := ix.Stats()
	if err != nil {
		return err
	}
	report, err := ix.Check(context.Background(), false)
	if err != nil {
		return err
	}
	fmt.Printf("passages %d, encoded %d, twice %d, wall time %s, lost %d, fields %+v\n",
		stats.Passages, encoded.Load(), encoded.Load()-int64(stats.Passages), took.Round(time.Second), len(report.Lost), stats.Vectors)
	return nil
}

type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}
