package pruner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/train/asked"
)

// Labels is what a file of labels says.
type Labels struct {
	Asked      []asked.Question
	Twice      int // sentences or passages that were labelled both ways, and more often one way
	Undecided  int // and as often the other, which are left out
	Repeated   int // lines that say what another line says
	Sentences  int
	Kept       int
	Unanswered int // questions that no passage answers
}

// line is one of a file of labels.
type line struct {
	Question  string   `json:"question"`
	Title     string   `json:"title"`
	Sentences []string `json:"sentences"`
	Keep      []int    `json:"keep"`
	Passage   string   `json:"passage"`
	Answers   *bool    `json:"answers"`
}

const mostLine = 1 << 24

// votes are what lines say of one passage beside one question.
type votes struct {
	passage asked.Passage
	lines   int
	answers int
	keep    []int
	judged  int // lines that say which sentences are kept
}

// ReadLabels reads JSON Lines: {"question", "title", "sentences": […], "keep": [numbers of sentences, from 0]}, or,
// of a passage whose sentences nobody judged, {"question", "title", "passage", "answers": true or false}.
func ReadLabels(name string, r io.Reader) (*Labels, error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, mostLine)
	var order []string
	byQuestion := map[string][]*votes{}
	for n := 1; scan.Scan(); n++ {
		if len(strings.TrimSpace(scan.Text())) == 0 {
			continue
		}
		var l line
		err := json.Unmarshal(scan.Bytes(), &l)
		if err == nil {
			err = l.check()
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if _, ok := byQuestion[l.Question]; !ok {
			order = append(order, l.Question)
		}
		byQuestion[l.Question] = l.vote(byQuestion[l.Question])
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all := &Labels{}
	for _, q := range order {
		all.add(q, byQuestion[q])
	}
	return all, all.check(name)
}

func (l *line) check() error {
	switch {
	case strings.TrimSpace(l.Question) == "":
		return errors.New("there is no question")
	case (len(l.Sentences) > 0) == (l.Passage != ""):
		return errors.New(`a line has "sentences" with "keep", or a "passage" with "answers": one of both`)
	case l.Passage != "" && l.Answers == nil:
		return errors.New(`of a "passage", "answers" says true or false`)
	}
	for _, i := range l.Keep {
		if i < 0 || i >= len(l.Sentences) {
			return fmt.Errorf(`"keep" names sentence %d of %d; the first one is 0`, i, len(l.Sentences))
		}
	}
	return nil
}

// vote adds what a line says to what others said of its question.
func (l *line) vote(all []*votes) []*votes {
	p := asked.Passage{Title: l.Title, Text: l.Passage}
	if l.Passage == "" {
		for i, s := range l.Sentences {
			if i > 0 {
				p.Text += " "
			}
			p.Sentences = append(p.Sentences, [2]int{len(p.Text), len(p.Text) + len(s)})
			p.Text += s
		}
	} else {
		p.Sentences = encode.Sentences(p.Text)
	}
	at := slices.IndexFunc(all, func(v *votes) bool { return v.passage.Title == p.Title && v.passage.Text == p.Text })
	if at < 0 {
		at = len(all)
		all = append(all, &votes{passage: p, keep: make([]int, len(p.Sentences))})
	}
	v := all[at]
	v.lines++
	if l.Passage != "" {
		if *l.Answers {
			v.answers++
		}
		return all
	}
	if len(l.Keep) > 0 {
		v.answers++
	}
	if len(v.keep) == len(l.Sentences) {
		v.judged++
		for _, i := range slices.Compact(slices.Sorted(slices.Values(l.Keep))) {
			v.keep[i]++
		}
	}
	return all
}

// add decides what was said of the passages of a question.
func (all *Labels) add(question string, votes []*votes) {
	a := asked.Question{Text: question}
	for _, v := range votes {
		all.Repeated += v.lines - 1
		switch {
		case v.answers*2 == v.lines:
			all.Undecided++
			continue
		case v.answers > 0 && v.answers < v.lines:
			all.Twice++
		}
		p := v.passage
		if p.Answers = v.answers*2 > v.lines; v.judged > 0 {
			p.Keep = make([]bool, len(v.keep))
			for i, n := range v.keep {
				if n*2 == v.judged { // as often one way as the other: what it says of the others is left out too
					all.Undecided++
					p.Keep = nil
					break
				}
				if n > 0 && n < v.judged {
					all.Twice++
				}
				p.Keep[i] = n*2 > v.judged
			}
			for _, k := range p.Keep {
				if all.Sentences++; k {
					all.Kept++
				}
			}
		}
		if p.Answers && a.From == "" {
			a.From = p.Title
		}
		a.Passages = append(a.Passages, p)
	}
	if !slices.ContainsFunc(a.Passages, func(p asked.Passage) bool { return p.Answers }) {
		all.Unanswered++
		return
	}
	if a.From == "" {
		a.From = question
	}
	all.Asked = append(all.Asked, a)
}

// check says what cannot be learned from.
func (all *Labels) check(name string) error {
	switch {
	case len(all.Asked) == 0:
		return fmt.Errorf("%s: no question has a passage that answers it: a pruner learns from both kinds", name)
	case all.Sentences == 0:
		return fmt.Errorf("%s: no line has sentences, of which \"keep\" names those that answer", name)
	case all.Kept == 0 || all.Kept == all.Sentences:
		return fmt.Errorf("%s: %d of %d sentences are kept: a pruner learns from both kinds", name, all.Kept, all.Sentences)
	}
	return nil
}
