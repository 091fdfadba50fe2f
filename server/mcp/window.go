package mcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/server/sessions"
	"github.com/tamis-search/tamis/session"
)

// reply is what a tool answers: a text, whose last line is the state of the window, and what
// programs want to know beside it.
type reply struct {
	text       string
	structured map[string]any
}

// cost is how many tokens a reply has.
func (r *room) cost(out *reply) int {
	n := r.counter.Count(out.text)
	if r.structured {
		b, err := json.Marshal(out.structured)
		if err != nil {
			return n
		}
		n += r.counter.Count(string(b))
	}
	return n
}

// usage is the state of a window.
type usage struct {
	name   string // "" where it is implicit
	pieces int    // tokens of its pieces
	spent  int    // and of all else that was sent
	hard   int
}

func (u usage) used() int { return u.pieces + u.spent }
func (u usage) soft() int { return u.hard * 3 / 4 }
func (u usage) left() int { return max(u.hard-u.used(), 0) }

// line is the last of a reply.
func (u usage) line() string {
	name := ""
	if u.name != "" {
		name = " (session " + u.name + ")"
	}
	if u.used() > u.soft() {
		return fmt.Sprintf("[window%s: %d tokens used, %d left; over the soft limit: fold what you no longer need]", name, u.used(), u.left())
	}
	return fmt.Sprintf("[window%s: %d tokens used; left: %d soft, %d hard]", name, u.used(), u.soft()-u.used(), u.left())
}

// in calls do with the session of the call, on ix, which is started where the call names
// none; do is told what the window has used before.
func (c *call) in(ctx context.Context, ix engine.Index, do func(*session.Session, usage) error) error {
	name, err := c.named(ix)
	if err != nil {
		return err
	}
	run := func() error {
		return c.o.Sessions.With(ctx, c.caller, c.collection, c.window, ix, func(s *session.Session) error {
			return do(s, c.measure(s))
		})
	}
	c.window = name
	err = run()
	if errors.Is(err, sessions.ErrNone) && c.Session == "" { // nobody used it for long
		c.mu.Lock()
		delete(c.windows, c.collection)
		c.mu.Unlock()
		if c.window, err = c.named(ix); err == nil {
			err = run()
		}
	}
	return err
}

// named is the name of the window that is meant.
func (c *call) named(ix engine.Index) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := cmp.Or(c.Session, c.windows[c.collection])
	if name != "" {
		return name, nil
	}
	name, err := c.o.Sessions.Start(c.caller, c.collection, ix, session.Options{Tokens: c.o.Window, Keep: true, AsAsked: c.o.AsAsked})
	if err == nil {
		c.windows[c.collection] = name
	}
	return name, err
}

func (c *call) measure(s *session.Session) usage {
	u := usage{pieces: s.Window().Tokens, spent: c.o.Sessions.Spend(c.caller, c.collection, c.window, 0), hard: c.o.Window}
	if !c.implicit {
		u.name = c.window
	}
	return u
}

// usage is the state of the window after a failure, where it can be told.
func (c *call) usage() (u usage, ok bool) {
	if c.window == "" {
		return usage{}, false
	}
	ix, release, err := c.index(context.Background())
	if err != nil {
		return usage{}, false
	}
	defer release()
	err = c.o.Sessions.With(context.Background(), c.caller, c.collection, c.window, ix, func(s *session.Session) error {
		u = c.measure(s)
		return nil
	})
	return u, err == nil
}

func (c *call) spend(tokens int) {
	if c.window != "" {
		c.o.Sessions.Spend(c.caller, c.collection, c.window, tokens)
	}
}

// close ends a reply with the state of the window, of which its pieces have so many tokens
// after it. What the reply costs is in that line.
func (c *call) close(body string, structured map[string]any, u usage) (*reply, usage) {
	out := &reply{structured: structured}
	before := u.spent
	for range 4 { // the number of its digits may change what it says
		out.text = body + "\n" + u.line()
		if c.structured {
			out.structured["used"], out.structured["left"] = u.used(), u.left()
			if u.name != "" {
				out.structured["session"] = u.name
			}
		}
		n := c.cost(out)
		if u.spent == before+n {
			break
		}
		u.spent = before + n
	}
	return out, u
}

// fitted is the longest reply within a budget: body makes one of so many parts, and null is
// the least.
func (c *call) fitted(parts, budget int, u usage, body func(n int) (string, map[string]any)) *reply {
	low, high := 0, parts
	of := func(n int) (*reply, usage) {
		text, structured := body(n)
		return c.close(text, structured, u)
	}
	for low < high {
		mid := (low + high + 1) / 2
		if out, _ := of(mid); c.cost(out) <= budget {
			low = mid
		} else {
			high = mid - 1
		}
	}
	out, after := of(low)
	if c.cost(out) > budget { // a name, say, that is longer than most texts
		text, _ := body(low)
		end, _ := c.close("", map[string]any{}, u)
		out, after = c.close(c.clip(screen.Line(text), budget-c.cost(end)-4), map[string]any{}, u)
	}
	c.spend(after.spent - u.spent)
	return out
}

var errFull = errors.New(`the window is full; let go of what you no longer need: session {"do":"fold"}, with labels or without for all`)

// room is how much of a budget the window has room for.
func (u usage) room(budget int) (int, error) {
	if u.left() < leastBudget {
		return 0, errFull
	}
	return min(budget, u.left()), nil
}

// session is the tool: what the window holds.
func (r *room) session(ctx context.Context, c *call) (out *reply, err error) {
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		var lines []string
		switch c.Do {
		case "", "list":
			lines = c.listed(s)
		case "fold":
			lines, err = c.fold(s)
		case "restore":
			out, err = c.restored(s, u)
		case "pin", "unpin":
			lines, err = c.pinned(s, c.Do == "pin")
		case "find":
			lines, err = c.found(s)
		default:
			err = errors.New("do must be one of list, fold, restore, pin, unpin, find")
		}
		if err != nil || out != nil {
			return err
		}
		after := c.measure(s)
		out = c.fitted(len(lines), openBudget, after, func(n int) (string, map[string]any) {
			text := strings.Join(lines[:n], "\n")
			if n < len(lines) {
				text += fmt.Sprintf("\n… and %d more", len(lines)-n)
			}
			return text, map[string]any{"pieces": len(s.Pieces())}
		})
		return nil
	})
	return out, err
}

func (c *call) listed(s *session.Session) []string {
	lines := []string{}
	for _, p := range s.Pieces() {
		state := ""
		if p.Folded {
			state = ", folded"
		}
		if p.Pinned {
			state += ", pinned"
		}
		lines = append(lines, fmt.Sprintf("[%d] %s (about %d tokens%s)", p.ID, c.places(p.Spans), c.tokensOf(p), state))
	}
	if len(lines) == 0 {
		return []string{"Nothing was shown yet."}
	}
	return lines
}

func (c *call) tokensOf(p session.Piece) int {
	n := 0
	for _, span := range p.Spans {
		n += (span.End - span.Start) / 4
	}
	return max(n, 1)
}

func (c *call) fold(s *session.Session) (lines []string, err error) {
	var folded []string
	if len(c.Labels) == 0 {
		for _, p := range s.Pieces() {
			if !p.Pinned && !p.Folded {
				if err := s.Fold(p.ID); err != nil {
					return nil, err
				}
				folded = append(folded, fmt.Sprint(p.ID))
			}
		}
		c.spend(-c.measure(s).spent) // what else was sent goes with them
		return []string{"Let go of everything that is not pinned" + labelled(folded) + "."}, nil
	}
	for _, id := range c.Labels {
		if err := s.Fold(id); err != nil {
			return nil, labelError(id, err)
		}
		folded = append(folded, fmt.Sprint(id))
	}
	return []string{"Folded" + labelled(folded) + ". They may come again; restore shows them."}, nil
}

func labelled(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return " [" + strings.Join(all, "] [") + "]"
}

func labelError(id int, err error) error {
	switch {
	case errors.Is(err, session.ErrPinned):
		return fmt.Errorf("label %d is pinned; unpin it first", id)
	case errors.Is(err, session.ErrNoPiece):
		return fmt.Errorf(`the window holds no label %d: session {"do":"list"}`, id)
	case errors.Is(err, tamis.ErrBudget):
		return errFull
	}
	return err
}

func (c *call) pinned(s *session.Session, pin bool) ([]string, error) {
	if len(c.Labels) == 0 {
		return nil, fmt.Errorf("%s needs labels, such as [1, 3]", c.Do)
	}
	var all []string
	for _, id := range c.Labels {
		if err := s.Pin(id, pin); err != nil {
			return nil, labelError(id, err)
		}
		all = append(all, fmt.Sprint(id))
	}
	return []string{strings.ToUpper(c.Do[:1]) + c.Do[1:] + "ned" + labelled(all) + "."}, nil
}

// restored shows pieces again: those that are folded, and those that are shown, of which the
// model may have lost sight.
func (c *call) restored(s *session.Session, u usage) (*reply, error) {
	if len(c.Labels) == 0 {
		return nil, errors.New("restore needs labels, such as [1, 3]")
	}
	budget := min(mostReply, u.left())
	var out *reply
	var after usage
	var texts []string
	var spans []render.Span
	for i, id := range c.Labels {
		at := slices.IndexFunc(s.Pieces(), func(p session.Piece) bool { return p.ID == id })
		if at < 0 {
			return nil, labelError(id, session.ErrNoPiece)
		}
		p := s.Pieces()[at]
		if !p.Folded { // it goes to the end, where the model sees it again
			if err := errors.Join(s.Pin(id, false), s.Fold(id)); err != nil {
				return nil, err
			}
		}
		again, err := s.Restore(id)
		if err == nil {
			err = s.Pin(id, p.Pinned)
		}
		if err != nil {
			return nil, labelError(id, err)
		}
		texts, spans = append(texts, again.Text), append(spans, again.Spans...)
		body := clean(strings.Join(texts, "\n")) + "\n" + c.sources(again.Label, spans)
		if i+1 < len(c.Labels) {
			body += fmt.Sprintf("\n… and %d more; restore them by themselves", len(c.Labels)-i-1)
		}
		now := c.measure(s)
		now.spent -= now.pieces - u.pieces // what was put back is counted with the pieces
		next, used := c.close(body, map[string]any{"restored": i + 1}, now)
		if c.cost(next) > budget {
			if err := errors.Join(s.Pin(id, false), s.Fold(id)); err != nil {
				return nil, err
			}
			break
		}
		out, after = next, used
	}
	if out == nil {
		return nil, errFull
	}
	c.spend(after.spent - u.spent)
	return out, nil
}

func (c *call) found(s *session.Session) ([]string, error) {
	if strings.TrimSpace(c.Text) == "" {
		return nil, errors.New("find needs a text")
	}
	byLabel := map[int]int{}
	for _, f := range s.Find(c.Text) {
		byLabel[f.ID]++
	}
	var lines []string
	for _, p := range s.Pieces() {
		if n := byLabel[p.ID]; n > 0 {
			state := ""
			if p.Folded {
				state = ", folded"
			}
			lines = append(lines, fmt.Sprintf("[%d] %s (%d times%s)", p.ID, c.places(p.Spans), n, state))
		}
	}
	if len(lines) == 0 {
		return []string{"Not in the window."}, nil
	}
	return lines, nil
}
