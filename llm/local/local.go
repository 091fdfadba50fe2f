// Package local answers chats with a model in a file or a folder: the template of chats that it names,
// its own tokenizer, and package model/decoder. No service and no network.
//
// Questions are answered one after the other, or some at once, whose tokens are read together; who
// waits can give up. What was read of the last conversations stays: one that begins in the same way
// reads on from there.
package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/schema"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

// Options say how a model answers.
type Options struct {
	Sampling
	MaxTokens int      // of an answer; 0 for DefaultMax
	Stop      []string // texts that end the answer, which does not hold them
	Threads   int      // 0 for all
	F32       bool     // weights are unpacked when the model is loaded: slower, four times the memory or more
	// Attention is what the model reads and keeps of what it is told; nil or dense for everything.
	// With another, each conversation is read from its beginning, so that an answer does not depend
	// on what was asked before.
	Attention *attention.Policy
	// Compress names a compressor in the model's folder (package model/compress): documents of a prompt are
	// read as its vectors; "" for none. A share behind a colon says how much is read as tokens all the same.
	Compress string
	NoDrafts bool // tokens are read one by one: the same answer, slower
	// Together is how many conversations are answered at once, at most decoder.MostTogether; 0 for
	// one. Each has memory of its own for what it reads, and the answers that it would have alone.
	Together int
}

// DefaultMax is how many tokens an answer has at most where nothing else is said.
const DefaultMax = 1024

// Model is a model in a file.
type Model struct {
	decoder    *decoder.Decoder
	template   *template
	options    Options
	compressor *compressor         // nil for none
	turn       chan *decoder.Cache // whoever has a cache speaks
	table      *table
	drafted    atomic.Int64  // tokens said so far that a draft had foreseen
	words      func() []word // in the order of their bytes
}

var _ llm.Shaper = (*Model)(nil)

// Open loads the model in a GGUF file or a folder.
func Open(path string, o Options) (*Model, error) {
	if o.Compress != "" && o.Attention.Sparse() {
		return nil, errBoth
	}
	d, err := decoder.Open(path, decoder.Options{F32: o.F32})
	if err != nil {
		return nil, err
	}
	if o.Threads > 0 {
		d.Threads = o.Threads
	}
	if o.MaxTokens <= 0 {
		o.MaxTokens = DefaultMax
	}
	o.Together = min(max(o.Together, 1), decoder.MostTogether)
	begin, end := "", ""
	if len(d.Tokenizer.Before) > 0 {
		begin = d.Tokenizer.Word(d.Tokenizer.Before[0])
	}
	if len(d.Ends) > 0 {
		end = d.Tokenizer.Word(d.Ends[0])
	}
	source := d.Template
	if source == "" {
		if source = plain; len(d.Tokenizer.Encode("<|im_start|>", -1)) == 1 {
			source = chatML
		}
	}
	t, err := newTemplate(source, begin, end)
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := &Model{decoder: d, template: t, options: o, turn: make(chan *decoder.Cache, o.Together), table: newTable(d)}
	if o.Compress != "" {
		if m.compressor, err = compressorOf(d, path, o.Compress); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	m.words = sync.OnceValue(m.vocabulary)
	for range o.Together {
		cache := d.NewCache()
		cache.Policy = o.Attention
		m.turn <- cache
	}
	return m, nil
}

// Named is the model that c.URL names: the path of a GGUF file or of a folder, which is loaded, or
// an endpoint. #f32 after a path asks for Options.F32. Close gives back what was loaded.
func Named(c llm.Config) (m llm.Model, close func() error, err error) {
	path, f32 := strings.CutSuffix(c.URL, "#f32")
	info, err := os.Stat(path)
	folder := err == nil && info.IsDir()
	if !folder && !strings.HasSuffix(strings.ToLower(path), ".gguf") || strings.Contains(path, "://") {
		if c.Attention != "" {
			return nil, nil, errors.New("attention policies are for models in files, which run here; an endpoint has its own")
		}
		if c.Compress != "" {
			return nil, nil, errors.New("contexts are compressed for models in files, which run here; an endpoint reads text")
		}
		client, err := llm.New(c)
		if err != nil {
			return nil, nil, err
		}
		return client, func() error { return nil }, nil
	}
	o := Options{MaxTokens: c.MaxTokens, F32: f32, Together: c.Together, Compress: c.Compress}
	if c.Attention != "" {
		if o.Attention, err = attention.Parse(c.Attention); err != nil {
			return nil, nil, err
		}
	}
	if c.Temperature != nil {
		o.Temperature = *c.Temperature
	}
	l, err := Open(path, o)
	if err != nil {
		return nil, nil, err
	}
	return within{l, c.Timeout}, l.Close, nil
}

// within bounds answers in time.
type within struct {
	*Model
	time time.Duration // 0 for as long as it takes
}

func (m within) Shaped(schema json.RawMessage) (llm.Model, error) {
	inner, err := m.Model.Shaped(schema)
	if err != nil {
		return nil, err
	}
	return bounded{inner, m.time}, nil
}

func (m within) Chat(ctx context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	return bounded{m.Model, m.time}.Chat(ctx, messages)
}

// bounded bounds answers in time.
type bounded struct {
	llm.Model
	time time.Duration
}

func (m bounded) Chat(ctx context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if m.time > 0 {
			bound, cancel := context.WithTimeoutCause(ctx, m.time, fmt.Errorf("%w: the model took longer than %v", llm.ErrTimeout, m.time))
			defer cancel()
			ctx = bound
		}
		for d, err := range m.Model.Chat(ctx, messages) {
			if err != nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// Close waits for answers under way and gives the file back.
func (m *Model) Close() error {
	for range m.options.Together {
		<-m.turn
	}
	if m.compressor != nil {
		return errors.Join(m.compressor.Close(), m.decoder.Close())
	}
	return m.decoder.Close()
}

// Memory is how many bytes what is read takes at most, of all conversations that are answered at once.
func (m *Model) Memory() int64 {
	d := m.decoder
	return int64(m.options.Together) * int64(d.Positions) * int64(d.Layers*d.KeyHeads*d.HeadSize) * 2 * 4
}

// Positions is how many tokens a conversation may have.
func (m *Model) Positions() int { return m.decoder.Positions }

// Chat answers a conversation piece by piece.
func (m *Model) Chat(ctx context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	return m.answer(ctx, messages, nil)
}

// answer answers; begin is what the answer may begin with, nil for anything.
func (m *Model) answer(ctx context.Context, messages []llm.Message, begin *schema.State) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		if err := m.chat(ctx, messages, begin, yield); err != nil {
			yield(llm.Delta{}, err)
		}
	}
}

// errDone: nobody listens any more.
var errDone = errors.New("done")

func (m *Model) chat(ctx context.Context, messages []llm.Message, begin *schema.State, yield func(llm.Delta, error) bool) error {
	prompt, err := m.template.prompt(messages)
	if err != nil {
		return err
	}
	ids, starts := m.ids(prompt)
	if n := len(ids); n >= m.decoder.Positions && m.compressor == nil {
		return fmt.Errorf("the conversation has %d tokens, the model takes %d and needs some for its answer: ask with a smaller --budget", n, m.decoder.Positions)
	}
	cache, err := m.cacheFor(ctx, ids)
	if err != nil {
		return err
	}
	defer func() { m.turn <- cache }()
	last := ""
	if n := len(messages); n > 0 {
		last = messages[n-1].Content
	}
	var logits []float32
	if m.compressor != nil {
		ends, _ := parts(prompt, last, starts)
		logits, err = m.readCompressed(ctx, cache, ids, ends)
	} else {
		read := shared(cache.Tokens(), ids[:len(ids)-1]) // one at least is read, for its logits
		if p := m.options.Attention; p.Sparse() {
			read = 0
			cache.Parts, cache.Asked = parts(prompt, last, starts)
		}
		cache.Cut(read)
		logits, err = m.decoder.Read(ctx, cache, ids[read:])
	}
	if err != nil {
		return err
	}
	m.decoder.Drop(cache)
	err = m.speak(ctx, cache, logits, len(ids), &held{state: begin, model: m, masks: map[uint64][]bool{}}, yield)
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// gain is what a prompt has of a cache: the tokens that it begins with, less half of those that would be
// forgotten, which their own conversation may go on from.
func gain(c *decoder.Cache, ids []int32) int {
	n := shared(c.Tokens(), ids)
	return n - (len(c.Tokens())-n)/2
}

// cacheFor waits for a cache that is free, and takes the one that a prompt gains most of.
func (m *Model) cacheFor(ctx context.Context, ids []int32) (*decoder.Cache, error) {
	var best *decoder.Cache
	select {
	case best = <-m.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		select {
		case other := <-m.turn:
			if gain(other, ids) > gain(best, ids) {
				best, other = other, best
			}
			defer func() { m.turn <- other }()
			continue
		default:
		}
		return best, nil
	}
}

// ids are those of a prompt, which writes the first token itself or not, and where each begins in it.
func (m *Model) ids(prompt string) (ids []int32, starts []int) {
	for _, t := range m.decoder.Tokenizer.Encode(prompt, -1) {
		ids, starts = append(ids, t.ID), append(starts, t.Start)
	}
	if before := m.decoder.Tokenizer.Before; len(before) > 0 && (len(ids) == 0 || ids[0] != before[0]) {
		ids, starts = append(slices.Clone(before), ids...), append(make([]int, len(before)), starts...)
	}
	return ids, starts
}

// shared is how many tokens two texts begin with in common.
func shared(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// speak yields tokens until the model ends.
func (m *Model) speak(ctx context.Context, cache *decoder.Cache, logits []float32, asked int, may *held, yield func(llm.Delta, error) bool) error {
	s := newSampler(m.options.Sampling)
	var held []byte // bytes of a character, or of a text that may end the answer
	say := func(n int) error {
		text := strings.ToValidUTF8(string(held[:n]), "\uFFFD")
		held = held[n:]
		if text != "" && !yield(llm.Delta{Text: text}, nil) {
			return errDone
		}
		return nil
	}
	finish, tokens := "length", 0
	var again repeats
	a := ahead{seat: m.table.sit(cache)}
	defer a.seat.leave()
	if m.options.drafting() {
		a.drafter = &drafter{}
	}
	defer func() {
		a.forget(cache)
		m.drafted.Add(int64(a.right))
	}()
	for tokens < m.options.MaxTokens && len(cache.Tokens())-len(a.tokens) < m.decoder.Positions {
		if may.over() {
			finish = "stop"
			break
		}
		id, err := may.next(s, logits)
		if err != nil {
			return err
		}
		tokens++
		if slices.Contains(m.decoder.Ends, id) {
			finish = "stop"
			break
		}
		if again.repeated(id) {
			finish = llm.Repetition
			break
		}
		may.said(id)
		held = append(held, m.decoder.Tokenizer.Bytes(id)...)
		if at := m.stopped(held); at >= 0 {
			held, finish = held[:at], "stop"
			break
		}
		if err := say(m.sure(held)); err != nil {
			return err
		}
		if logits, err = a.next(ctx, m.decoder, cache, id); err != nil {
			return err
		}
	}
	if err := say(len(held)); err != nil {
		return err
	}
	yield(llm.Delta{Finish: finish, Usage: &llm.Usage{PromptTokens: asked, CompletionTokens: tokens}}, nil)
	return nil
}

// Bounds of what is taken for a circle: so many tokens long, three times round, and so many
// tokens that were said before.
const (
	longestCircle = 96
	leastRepeated = 24
)

// repeats tells circles.
type repeats struct {
	said []int32
	runs [longestCircle + 1]int // tokens at the end that are those so many before
}

// repeated takes the next token and says whether what is said is a circle by now.
func (r *repeats) repeated(id int32) bool {
	r.said = append(r.said, id)
	n := len(r.said) - 1
	for p := 1; p <= min(n, longestCircle); p++ {
		if r.said[n-p] != id {
			r.runs[p] = 0
			continue
		}
		if r.runs[p]++; r.runs[p] >= max(2*p, leastRepeated) {
			return true
		}
	}
	return false
}

// stopped is where a text that ends the answer begins, -1 for nowhere.
func (m *Model) stopped(held []byte) int {
	first := -1
	for _, s := range m.options.Stop {
		if at := strings.Index(string(held), s); at >= 0 && s != "" && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

// sure is how many bytes can be said: whole characters that begin no text that ends the answer.
func (m *Model) sure(held []byte) int {
	n := len(held)
	for i := max(0, n-utf8.UTFMax+1); i < n; i++ {
		if utf8.RuneStart(held[i]) && !utf8.FullRune(held[i:]) {
			n = i
			break
		}
	}
	for _, s := range m.options.Stop {
		for k := min(len(s)-1, n); k > 0; k-- {
			if strings.HasPrefix(s, string(held[len(held)-k:])) {
				n = min(n, len(held)-k)
				break
			}
		}
	}
	return n
}
