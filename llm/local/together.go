package local

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tamis-search/tamis/model/decoder"
)

// patience is how long a token waits for those of other conversations: longer than choosing one takes,
// much shorter than reading one.
const patience = 2 * time.Millisecond

// table is where conversations meet that speak at once. Each brings a token, and what it
// drafts behind it; those that are there are read together, which is the same to the last bit as if each were read by itself. Who listens slowly
// is waited for once, and not again before its next token.
type table struct {
	decoder *decoder.Decoder

	mutex   sync.Mutex
	seats   map[*seat]bool // true: expected
	waiting []*seat
	reading bool        // tokens are read now: those who wait join the ones who come back
	timer   *time.Timer // after which those who have not come are not waited for; nil for none
}

// seat is a conversation at the table.
type seat struct {
	table *table
	cache *decoder.Cache
	ids   []int32
	read  chan read
}

type read struct {
	logits [][]float32
	err    error
}

func newTable(d *decoder.Decoder) *table { return &table{decoder: d, seats: map[*seat]bool{}} }

// sit takes a conversation in.
func (t *table) sit(c *decoder.Cache) *seat {
	s := &seat{table: t, cache: c, read: make(chan read, 1)}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.seats[s] = true
	return s
}

// leave takes it out; others do not wait for it any more.
func (s *seat) leave() {
	s.table.mutex.Lock()
	defer s.table.mutex.Unlock()
	delete(s.table.seats, s)
	s.table.serve(false)
}

// next reads tokens on from the conversation's cache: the logits after each.
func (s *seat) next(ctx context.Context, ids []int32) ([][]float32, error) {
	t := s.table
	t.mutex.Lock()
	s.ids = ids
	t.seats[s] = true
	t.waiting = append(t.waiting, s)
	t.serve(false)
	t.mutex.Unlock()
	select {
	case r := <-s.read:
		return r.logits, r.err
	case <-ctx.Done():
	}
	t.mutex.Lock()
	at := slices.Index(t.waiting, s)
	if at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
	}
	t.mutex.Unlock()
	if at < 0 { // it is being read, into a cache that is not free before that ends
		<-s.read
	}
	return nil, ctx.Err()
}

// serve reads what waits where all are there that are expected, or it is late. The mutex is held.
func (t *table) serve(late bool) {
	if t.reading || len(t.waiting) == 0 {
		return
	}
	expected := 0
	for _, is := range t.seats {
		if is {
			expected++
		}
	}
	if !late && len(t.waiting) < expected && t.fitting() == len(t.waiting) {
		if t.timer == nil {
			t.wait()
		}
		return
	}
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	now := slices.Clone(t.waiting[:t.fitting()])
	t.waiting = slices.Delete(t.waiting, 0, len(now))
	for s := range t.seats {
		t.seats[s] = !late || slices.Contains(now, s) || slices.Contains(t.waiting, s)
	}
	t.reading = true
	go t.decode(now)
}

// fitting is how many of those who wait can be read together.
func (t *table) fitting() int {
	tokens := 0
	for i, s := range t.waiting {
		if tokens += len(s.ids); tokens > decoder.MostTogether {
			return i
		}
	}
	return len(t.waiting)
}

// wait has serve called when it is late.
func (t *table) wait() {
	var timer *time.Timer
	timer = time.AfterFunc(patience, func() {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if t.timer == timer { // and not one that was stopped too late
			t.timer = nil
			t.serve(true)
		}
	})
	t.timer = timer
}

// decode reads a token of each.
func (t *table) decode(all []*seat) {
	caches, ids := make([]*decoder.Cache, len(all)), make([][]int32, len(all))
	for i, s := range all {
		caches[i], ids[i] = s.cache, s.ids
	}
	logits, err := t.decoder.ReadTogether(context.Background(), caches, ids)
	for i, s := range all {
		var r read
		switch {
		case err == nil:
			r.logits = logits[i]
		case len(all) == 1:
			r.err = err
		default: // what is wrong with one is not to end the others
			r.logits, r.err = t.decoder.ReadEach(context.Background(), caches[i], ids[i])
		}
		s.read <- r
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.reading = false
	t.serve(false)
}
