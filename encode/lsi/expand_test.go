package lsi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/vector"
)

// alone are texts as documents of one passage each.
func alone(texts []string) iter.Seq2[encode.Run, error] {
	return func(yield func(encode.Run, error) bool) {
		for _, s := range texts {
			if !yield(encode.Run{Text: s, Passages: [][2]int{{0, len(s)}}}, nil) {
				return
			}
		}
	}
}

func expanding(t *testing.T, texts []string) *Model {
	t.Helper()
	m := learned(t, texts)
	if err := m.Remember(t.Context(), alone(texts)); err != nil {
		t.Fatal(err)
	}
	return m
}

func sparseOf(t *testing.T, x *Expansion, r encode.Run) []vector.Named {
	t.Helper()
	var all []vector.Named
	for v, err := range x.Late(t.Context(), slices.Values([]encode.Run{r})) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.(vector.Named))
	}
	return all
}

// TestLent: a passage is lent terms of its subject that it lacks, none that it or its document
// has, and the weights are what the neighbours say.
func TestLent(t *testing.T) {
	texts := topics(8, 12, 800)
	m := expanding(t, texts)
	x := m.Expansion()
	two := texts[3] + texts[11] // of the same subject
	cut := len(texts[3])
	lent := sparseOf(t, x, encode.Run{Text: two, Passages: [][2]int{{0, cut}, {cut, len(two)}}})
	if len(lent) != 2 || len(lent[0]) == 0 {
		t.Fatalf("lent: %v", lent)
	}
	right := 0
	for _, v := range lent {
		for term, w := range v {
			if slices.Contains(strings.Fields(two), term) {
				t.Errorf("%s is lent to a document that has it", term)
			}
			if !(w >= leastLent && w <= 1) {
				t.Errorf("%s has the weight %g", term, w)
			}
			if strings.HasPrefix(term, lettered("s3w")) {
				right++
			} else if term[0] == 's' {
				t.Errorf("%s of another subject is lent", term)
			}
		}
	}
	if right == 0 {
		t.Error("no term of the subject is lent")
	}
	// Alone, a passage may be lent what stands beside it; by another of its document it is not.
	if one := sparseOf(t, x, encode.Run{Text: texts[3], Passages: [][2]int{{0, cut}}}); len(one[0]) == 0 {
		t.Error("a passage alone is lent nothing")
	}
	for v, err := range x.All(t.Context(), slices.Values([]string{lettered("s3w1 s3w1") + " unheard"}), encode.Query) {
		if q := v.(vector.Named); err != nil || len(q) != 1 || !(q[lettered("s3w1")] > 1) {
			t.Errorf("a question asks for %v (%v)", q, err)
		}
	}
	if strings.Contains(learned(t, texts).Plan(), "sparse") || !strings.Contains(m.Plan(), Expanded) {
		t.Errorf("the plan is %s", m.Plan())
	}
}

// TestExpansionSaved: the same bytes however many processors, and back from a file.
func TestExpansionSaved(t *testing.T) {
	texts := topics(5, 30, 500)
	m := expanding(t, texts)
	was := runtime.GOMAXPROCS(1)
	again := expanding(t, texts)
	runtime.GOMAXPROCS(was)
	if m.Name() != again.Name() || !bytes.Equal(m.expansion.bytes(), again.expansion.bytes()) {
		t.Error("two expansions of the same texts differ")
	}
	plain := learned(t, texts)
	if plain.Name() == m.Name() {
		t.Error("a model has the same name with and without an expansion")
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	read, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if made := encode.Together(read); len(made) != 2 || made[0].Name() != m.Expansion().Name() || made[0].Place() != dir || made[1].Name() != m.Name() {
		t.Errorf("what was read makes %v", made)
	}
	r := encode.Run{Text: texts[4], Passages: [][2]int{{0, len(texts[4])}}}
	if a, b := sparseOf(t, m.Expansion(), r)[0], sparseOf(t, read.Expansion(), r)[0]; len(a) == 0 || len(a) != len(b) {
		t.Errorf("lent before %v, after %v", a, b)
	}
	if err := plain.Save(dir); err != nil { // over it: the expansion of another one goes
		t.Fatal(err)
	}
	if read, err = Open(dir); err != nil || read.Name() != plain.Name() || read.Beside() != nil {
		t.Errorf("a model without an expansion over one that has one: %v", err)
	}
}

func TestBadExpansions(t *testing.T) {
	texts := topics(5, 30, 500)
	m := expanding(t, texts)
	good := m.expansion.bytes()
	signed := func(change func(b []byte)) []byte {
		b := slices.Clone(good)
		change(b)
		return binary.LittleEndian.AppendUint32(b[:len(b)-4], crc32.Checksum(b[:len(b)-4], castagnoli))
	}
	at := func(n int) int { return len(expansionMark) + 4*n }
	for want, data := range map[string][]byte{
		"holds no expansion": []byte("tamis"),
		"is damaged":         append(slices.Clone(good[:len(good)-1]), good[len(good)-1]^1),
		"has version 9":      signed(func(b []byte) { b[at(0)] = 9 }),
		"the model of":       signed(func(b []byte) { b[at(1)] = 32 }),
		"another length":     signed(func(b []byte) { b[at(4)]++ }),
		"passages with a":    signed(func(b []byte) { b[at(6)+3] = 1 }),
		"terms of passages":  signed(func(b []byte) { b[at(6)+4*m.Terms()]++ }),
		"has the term":       signed(func(b []byte) { b[at(6)+4*m.Terms()+12*m.expansion.lending()+3] = 1 }),
	} {
		dir := t.TempDir()
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, expansionFile), data, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "train the model anew") {
			t.Errorf("%s: error %v", want, err)
		}
	}
	plain := learned(t, texts)
	if err := plain.Remember(t.Context(), alone([]string{"unheard"})); !errors.Is(err, ErrSmall) || plain.Beside() != nil {
		t.Errorf("nothing to lend: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := plain.Remember(ctx, alone(texts)); !errors.Is(err, context.Canceled) || plain.Beside() != nil {
		t.Errorf("cancelled: %v", err)
	}
	for _, err := range m.Expansion().All(ctx, slices.Values(texts), encode.Passage) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		break
	}
}

// TestLiteralsAreNotLent: most passages of a subject have a part number; the one that lacks it
// is lent words of the subject and not the number.
func TestLiteralsAreNotLent(t *testing.T) {
	texts := topics(8, 12, 800)
	for i := 11; i < len(texts); i += 8 { // all of the third subject but the first
		texts[i] += " e15 " + lettered("s3common")
	}
	m := expanding(t, texts)
	lent := sparseOf(t, m.Expansion(), encode.Run{Text: texts[3], Passages: [][2]int{{0, len(texts[3])}}})[0]
	if _, has := lent["e15"]; has || lent[lettered("s3common")] == 0 {
		t.Errorf("lent: %v", lent)
	}
}
