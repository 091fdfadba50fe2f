package schema

import "slices"

// A grammar has rules, each a choice of sequences of elements. Its terminals are bytes.
type grammar struct {
	rules [][]sequence
}

type sequence []element

// element is a set of bytes, or a rule.
type element struct {
	rule  int // where bytes is nil
	bytes *set
}

// set is of bytes.
type set [4]uint64

func (s *set) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }

func (s *set) add(low, high byte) *set {
	for b := int(low); b <= int(high); b++ {
		s[b>>6] |= 1 << (b & 63)
	}
	return s
}

func between(low, high byte) element { return element{bytes: new(set).add(low, high)} }

func anyOf(bytes string) element {
	s := new(set)
	for i := range len(bytes) {
		s.add(bytes[i], bytes[i])
	}
	return element{bytes: s}
}

// text is a text that is written as it stands.
func text(s string) sequence {
	out := make(sequence, len(s))
	for i := range len(s) {
		out[i] = between(s[i], s[i])
	}
	return out
}

// rule adds a rule.
func (g *grammar) rule(choices ...sequence) element {
	g.rules = append(g.rules, choices)
	return element{rule: len(g.rules) - 1}
}

// maybe is what may be left out.
func (g *grammar) maybe(of ...element) element { return g.rule(of, nil) }

// times is an element from least to most times; most -1 for as often as one likes.
func (g *grammar) times(e element, least, most int) element {
	if most < 0 {
		again := g.rule()
		g.rules[again.rule] = []sequence{{e, again}, nil}
		return g.rule(append(slices.Repeat(sequence{e}, least), again))
	}
	rest := g.rule(nil)
	for range most - least {
		rest = g.maybe(e, rest)
	}
	return g.rule(append(slices.Repeat(sequence{e}, least), rest))
}

// ends says which rules can come to an end.
func (g *grammar) ends() []bool {
	return g.least(func(e element, ends []bool) bool { return e.bytes != nil || ends[e.rule] })
}

// least is the least fixed point of "one choice has nothing but such elements".
func (g *grammar) least(is func(e element, so []bool) bool) []bool {
	so := make([]bool, len(g.rules))
	for changed := true; changed; {
		changed = false
		for i, choices := range g.rules {
			if so[i] {
				continue
			}
			for _, c := range choices {
				if !slices.ContainsFunc(c, func(e element) bool { return !is(e, so) }) {
					so[i], changed = true, true
					break
				}
			}
		}
	}
	return so
}

// circle is a rule that begins with itself before a byte is read, -1 for none: such a rule is
// never left.
func (g *grammar) circle() int {
	empty := g.least(func(e element, so []bool) bool { return e.bytes == nil && so[e.rule] })
	state := make([]byte, len(g.rules)) // 1: under way, 2: done
	var visit func(i int) bool
	visit = func(i int) bool {
		if state[i] != 0 {
			return state[i] == 1
		}
		state[i] = 1
		for _, c := range g.rules[i] {
			for _, e := range c {
				if e.bytes != nil {
					break
				}
				if visit(e.rule) {
					return true
				}
				if !empty[e.rule] {
					break
				}
			}
		}
		state[i] = 2
		return false
	}
	for i := range g.rules {
		if visit(i) {
			return i
		}
	}
	return -1
}

// State is what may come next. It is never changed, and safe for concurrent use.
type State struct {
	g      *grammar
	stacks []*frame
	done   bool
	hash   uint64
}

// frame is what is left of a sequence, never nothing, and below it what comes afterwards.
type frame struct {
	rest  sequence
	below *frame
	hash  uint64
}

func mix(a, b uint64) uint64 {
	x := (a ^ b*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	return x ^ x>>29
}

func push(id uint64, rest sequence, below *frame) *frame {
	f := &frame{rest: rest, below: below}
	f.hash = mix(id, 1)
	if below != nil {
		f.hash = mix(f.hash, below.hash)
	}
	return f
}

// begin is the state in which nothing was said of a rule.
func (g *grammar) begin(root element) *State {
	s := &State{g: g}
	s.open(root, nil, map[uint64]bool{})
	return s
}

// open adds what an element may begin with, above what comes afterwards.
func (s *State) open(e element, below *frame, seen map[uint64]bool) {
	for n, c := range s.g.rules[e.rule] {
		s.enter(uint64(e.rule)<<40|uint64(n)<<20, c, below, seen)
	}
}

// enter adds what the rest of a sequence may begin with, or what comes after it. id says which
// sequence and where.
func (s *State) enter(id uint64, rest sequence, below *frame, seen map[uint64]bool) {
	switch {
	case len(rest) > 0:
		s.add(push(id, rest, below), seen)
	case below != nil:
		s.add(below, seen)
	default:
		s.done = true
	}
}

// add adds a frame, or what its first rule may begin with.
func (s *State) add(f *frame, seen map[uint64]bool) {
	if seen[f.hash] {
		return
	}
	seen[f.hash] = true
	if e := f.rest[0]; e.bytes == nil {
		below := f.below
		if len(f.rest) > 1 {
			below = push(mix(f.hash, 2), f.rest[1:], f.below)
		}
		s.open(e, below, seen)
		return
	}
	s.stacks = append(s.stacks, f)
	s.hash += f.hash
}

// Done says whether what was said is whole.
func (s *State) Done() bool { return s.done }

// Over says whether nothing more may be said.
func (s *State) Over() bool { return len(s.stacks) == 0 }

// Hash tells states apart: two that allow different things have different ones, but for one in
// 2⁶⁴.
func (s *State) Hash() uint64 {
	if s.done {
		return s.hash + 1
	}
	return s.hash
}

// Next is the state after a byte, nil where that may not be said.
func (s *State) Next(b byte) *State {
	var next *State
	var seen map[uint64]bool
	for _, f := range s.stacks {
		if !f.rest[0].bytes.has(b) {
			continue
		}
		if next == nil {
			next, seen = &State{g: s.g}, map[uint64]bool{}
		}
		next.enter(mix(f.hash, 3), f.rest[1:], f.below, seen)
	}
	return next
}

// After is the state after bytes, nil where they may not be said.
func (s *State) After(bytes []byte) *State {
	for _, b := range bytes {
		if s = s.Next(b); s == nil {
			return nil
		}
	}
	return s
}
