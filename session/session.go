// Package session is a context that grows over a conversation: what the model
// has before it, in pieces that can be folded, restored, pinned and searched.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/session/turn"
)

func invalid(field, format string, args ...any) error {
	return &tamis.InvalidError{Field: field, Err: fmt.Errorf(format, args...)}
}

// Errors of sessions that callers branch on.
var (
	// ErrNoPiece: a session has no piece of this number.
	ErrNoPiece = errors.New("no such piece in the session")
	// ErrPinned: a pinned piece is not folded.
	ErrPinned = errors.New("the piece is pinned")
)

// Session is a context that grows over a conversation. It holds what the model
// has been shown, in pieces: what of one document was added for one question,
// under one label. A question adds pieces with nothing that is shown already;
// their text goes to the end of the window, so that the text before it, which
// the model's prompt cache knows, stays as it was. Only folding a piece and
// making room change what was there.
//
// The tokens of the whole window, labels and separators included, never exceed
// the session's. All pieces are verbatim: the window, like each addition, has a
// receipt that Replay takes.
//
// A session is safe for concurrent use. It holds no lock on the index; a piece
// stays what it was when its source changes, and Replay then says so.
type Session struct {
	ix      engine.Index
	counter tamis.Counter
	o       Options

	mu     sync.Mutex
	pieces []*piece           // in the order of the window; folded ones are not in its text
	next   int                // number of the next piece
	asked  []string           // the questions that were asked, the last of many
	acts   map[string]float64 // what was done with documents: see Favour
}

// Options are the size and form of a session's window.
type Options struct {
	// Tokens of the whole window; required.
	Tokens int `json:"tokens"`
	// Turn is the most that one question may add; 0 stands for a quarter of Tokens.
	Turn int `json:"turn"`
	// Counter is as in a Budget; Render is one of render.Growing.
	Counter string `json:"counter"`
	Render  string `json:"render"`
	// Keep never folds a piece to make room: when the window is full, nothing more
	// is added until the caller folds something.
	Keep bool `json:"keep"`
	// AsAsked takes every question by itself. Else what earlier ones named is carried over
	// into one that points back, as "what are its symptoms?": see package session/turn.
	AsAsked bool `json:"as_asked,omitempty"`
}

// Piece is a part of a session.
type Piece struct {
	ID       int           `json:"id"` // number of its label
	Question string        `json:"question"`
	Doc      string        `json:"doc"`
	Spans    []render.Span `json:"spans"`
	Folded   bool          `json:"folded,omitempty"`
	Pinned   bool          `json:"pinned,omitempty"`
}

// Turn is what a question added to a session. Its Text goes to the end of what
// the model was shown, after a line break; when Folded is not empty, the window
// before it has changed too.
type Turn struct {
	*tamis.Context
	Folded []int `json:"folded"` // pieces that were folded to make room
	// Asked is what the question was taken to ask: with what earlier turns named.
	Asked turn.Asked `json:"asked"`
}

// Found is a place inside a session.
type Found struct {
	ID     int    `json:"id"`
	Doc    string `json:"doc"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Folded bool   `json:"folded,omitempty"`
}

// piece keeps the bytes of the spans beside them: they are those that the model
// saw, whatever becomes of the source.
type piece struct {
	Piece
	texts []string
}

const (
	// sessionSigns are the extra signs of a session's labels. They are fixed at its
	// start, for a text that holds "[1]" may come later, and what holds "[##1]" is
	// then left out; such text is rare.
	sessionSigns = 2
	// roomShare of the window is made free at once when it is full, so that the
	// prompt cache is not lost with every question.
	roomShare = 4
)

// New starts an empty session. Error: tamis.ErrInvalid for options
// that cannot be.
func New(ix engine.Index, o Options) (*Session, error) {
	o.Counter, o.Render = cmp.Or(o.Counter, "o200k_base"), cmp.Or(o.Render, render.Plain)
	if o.Tokens <= 0 {
		return nil, invalid("tokens", "%w", &tamis.BudgetError{Budget: o.Tokens})
	}
	if o.Turn <= 0 {
		o.Turn = max(o.Tokens/4, 1)
	}
	if !slices.Contains(render.Growing(), o.Render) {
		return nil, invalid("render", "a session's rendering cannot be %q; use %s", o.Render, strings.Join(render.Growing(), ", "))
	}
	counter, err := ix.Counter(o.Counter)
	if err != nil {
		return nil, err
	}
	return &Session{ix: ix, counter: counter, o: o, next: 1}, nil
}

// Context adds to the session what answers a question and is not shown yet, at
// most b.Tokens of it (0 stands for the session's Turn) and never more than the
// window has room for. Where there is too little room the oldest pieces that
// are not pinned are folded first. Counter and Render are the session's. What
// was folded may come again, under a new label. An empty text says that nothing
// new matches. Errors are those of Index.Context; ErrBudget also when the window
// is full and nothing may be folded. After an error the session is as it was.
//
// What earlier turns named is carried over into the question, unless Options.AsAsked says no or
// the turn is given a tamis.Beside, which may be empty.
func (s *Session) Context(ctx context.Context, question string, b tamis.Budget, options ...tamis.ContextOption) (*Turn, error) {
	return s.ContextBeside(ctx, question, b, func(*tamis.Context) int { return 0 }, options...)
}

// ContextBeside is Context where more is sent than the text, such as a list of its
// sources: beside, which calls no method of s, says how many tokens that costs with a turn,
// and the budget b covers both. Of the window these take nothing.
func (s *Session) ContextBeside(ctx context.Context, question string, b tamis.Budget, beside func(*tamis.Context) int, options ...tamis.ContextOption) (*Turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Counter = s.o.Counter
	if b.Tokens == 0 {
		b.Tokens = s.o.Turn
	}
	if b.Tokens < 0 {
		return nil, invalid("budget", "%w", &tamis.BudgetError{Budget: b.Tokens})
	}
	turn := &Turn{Folded: s.makeRoom(b.Tokens), Asked: s.resolve(question, options)}
	options = append([]tamis.ContextOption{Beside(turn.Asked.Carried), s.favour()}, options...)
	undo := func() {
		for _, p := range s.pieces {
			if slices.Contains(turn.Folded, p.ID) {
				p.Folded = false
			}
		}
	}
	window := s.text()
	used := s.counter.Count(window)
	most := b.Tokens
	for limit := min(most, s.o.Tokens-used); ; {
		if limit < 1 && turn.Context != nil { // what goes beside it leaves no room
			undo()
			return nil, &tamis.BudgetError{Budget: most, Need: turn.Tokens + beside(turn.Context)}
		}
		if limit < 1 {
			undo()
			return nil, fmt.Errorf("the session's window of %d tokens is full, %d are used; fold a piece: %w", s.o.Tokens, used, tamis.ErrBudget)
		}
		b.Tokens = limit
		var err error
		if turn.Context, err = s.ix.Context(ctx, question, b, s.options(options)...); err != nil {
			undo()
			return nil, err
		}
		// Joining two texts may cost a token or two.
		over := max(s.counter.Count(join(window, turn.Text))-s.o.Tokens, turn.Tokens+beside(turn.Context)-most)
		if over <= 0 || turn.Text == "" {
			break
		}
		limit = min(limit, turn.Tokens) - over
	}
	if turn.Text == "" { // nothing to make room for
		undo()
		turn.Folded = []int{}
	}
	texts := turn.Texts()
	for i := 0; i < len(turn.Spans); {
		j := i + 1
		for j < len(turn.Spans) && turn.Spans[j].Cite == turn.Spans[i].Cite {
			j++
		}
		p := &piece{Piece{ID: turn.Spans[i].Cite, Question: turn.Question, Doc: turn.Spans[i].Doc, Spans: slices.Clone(turn.Spans[i:j])}, texts[i:j:j]}
		s.pieces = append(s.pieces, p)
		s.next = max(s.next, p.ID+1)
		i = j
	}
	s.remember(question)
	return turn, nil
}

// makeRoom folds the oldest pieces that are not pinned until so many tokens are
// free, and then some, and returns their numbers.
func (s *Session) makeRoom(tokens int) []int {
	folded := []int{}
	free := s.o.Tokens - s.counter.Count(s.text())
	if s.o.Keep || free >= tokens {
		return folded
	}
	room := min(max(tokens, s.o.Tokens/roomShare), s.o.Tokens)
	for _, p := range s.pieces {
		if free < room && !p.Folded && !p.Pinned {
			p.Folded = true
			folded = append(folded, p.ID)
			// About what the window loses: the caller counts what is left.
			free += s.counter.Count(s.receipt(p).Text)
		}
	}
	return folded
}

// Fold takes a piece out of the window; the session remembers it. ErrNoPiece,
// ErrPinned; ErrBudget in the odd case that what is left needs more tokens joined
// than it did apart.
func (s *Session) Fold(id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.piece(id)
	if err != nil {
		return err
	}
	if p.Pinned {
		return fmt.Errorf("fold piece %d: %w; unpin it first", id, ErrPinned)
	}
	was := p.Folded
	p.Folded = true
	if n := s.counter.Count(s.text()); n > s.o.Tokens {
		p.Folded = was
		return fmt.Errorf("fold piece %d: %w", id, &tamis.BudgetError{Budget: s.o.Tokens, Need: n})
	}
	if !was {
		s.act(p.Doc, folded)
	}
	return nil
}

// Restore puts a folded piece back, at the end of the window and under its old
// label, without what is shown elsewhere by now, and returns what was added:
// empty when the piece is shown. ErrNoPiece; ErrBudget when there is no room.
func (s *Session) Restore(id int) (*tamis.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.piece(id)
	if err != nil {
		return nil, err
	}
	if !p.Folded {
		return s.receipt(), nil
	}
	rest := s.unseen(p)
	if len(rest.Spans) == 0 {
		return nil, fmt.Errorf("restore piece %d: all of it is shown in other pieces: %w", id, ErrNoPiece)
	}
	rest.Folded = false
	added := s.receipt(rest)
	window := s.text()
	if n := s.counter.Count(join(window, added.Text)); n > s.o.Tokens {
		used := s.counter.Count(window)
		return nil, fmt.Errorf("restore piece %d: %w", id, &tamis.BudgetError{Budget: s.o.Tokens - used, Need: n - used})
	}
	rest.Spans = slices.Clone(added.Spans)
	s.pieces = slices.DeleteFunc(s.pieces, func(o *piece) bool { return o == p })
	s.pieces = append(s.pieces, rest)
	s.act(p.Doc, restored)
	return added, nil
}

// Pin keeps a piece from being folded, until it is unpinned. ErrNoPiece.
func (s *Session) Pin(id int, pinned bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.piece(id)
	if err != nil {
		return err
	}
	if p.Pinned != pinned {
		s.act(p.Doc, map[bool]float64{true: kept, false: -kept}[pinned])
	}
	p.Pinned = pinned
	return nil
}

// Find returns where a text occurs in the pieces, shown or folded, whatever its
// case: byte ranges of the sources.
func (s *Session) Find(text string) []Found {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Found{}
	for _, p := range s.pieces {
		for k, span := range p.Spans {
			for _, at := range occurrences(p.texts[k], text) {
				found = append(found, Found{p.ID, p.Doc, span.Start + at[0], span.Start + at[1], p.Folded})
			}
		}
	}
	return found
}

// Pieces lists the pieces in the order of the window; folded ones are where
// they were.
func (s *Session) Pieces() []Piece {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Piece, len(s.pieces))
	for i, p := range s.pieces {
		out[i] = p.Piece
		out[i].Spans = slices.Clone(p.Spans)
	}
	return out
}

// Window is all that the model has before it, with the receipt.
func (s *Session) Window() *tamis.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receipt(s.shown()...)
}

func (s *Session) piece(id int) (*piece, error) {
	for _, p := range s.pieces {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, fmt.Errorf("piece %d: %w", id, ErrNoPiece)
}

func (s *Session) shown() []*piece {
	var out []*piece
	for _, p := range s.pieces {
		if !p.Folded {
			out = append(out, p)
		}
	}
	return out
}

func (s *Session) receipt(pieces ...*piece) *tamis.Context {
	var spans []render.Span
	var texts []string
	for _, p := range pieces {
		spans, texts = append(spans, p.Spans...), append(texts, p.texts...)
	}
	return render.Compose(spans, texts, s.o.Render, sessionSigns, s.o.Tokens, s.counter)
}

func (s *Session) text() string { return s.receipt(s.shown()...).Text }

// window is what stands before the reader.
func (s *Session) window() tamis.Window {
	w := tamis.Window{First: s.next, Signs: sessionSigns}
	for _, p := range s.shown() {
		for k, span := range p.Spans {
			w.Shown = append(w.Shown, tamis.Shown{Cite: p.ID, Doc: p.Doc, Start: span.Start, Text: p.texts[k]})
		}
	}
	return w
}

// options are those of a turn: the rendering and what is shown are the session's.
func (s *Session) options(turn []tamis.ContextOption) []tamis.ContextOption {
	layout := tamis.Layout{Render: s.o.Render}
	out := []tamis.ContextOption{}
	for _, o := range turn {
		if l, ok := o.(tamis.Layout); ok {
			layout = l
			layout.Render = s.o.Render
			continue
		}
		out = append(out, o)
	}
	return append(out, layout, s.window())
}

// unseen is p without the bytes that other pieces show.
func (s *Session) unseen(p *piece) *piece {
	rest := &piece{Piece: p.Piece}
	rest.Spans = nil
	cut := false // something of the piece was left out before
	for k, span := range p.Spans {
		// Ranges of the text that are left, each cut by what is shown.
		left := [][2]int{{0, len(p.texts[k])}}
		for _, o := range s.shown() {
			for j, other := range o.Spans {
				if o.Doc != p.Doc {
					continue
				}
				a, b := other.Start-span.Start, other.End-span.Start
				if from, to := max(a, 0), min(b, len(p.texts[k])); from >= to || p.texts[k][from:to] != o.texts[j][from-a:to-a] {
					continue // apart, or of another version of the source
				}
				var parts [][2]int
				for _, r := range left {
					for _, piece := range [][2]int{{r[0], min(r[1], a)}, {max(r[0], b), r[1]}} {
						if piece[0] < piece[1] {
							parts = append(parts, piece)
						}
					}
				}
				left = parts
			}
		}
		end := 0 // of what was kept of this span
		for _, r := range left {
			t := p.texts[k][r[0]:r[1]]
			start := r[0] + len(t) - len(strings.TrimLeftFunc(t, unicode.IsSpace))
			if t = strings.TrimSpace(t); t == "" {
				continue
			}
			piece := span
			piece.Start, piece.End = span.Start+start, span.Start+start+len(t)
			cut = cut || strings.TrimSpace(p.texts[k][end:start]) != ""
			piece.Gap = len(rest.Spans) > 0 && (cut || span.Gap && end == 0)
			cut, end = false, start+len(t)
			rest.Spans, rest.texts = append(rest.Spans, piece), append(rest.texts, t)
		}
		cut = cut || span.Gap && end == 0 || strings.TrimSpace(p.texts[k][end:]) != ""
	}
	return rest
}

// join is how a text is added to a window.
func join(window, added string) string {
	if window == "" || added == "" {
		return window + added
	}
	return window + "\n" + added
}

// occurrences are the byte ranges of s that equal text but for case, not
// overlapping.
func occurrences(s, text string) [][2]int {
	want := []rune(text)
	if len(want) == 0 {
		return nil
	}
	var out [][2]int
	for at := 0; at < len(s); {
		end := at
		for _, w := range want {
			r, n := utf8.DecodeRuneInString(s[end:])
			if n == 0 || !sameLetter(r, w) {
				end = -1
				break
			}
			end += n
		}
		if end < 0 {
			_, n := utf8.DecodeRuneInString(s[at:])
			at += n
			continue
		}
		out = append(out, [2]int{at, end})
		at = end
	}
	return out
}

func sameLetter(a, b rune) bool {
	if a == b {
		return true
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}
