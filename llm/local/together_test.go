package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/llm"
)

// TestTogether: conversations that are answered at once get the answers that they get alone, also
// where some are given up, listen slowly or are drawn.
func TestTogether(t *testing.T) {
	o := Options{MaxTokens: 40, Sampling: Sampling{Temperature: .6, Seed: 3}}
	alone := open(t, shape, o)
	o.Together = 4
	m := open(t, shape, o)
	questions, want := make([]string, 9), make([]string, 9)
	for i := range questions {
		questions[i] = strings.Repeat(fmt.Sprintf("sluice %d opens ", i), 1+i)
		var err error
		if want[i], _, err = answer(context.Background(), alone, asked(questions[i])); err != nil {
			t.Fatal(err)
		}
	}
	var wait sync.WaitGroup
	for round := range 3 {
		for i, q := range questions {
			wait.Go(func() {
				switch {
				case (i+round)%4 == 0: // gives up
					ctx, cancel := context.WithCancel(context.Background())
					said := 0
					for _, err := range m.Chat(ctx, []llm.Message{asked(q)}) {
						if said++; said == 3+i {
							cancel()
						}
						if err != nil && !errors.Is(err, context.Canceled) {
							t.Error(err)
						}
					}
					cancel()
					return
				case (i+round)%4 == 1: // listens slowly
					text := ""
					for d, err := range m.Chat(context.Background(), []llm.Message{asked(q)}) {
						if err != nil {
							t.Error(err)
						}
						time.Sleep(3 * patience / 2)
						text += d.Text
					}
					if text != want[i] {
						t.Errorf("%q, heard slowly: %q, alone %q", q, text, want[i])
					}
					return
				}
				if got, _, err := answer(context.Background(), m, asked(q)); err != nil || got != want[i] {
					t.Errorf("%q: %q, %v; alone %q", q, got, err, want[i])
				}
			})
		}
	}
	wait.Wait()
	m.table.mutex.Lock()
	defer m.table.mutex.Unlock()
	if len(m.table.seats) > 0 || len(m.table.waiting) > 0 || m.table.reading {
		t.Errorf("%d sit at the table, %d wait", len(m.table.seats), len(m.table.waiting))
	}
	if len(m.turn) != 4 {
		t.Errorf("%d of 4 caches are free", len(m.turn))
	}
}

// TestTakesTheBestCache: a conversation goes on from the cache that has its beginning.
func TestTakesTheBestCache(t *testing.T) {
	m := open(t, shape, Options{MaxTokens: 3, Together: 3})
	for _, q := range []string{"the first one", "another", "a third"} {
		if _, _, err := answer(context.Background(), m, asked(q)); err != nil {
			t.Fatal(err)
		}
	}
	ids, _ := m.ids("<|im_start|>user\nthe first one")
	c, err := m.cacheFor(context.Background(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if n := shared(c.Tokens(), ids); n < len(ids) {
		t.Errorf("%d of %d tokens are shared", n, len(ids))
	}
	if len(m.turn) != 2 {
		t.Errorf("%d of the 2 others are free", len(m.turn))
	}
	m.turn <- c
}
