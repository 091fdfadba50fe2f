package pruner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/train/asked"
)

// rarity is how much each token weighs, by the passages: log(1 + those without/those with it).
func rarity(all []asked.Question, words int, tokens func(text string) []int32) []float32 {
	in, seen, passages := make([]int, words), map[string]bool{}, 0
	for _, a := range all {
		for _, p := range a.Passages {
			if seen[p.Text] {
				continue
			}
			seen[p.Text] = true
			passages++
			ids := tokens(p.Text)
			slices.Sort(ids)
			for _, id := range slices.Compact(ids) {
				if int(id) < words {
					in[id]++
				}
			}
		}
	}
	rare := make([]float32, words)
	for i, n := range in {
		rare[i] = float32(portable.Log(1 + (float64(passages-n)+.5)/(float64(n)+.5)))
	}
	return rare
}

// mostRead is how many passages are remembered as they were read: those of a block, about.
const mostRead = 2 * block

// reader makes examples. Passages that several questions are asked of are read once.
type reader struct {
	f    *encode.Frozen
	rare func(id int32) float32

	mu    sync.Mutex
	known map[string]*encode.Reading
	order []string
}

func (r *reader) read(text string) (*encode.Reading, error) {
	r.mu.Lock()
	got, ok := r.known[text]
	r.mu.Unlock()
	if ok {
		return got, nil
	}
	got, err := r.f.Read(text, encode.Passage)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.known[text]; !ok {
		if len(r.order) == mostRead {
			delete(r.known, r.order[0])
			r.order = r.order[1:]
		}
		r.known[text] = got
		r.order = append(r.order, text)
	}
	return got, nil
}

// group makes the examples of a question; one without any is of a question or passages that have
// no token, or whose answer stands behind what the model reads.
func (r *reader) group(a *asked.Question) (g pruner.Group, err error) {
	q, err := r.f.Read(a.Text, encode.Query)
	if err != nil || q == nil {
		return g, err
	}
	for _, p := range a.Passages {
		text, before := p.Read()
		read, err := r.read(text)
		if err != nil {
			return g, err
		}
		if read == nil {
			continue
		}
		sentences := make([][2]int, len(p.Sentences))
		for i, s := range p.Sentences {
			sentences[i] = [2]int{s[0] + before, s[1] + before}
		}
		ranges, which := read.Ranges(sentences)
		var keep []bool
		if p.Keep != nil && len(which) > 0 {
			for _, i := range which {
				keep = append(keep, p.Keep[i])
			}
		}
		g.Examples = append(g.Examples, pruner.Look(&q.Text, &read.Text, ranges, r.rare))
		g.Answers = append(g.Answers, p.Answers)
		g.Keep = append(g.Keep, keep)
	}
	return g, nil
}

// appendGroup and parseGroup are what stands of a question in the file of features.
func appendGroup(b []byte, g *pruner.Group) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(g.Examples)))
	for i, e := range g.Examples {
		flags := []byte{0, 0}
		if g.Answers[i] {
			flags[0] = 1
		}
		if g.Keep[i] != nil {
			flags[1] = 1
		}
		b = e.AppendBinary(append(b, flags...))
		for _, k := range g.Keep[i] {
			v := byte(0)
			if k {
				v = 1
			}
			b = append(b, v)
		}
	}
	return b
}

func parseGroup(b []byte) (g pruner.Group, err error) {
	if len(b) < 4 {
		return g, pruner.ErrShort
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	for range n {
		if len(b) < 2 {
			return g, pruner.ErrShort
		}
		answers, judged := b[0] == 1, b[1] == 1
		e, rest, err := pruner.Parse(b[2:])
		if err != nil {
			return g, err
		}
		var keep []bool
		if judged {
			if len(rest) < len(e.Sentences) {
				return g, pruner.ErrShort
			}
			for _, v := range rest[:len(e.Sentences)] {
				keep = append(keep, v == 1)
			}
			rest = rest[len(e.Sentences):]
		}
		g.Examples, g.Answers, g.Keep = append(g.Examples, e), append(g.Answers, answers), append(g.Keep, keep)
		b = rest
	}
	return g, nil
}

// made are the features of questions in a file: a name of what they were made of, then for each a length,
// a checksum and what appendGroup wrote. One that ends early is whole up to there.
type made struct {
	f       *os.File
	Groups  []pruner.Group
	Resumed int
}

const nameSize = sha256.Size

// openMade opens or begins a file; what another name or damage makes useless is begun anew.
func openMade(path string, name [nameSize]byte) (m *made, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	m = &made{f: f}
	at := int64(0)
	var head [nameSize]byte
	if _, err := io.ReadFull(f, head[:]); err == nil && head == name {
		at = nameSize
		for {
			var size [8]byte
			if _, err := io.ReadFull(f, size[:]); err != nil {
				break
			}
			n := binary.LittleEndian.Uint32(size[:])
			var b bytes.Buffer
			if _, err := io.CopyN(&b, f, int64(n)); err != nil || crc32.ChecksumIEEE(b.Bytes()) != binary.LittleEndian.Uint32(size[4:]) {
				break
			}
			g, err := parseGroup(b.Bytes())
			if err != nil {
				break
			}
			m.Groups = append(m.Groups, g)
			at += 8 + int64(n)
		}
	}
	err = f.Truncate(at)
	if err == nil && at == 0 {
		_, err = f.WriteAt(name[:], 0)
		at = nameSize
	}
	if err == nil {
		_, err = f.Seek(at, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	m.Resumed = len(m.Groups)
	return m, nil
}

// add appends a group, which is then as a second reading finds it.
func (m *made) add(g *pruner.Group) error {
	b := appendGroup(nil, g)
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(b))
	if _, err := m.f.Write(append(out, b...)); err != nil {
		return err
	}
	again, err := parseGroup(b)
	m.Groups = append(m.Groups, again)
	return err
}

const underWay = 1 << 20 // bytes of texts

// features makes the examples of all questions, in their order, and keeps them in the file at path as they
// are made, so that a second start goes on.
func features(ctx context.Context, f *encode.Frozen, all []asked.Question, rare []float32, path string, progress func(done, all int)) (m *made, err error) {
	name := sha256.New()
	if err := json.NewEncoder(name).Encode([]any{1, f.Is().Name, f.Is().Layers, all}); err != nil {
		return nil, err
	}
	if m, err = openMade(path, [nameSize]byte(name.Sum(nil))); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.f.Close()) }()
	r := &reader{f: f, known: map[string]*encode.Reading{}, rare: func(id int32) float32 { return rare[id] }}
	type result struct {
		g   pruner.Group
		err error
	}
	size := func(a asked.Question) int64 {
		n := int64(1)
		for _, p := range a.Passages {
			n += int64(len(p.Text))
		}
		return n
	}
	for got := range inorder.Map(slices.Values(all[min(len(all), len(m.Groups)):]), size, underWay, func(a asked.Question) (res result) {
		if res.err = ctx.Err(); res.err == nil {
			res.g, res.err = r.group(&a)
		}
		return res
	}) {
		if got.err != nil {
			return m, got.err
		}
		if err := m.add(&got.g); err != nil {
			return m, fmt.Errorf("%s: %w", path, err)
		}
		if progress != nil {
			progress(len(m.Groups), len(all))
		}
	}
	return m, nil
}
