// Package meant has a model say how near passages are to questions, and keeps the
// vectors of passages in a file, so that the next run need not make them.
package meant

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// Near makes vectors where none are known. The zero Near is none.
type Near struct {
	encoder *encode.Encoder
	file    *os.File
	vectors map[uint64][]float32 // by the names of the model and the texts
	width   int
	Made    int // vectors that were not in the file
}

// Open loads a model, and the vectors that file holds from a run with the same model.
func Open(dir, file string) (*Near, error) {
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		return nil, err
	}
	n := &Near{encoder: e, vectors: map[uint64][]float32{}, width: e.Info().Width}
	if n.file, err = os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(n.file, 1<<20)
	for {
		var key uint64
		v := make([]float32, n.width)
		if err := errors.Join(binary.Read(r, binary.LittleEndian, &key), binary.Read(r, binary.LittleEndian, v)); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		n.vectors[key] = v
	}
	return n, nil
}

// Cosines are those of a question with passages.
func (n *Near) Cosines(ctx context.Context, question string, passages []string) ([]float32, error) {
	var missing []string
	for _, p := range passages {
		if _, ok := n.vectors[n.key(p)]; !ok {
			missing = append(missing, p)
		}
	}
	made, err := n.encoder.Encode(ctx, missing, encode.Passage)
	if err != nil {
		return nil, err
	}
	for i, v := range made {
		if err := n.keep(n.key(missing[i]), v.(vector.Dense)); err != nil {
			return nil, err
		}
	}
	q, err := n.encoder.Encode(ctx, []string{question}, encode.Query)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(passages))
	for i, p := range passages {
		for j, x := range n.vectors[n.key(p)] {
			out[i] += x * q[0].(vector.Dense)[j]
		}
	}
	return out, nil
}

func (n *Near) key(text string) uint64 { return xxhash.Sum64String(n.encoder.Name() + "\x00" + text) }

func (n *Near) keep(key uint64, v []float32) error {
	if _, ok := n.vectors[key]; ok {
		return nil
	}
	n.vectors[key] = v
	n.Made++
	b := binary.LittleEndian.AppendUint64(nil, key)
	b, err := binary.Append(b, binary.LittleEndian, v)
	if err != nil {
		return err
	}
	_, err = n.file.Write(b)
	return err
}

// Close closes file and model.
func (n *Near) Close() error { return errors.Join(n.file.Close(), n.encoder.Close()) }
