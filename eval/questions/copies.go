package questions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/eval"
)

// window is how many words of evidence are looked for first, and mostCopies how often it
// may stand elsewhere: what stands in more places is boilerplate.
const (
	window     = 5
	mostCopies = 4
)

// word is a run of letters and digits of a text.
type word struct {
	start, end int
	hash       uint64
}

func words(s string, each func(word) bool) {
	start := -1
	for i, r := range s {
		in := unicode.IsLetter(r) || unicode.IsDigit(r)
		if in && start < 0 {
			start = i
		}
		if !in && start >= 0 {
			if !each(word{start, i, hash(s[start:i])}) {
				return
			}
			start = -1
		}
	}
	if start >= 0 {
		each(word{start, len(s), hash(s[start:])})
	}
}

func hash(s string) uint64 {
	const odd = 1099511628211
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		h = (h ^ uint64(c)) * odd
	}
	return h
}

// found makes questions of candidates, with the other places where their evidence
// stands word by word. What stands in many is left out.
func (m *maker) found(ctx context.Context, documents Documents, chosen []candidate) ([]Question, error) {
	type sought struct {
		words []uint64
		also  []eval.Span
	}
	all := make([]sought, len(chosen))
	by := map[uint64][]int{}
	for i, c := range chosen {
		words(c.quote, func(w word) bool { all[i].words = append(all[i].words, w.hash); return true })
		if len(all[i].words) >= window {
			k := key(all[i].words[:window])
			by[k] = append(by[k], i)
		}
	}
	said := m.subjects(chosen)
	var text []word
	number := 0
	for d, err := range documents() {
		number++
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		text = text[:0]
		words(d.Source, func(w word) bool { text = append(text, w); return true })
		said.read(number, text)
		var last [window]uint64
		for j := range text {
			copy(last[:], last[1:])
			last[window-1] = text[j].hash
			if j < window-1 {
				continue
			}
			for _, i := range by[key(last[:])] {
				from := j - window + 1
				n := len(all[i].words)
				if from+n > len(text) || len(all[i].also) > mostCopies {
					continue
				}
				same := true
				for k := range n {
					same = same && text[from+k].hash == all[i].words[k]
				}
				x := eval.Span{Doc: d.ID, Start: text[from].start, End: text[from+n-1].end}
				if own := chosen[i].evidence; same && (x.Doc != own.Doc || x.Start >= own.End || x.End <= own.Start) {
					all[i].also = append(all[i].also, x)
				}
			}
		}
	}
	var out []Question
	for i, c := range chosen {
		if len(all[i].also) > mostCopies {
			m.left["text that stands in many places"]++
			continue
		}
		if said.everywhere(i, number) {
			m.left["definitions of what is spoken of everywhere"]++
			continue
		}
		q := Question{Kind: c.kind, Quotes: []string{c.quote}}
		q.ID, q.Text, q.Answers = name(c.kind, c.text, c.quote), c.text, c.answers
		q.Evidence = []eval.Span{c.evidence}
		if all[i].also != nil {
			q.Copies = [][]eval.Span{all[i].also}
		}
		out = append(out, q)
	}
	return out, nil
}

// spoken counts the documents that name what is defined.
type spoken struct {
	by    map[uint64][]int // candidates by the first word of their subjects
	words map[int][]uint64
	docs  map[int]int
	last  map[int]int // the document that was counted last
}

func (m *maker) subjects(chosen []candidate) *spoken {
	s := &spoken{map[uint64][]int{}, map[int][]uint64{}, map[int]int{}, map[int]int{}}
	for i, c := range chosen {
		if c.kind != Definition {
			continue
		}
		words(c.subject, func(w word) bool { s.words[i] = append(s.words[i], w.hash); return true })
		if v := s.words[i]; len(v) > 0 {
			s.by[v[0]] = append(s.by[v[0]], i)
		}
	}
	return s
}

func (s *spoken) read(document int, text []word) {
	for j := range text {
		for _, i := range s.by[text[j].hash] {
			v := s.words[i]
			if s.last[i] == document || j+len(v) > len(text) {
				continue
			}
			same := true
			for k := range v {
				same = same && text[j+k].hash == v[k]
			}
			if same {
				s.last[i] = document
				s.docs[i]++
			}
		}
	}
}

// everywhere says of a candidate that more than one document in twelve names its subject,
// and many do: one sentence is then hardly the only answer to what it is.
func (s *spoken) everywhere(i, documents int) bool { return s.docs[i] > max(12, documents/12) }

func key(hashes []uint64) uint64 {
	h := uint64(0)
	for _, w := range hashes {
		h = (h*0x9e3779b97f4a7c15 + w) ^ h>>29
	}
	return h
}

// name is the id of a question: by what is asked and what answers, wherever that
// stands, so that cards of the same question can be compared.
func name(kind, question, quote string) string {
	sum := sha256.Sum256([]byte(question + "\x00" + strings.Join(strings.Fields(quote), " ")))
	return kind + "-" + hex.EncodeToString(sum[:4])
}
