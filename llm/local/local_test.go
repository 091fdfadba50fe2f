package local

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/model/attention"
)

var shape = tinymodel.Decoder{Architecture: "llama", Layers: 2, Width: 32, Heads: 2, KeyHeads: 1, Size: 16, Inner: 48, Positions: 400, Tied: true}

func open(t *testing.T, d tinymodel.Decoder, o Options) *Model {
	t.Helper()
	m, err := Open(d.Write(t, 7), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func answer(ctx context.Context, m llm.Model, messages ...llm.Message) (text string, last llm.Delta, err error) {
	for d, err := range m.Chat(ctx, messages) {
		if err != nil {
			return text, last, err
		}
		text, last = text+d.Text, d
	}
	return text, last, nil
}

func asked(s string) llm.Message { return llm.Message{Role: "user", Content: s} }

// TestSameAnswers: what was asked before, and by whom meanwhile, does not show in an answer.
func TestSameAnswers(t *testing.T) {
	m := open(t, shape, Options{MaxTokens: 30})
	want, last, err := answer(context.Background(), m, asked("the first question"))
	if err != nil || !utf8.ValidString(want) || last.Finish == "" || last.Usage == nil || last.Usage.CompletionTokens > 30 {
		t.Fatalf("%q, %+v, %v", want, last, err)
	}
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			if i%2 == 0 {
				_, _, _ = answer(context.Background(), m, asked("the first quest of another"))
				return
			}
			if got, _, err := answer(context.Background(), m, asked("the first question")); err != nil || got != want {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		})
	}
	wait.Wait()
}

// TestReadsOn: the beginning that two conversations share is not read again.
func TestReadsOn(t *testing.T) {
	m := open(t, shape, Options{MaxTokens: 4})
	long := strings.Repeat("the sources ", 12)
	for range 2 {
		if _, _, err := answer(context.Background(), m, asked(long+"one")); err != nil {
			t.Fatal(err)
		}
	}
	cache := <-m.turn
	before := len(cache.Tokens())
	ids, _ := m.ids("<|im_start|>user\n" + long)
	if n := shared(cache.Tokens(), ids); n < len(ids)-1 || before < n {
		t.Errorf("%d of %d tokens are shared", n, len(ids))
	}
	m.turn <- cache
}

func TestTemplates(t *testing.T) {
	messages := []llm.Message{{Role: "system", Content: "Be brief."}, asked("Why?"), {Role: "assistant", Content: "So."}, asked("How?")}
	for _, c := range []struct{ source, want string }{
		{chatML, "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\nSo.<|im_end|>\n<|im_start|>user\nHow?<|im_end|>\n<|im_start|>assistant\n"},
		{"{% for m in messages %}\n  {% if m.role == 'user' %}\n[INST]{{ m['content'] | trim }}[/INST]{% elif not loop.first %}{{ m.content + eos_token }}{% endif %}\n{% endfor %}", "[INST]Why?[/INST]So.</s>[INST]How?[/INST]"},
		{"{{ bos_token }}{%- set ns = namespace(n=0) -%}{%- for m in messages if m.role != 'system' -%}{%- set ns.n = ns.n + 1 -%}<{{ ns.n }}>{{ m.content }}{%- endfor -%}", "<s><1>Why?<2>So.<3>How?"},
	} {
		j, err := newTemplate(c.source, "<s>", "</s>")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := j.prompt(messages); err != nil || got != c.want {
			t.Errorf("%q, %v\nwant %q", got, err, c.want)
		}
	}
	// What the templates of Gemma do: instructions join the first question, by the template itself
	// or since it refuses them.
	for source, want := range map[string]string{
		`{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}{%- if messages[0]['content'] is string -%}{%- set before = messages[0]['content'] + '|' -%}{%- endif -%}{%- set turns = messages[1:] -%}{%- else -%}{%- set before = "" -%}{%- set turns = messages -%}{%- endif -%}{%- for m in turns -%}{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception("no") }}{%- endif -%}{{ '<' + m['role'] + '>' + (before if loop.first else "") }}{%- if m['content'] is string -%}{{ m['content'] | trim }}{%- endif -%}{%- endfor -%}`: "<s><user>Be brief.|Why?<assistant>So.<user>How?",
		`{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}{% endfor %}`: "<user>Be brief.\n\nWhy?<assistant>So.<user>How?",
	} {
		j, err := newTemplate(source, "<s>", "</s>")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := j.prompt(messages); err != nil || got != want {
			t.Errorf("%q, %v\nwant %q", got, err, want)
		}
	}
	j, err := newTemplate("{{ messages[-1].content }}{% if enable_thinking is defined and enable_thinking is false %}{{ '<think></think>' }}{% endif %}", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.prompt(messages); err != nil || got != "How?<think></think>" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := newTemplate("{% for", "", ""); err == nil {
		t.Error("half a template is taken")
	}
	j, err = newTemplate("{{ raise_exception('roles must alternate') }}", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.prompt(messages); err == nil || !strings.Contains(err.Error(), "roles must alternate") {
		t.Error(err)
	}
	// A template is not to read files.
	for _, source := range []string{"{% include '/etc/hostname' %}", "{% import '/etc/hostname' as x %}{{ x }}"} {
		j, err := newTemplate(source, "", "")
		if err == nil {
			_, err = j.prompt(messages)
		}
		if err == nil {
			t.Errorf("%s was rendered", source)
		}
	}
}

func TestEndsAndBounds(t *testing.T) {
	m := open(t, shape, Options{MaxTokens: 5})
	if _, last, err := answer(context.Background(), m, asked("go on")); err != nil || last.Finish != "length" && last.Usage.CompletionTokens > 5 {
		t.Errorf("%+v, %v", last, err)
	}
	if _, _, err := answer(context.Background(), m, asked(strings.Repeat("x", 500))); err == nil || !strings.Contains(err.Error(), "the model takes 400") {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := answer(gone, m, asked("go on")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, _, err := answer(context.Background(), within{m, time.Nanosecond}, asked("go on")); !errors.Is(err, llm.ErrTimeout) {
		t.Error(err)
	}
	for range m.Chat(context.Background(), []llm.Message{asked("go on")}) {
		break // nobody listens; the next one is answered all the same
	}
	if _, _, err := answer(context.Background(), m, asked("go on")); err != nil {
		t.Error(err)
	}
}

// TestStops: a text that ends an answer is not said, however it comes in pieces, and what is
// said is whole characters.
func TestStops(t *testing.T) {
	m := &Model{options: Options{Stop: []string{"END", "\n\n"}}}
	text := "über ENTER — €\nthe END of it"
	var held []byte
	var said strings.Builder
	for i := range len(text) {
		held = append(held, text[i])
		if at := m.stopped(held); at >= 0 {
			said.Write(held[:at])
			break
		}
		n := m.sure(held)
		if !utf8.Valid(held[:n]) {
			t.Fatalf("%q is no text", held[:n])
		}
		said.Write(held[:n])
		held = held[n:]
	}
	if want := "über ENTER — €\nthe "; said.String() != want {
		t.Errorf("%q, want %q", said.String(), want)
	}
}

func TestCircles(t *testing.T) {
	at := func(ids ...int32) int {
		var r repeats
		for i, id := range ids {
			if r.repeated(id) {
				return i
			}
		}
		return -1
	}
	circle := []int32{}
	for i := range int32(40) {
		circle = append(circle, i)
	}
	if n := at(slices.Repeat([]int32{7}, 100)...); n != leastRepeated {
		t.Errorf("one token is a circle after %d", n)
	}
	if n := at(slices.Repeat(circle, 4)...); n != 3*40-1 {
		t.Errorf("forty tokens are a circle after %d", n)
	}
	if n := at(append(slices.Repeat(circle, 2), slices.Repeat([]int32{1, 2}, 11)...)...); n >= 0 {
		t.Errorf("what is said twice, and a short list, are a circle after %d", n)
	}
}

func TestSampling(t *testing.T) {
	logits := []float32{1, 3, 2, float32(math.Inf(-1)), 3}
	if got := newSampler(Sampling{}).next(logits); got != 1 {
		t.Errorf("%d is the most probable", got)
	}
	count := func(s Sampling) []int {
		n, sampler := make([]int, len(logits)), newSampler(s)
		for range 4000 {
			n[sampler.next(logits)]++
		}
		return n
	}
	all := count(Sampling{Temperature: 1, Seed: 1})
	for i, v := range logits {
		want := math.Exp(float64(v)) / (math.E + 2*math.Exp(3) + math.Exp(2))
		if got := float64(all[i]) / 4000; math.Abs(got-want) > .03 {
			t.Errorf("token %d is chosen %.3f of the times, want %.3f", i, got, want)
		}
	}
	for name, s := range map[string]Sampling{"top-k": {TopK: 2}, "top-p": {TopP: .5}, "min-p": {MinP: .9}} {
		s.Temperature = 1
		if n := count(s); n[0]+n[2]+n[3] > 0 || n[1] == 0 || n[4] == 0 {
			t.Errorf("%s: %v", name, n)
		}
	}
	if a, b := count(Sampling{Temperature: 2, Seed: 9}), count(Sampling{Temperature: 2, Seed: 9}); !slices.Equal(a, b) {
		t.Error("the same seed chooses otherwise")
	}
}

func TestNamed(t *testing.T) {
	zero := 0.
	m, close, err := Named(llm.Config{URL: shape.Write(t, 7), Temperature: &zero, MaxTokens: 3})
	if err != nil {
		t.Fatal(err)
	}
	if _, last, err := answer(context.Background(), m, asked("go on")); err != nil || last.Usage.CompletionTokens > 3 {
		t.Error(last, err)
	}
	if err := close(); err != nil {
		t.Error(err)
	}
	exact, closeExact, err := Named(llm.Config{URL: shape.Write(t, 7) + "#f32"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeExact()
	if !exact.(within).options.F32 {
		t.Error("#f32 was not heard")
	}
	if m, _, err := Named(llm.Config{URL: "http://localhost:1"}); err != nil || m.(*llm.Client) == nil {
		t.Error(err)
	}
	if _, _, err := Named(llm.Config{URL: "none.gguf"}); err == nil {
		t.Error("a file that is not there was opened")
	}
}

// TestAttention: what a policy reads does not depend on what was asked before, everything is as
// dense, and what there is not is named.
func TestAttention(t *testing.T) {
	long := strings.Repeat("the sources ", 25)
	dense, _, err := answer(context.Background(), open(t, shape, Options{MaxTokens: 6}), asked(long))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"dense", "window:1", "snapkv:1", "stripes:0.3+quest:0.2+ada-snapkv:0.3", "documents:0.5", "documents:0.5+snapkv+q8", "finch:0.3+q4"} {
		p, err := attention.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		m := open(t, shape, Options{MaxTokens: 6, Attention: p})
		first, _, err := answer(context.Background(), m, asked(long))
		if err != nil || !strings.Contains(text, "0.") && first != dense {
			t.Errorf("%s: %q, %v instead of %q", text, first, err, dense)
		}
		if _, _, err := answer(context.Background(), m, asked(long+"others")); err != nil {
			t.Fatal(err)
		}
		if again, _, err := answer(context.Background(), m, asked(long)); err != nil || again != first {
			t.Errorf("%s: %q, %v instead of %q", text, again, err, first)
		}
	}
	for url, say := range map[string]string{"http://127.0.0.1:1": "models in files", shape.Write(t, 7): "there are dense, window"} {
		if _, _, err := Named(llm.Config{URL: url, Attention: "thin"}); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
}
