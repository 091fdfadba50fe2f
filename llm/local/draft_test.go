package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/model/attention"
)

// TestDraftsDoNotShow: the same words with drafts as without, for prompts that repeat themselves
// and such that do not, greedy and drawn.
func TestDraftsDoNotShow(t *testing.T) {
	n := 120
	if os.Getenv("TAMIS_HEAVY") == "full" {
		n = 1000
	}
	random := rand.New(rand.NewPCG(8, 9))
	right, said := 0, 0
	for _, o := range []Options{{MaxTokens: 60}, {MaxTokens: 60, Sampling: Sampling{Temperature: .7, TopK: 20, Seed: 4}}} {
		with := open(t, shape, o)
		o.NoDrafts = true
		without := open(t, shape, o)
		for i := range n / 2 {
			var b strings.Builder
			words := []string{"the sluice ", "is opened ", "at nine ", "by Ada ", "or Ben ", "7 12 "}
			for b.Len() < 20+i%150 {
				b.WriteString(words[random.IntN(1+i%len(words))])
			}
			prompt := asked(b.String())
			got, last, err := answer(context.Background(), with, prompt)
			if err != nil {
				t.Fatal(err)
			}
			want, end, err := answer(context.Background(), without, prompt)
			if err != nil {
				t.Fatal(err)
			}
			if got != want || last.Finish != end.Finish || *last.Usage != *end.Usage {
				t.Fatalf("%q: with drafts %q (%+v), without %q (%+v)", b.String(), got, last, want, end)
			}
			said += last.Usage.CompletionTokens
		}
		cache := <-with.turn
		if tokens := cache.Tokens(); len(tokens) == 0 {
			t.Error("the cache is empty")
		}
		with.turn <- cache
		right += int(with.drafted.Load())
	}
	if right < said/10 {
		t.Errorf("of %d tokens %d were drafted: too few to show anything", said, right)
	}
	t.Logf("%d of %d tokens were drafted", right, said)
}

// TestNoDraftsWhereTheyWouldShow: under a policy of attention tokens are read one by one.
func TestNoDraftsWhereTheyWouldShow(t *testing.T) {
	p, err := attention.Parse("quest:0.5")
	if err != nil {
		t.Fatal(err)
	}
	if o := (Options{Attention: p}); o.drafting() {
		t.Error("drafts are read under a policy")
	}
	if o := (Options{}); !o.drafting() {
		t.Error("no drafts are read")
	}
}

func TestPropose(t *testing.T) {
	d := &drafter{}
	read := []int32{1, 2, 3, 4, 5, 6, 7, 1, 2}
	if got := fmt.Sprint(d.propose(read, 3, 9)); got != "[4 5 6 7]" {
		t.Errorf("%s", got)
	}
	d.went(4, 4)
	if got := fmt.Sprint(d.propose(append(read, 3), 4, 3)); got != "[5 6 7]" {
		t.Errorf("%s", got)
	}
	d.went(0, 3)
	if got := fmt.Sprint(d.propose(append(read, 3, 4), 9, 9)); got != "[]" {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint(d.propose(append(read, 3, 4, 9, 3), 4, 9)); got != "[9 3 4]" { // behind two tokens, where three did not stand before
		t.Errorf("%s", got)
	}
	if got := fmt.Sprint((&drafter{}).propose([]int32{5, 6, 7, 8}, 6, 2)); got != "[7 8]" { // behind one
		t.Errorf("%s", got)
	}
	if got := (&drafter{}).propose(nil, 1, 9); got != nil {
		t.Errorf("%v", got)
	}
}

// BenchmarkDrafts answers from texts that TAMIS_PROMPTS holds, apart by lines of ---, with the
// model that TAMIS_GGUF names, with drafts and without.
func BenchmarkDrafts(b *testing.B) {
	path, prompts := os.Getenv("TAMIS_GGUF"), os.Getenv("TAMIS_PROMPTS")
	if path == "" || prompts == "" {
		b.Skip("set TAMIS_GGUF to a GGUF file of a published model, and TAMIS_PROMPTS to a file of prompts apart by lines of ---")
	}
	text, err := os.ReadFile(prompts)
	if err != nil {
		b.Fatal(err)
	}
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint(threads), func(b *testing.B) {
			with, err := Open(path, Options{MaxTokens: 120, Threads: threads})
			if err != nil {
				b.Fatal(err)
			}
			defer with.Close()
			without, err := Open(path, Options{MaxTokens: 120, Threads: threads, NoDrafts: true})
			if err != nil {
				b.Fatal(err)
			}
			defer without.Close()
			for b.Loop() {
				var took [2]time.Duration
				tokens := 0
				for _, prompt := range strings.Split(string(text), "\n---\n") {
					for i, m := range []*Model{with, without} {
						begun, first := time.Now(), true
						for d, err := range m.Chat(context.Background(), []llm.Message{{Role: "user", Content: prompt}}) {
							if err != nil {
								b.Fatal(err)
							}
							if first { // what was asked is read by now
								begun, first = time.Now(), false
							}
							if d.Usage != nil && i == 0 {
								tokens += d.Usage.CompletionTokens
							}
						}
						took[i] += time.Since(begun)
					}
				}
				b.ReportMetric(float64(tokens)/took[0].Seconds(), "with-token/s")
				b.ReportMetric(float64(tokens)/took[1].Seconds(), "without-token/s")
				b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "times-as-fast")
				b.ReportMetric(float64(with.drafted.Load())/float64(tokens), "drafted/token")
				with.drafted.Store(0)
			}
		})
	}
}
