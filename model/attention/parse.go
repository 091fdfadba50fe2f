package attention

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrUnknown is wrapped where a policy is asked for that there is not, or with a share that
// makes no sense.
var ErrUnknown = errors.New("no such attention policy")

// Family is one kind of part.
type Family struct {
	Name    string `json:"name"`
	Paper   string `json:"paper"`
	Does    string `json:"does"`
	Drops   bool   `json:"drops"`   // what is not read is gone; else only skipped
	Dynamic bool   `json:"dynamic"` // looks at queries or keys; else at places alone
	Stages  string `json:"stages"`
	set     func(p *Policy, share float64)
}

// Kind says whether it is static or dynamic, and whether it skips, drops or rounds.
func (f Family) Kind() string {
	kind := "static"
	if f.Dynamic {
		kind = "dynamic"
	}
	switch {
	case slices.ContainsFunc(forms, func(o Family) bool { return o.Name == f.Name }):
		return kind + ", rounds"
	case f.Drops:
		return kind + ", drops"
	}
	return kind + ", skips"
}

// DefaultShare is that of a part without one.
const DefaultShare = .25

// Families are all that there are, in the order in which they are explained.
func Families() []Family { return families }

var families = []Family{
	{"window", "StreamingLLM, A-shape (2309.17453)", "sinks and the nearest tokens", false, false, "prefill, decoding", func(p *Policy, s float64) { p.Prefill, p.Step = Window{s}, Window{s} }},
	{"strided", "S2-Attention (2407.17678)", "a window, and every n-th block from an offset of each head", false, false, "prefill, decoding", func(p *Policy, s float64) { p.Prefill, p.Step = Strided{s}, Strided{s} }},
	{"power", "PowerAttention (2503.03588)", "a window, and blocks at distances that are powers of two", false, false, "prefill, decoding", func(p *Policy, s float64) { p.Prefill, p.Step = Power{s}, Power{s} }},
	{"slashes", "MInference, DHSA (2407.02490, 2510.24606)", "columns and diagonals that the last queries of a block read most", false, true, "prefill", func(p *Policy, s float64) { p.Prefill = Slashes{s} }},
	{"stripes", "AnchorAttention (2505.23520)", "single keys whose logit comes near to an anchor's", false, true, "prefill", func(p *Policy, s float64) { p.Prefill = Stripes{Theta, s} }},
	{"blocks", "DHSA (2510.24606)", "pages whose mean key is nearest to the mean query of a block", false, true, "prefill", func(p *Policy, s float64) { p.Prefill = Blocks{s} }},
	{"probe", "ActQKV (2502.13542)", "pages nearest to the mean of a block's queries, those that are unlike the others weighing more", false, true, "prefill", func(p *Policy, s float64) { p.Prefill = Probe{s} }},
	{"chunks", "Mixture of Contexts (2508.21058)", "pages whose mean key some query of a block wants most", false, true, "prefill, decoding", func(p *Policy, s float64) { p.Prefill, p.Step = Chunks{s}, Chunks{s} }},
	{"documents", "BlockRank, parallel context encoding (2510.05396, 2412.16545)", "documents read themselves and what is shared, questions the documents that they attend to most", false, true, "prefill, decoding", func(p *Policy, s float64) { p.Alone = s }},
	{"quest", "Quest (2406.10774)", "pages by a bound of what a query can meet in them", false, true, "decoding", func(p *Policy, s float64) { p.Step = Quest{s} }},
	{"hashes", "HAX (2507.00449)", "keys that locality-sensitive hashing puts into a query's buckets", false, true, "decoding", func(p *Policy, s float64) { p.Step = Hashes{s} }},
	{"recent", "StreamingLLM (2309.17453)", "4 sinks and the nearest tokens", true, false, "cache", cache(Recent{})},
	{"snapkv", "SnapKV (2404.14469)", "what the last 64 queries read, and its neighbours", true, true, "cache", cache(SnapKV{})},
	{"pyramid", "PyramidKV (2406.02069)", "as snapkv, of higher layers less", true, true, "cache", func(p *Policy, s float64) { p.Cache, p.Share, p.Pyramid = SnapKV{}, s, true }},
	{"chunkkv", "ChunkKV (2502.00299)", "chunks of 20 that the last 64 queries read", true, true, "cache", func(p *Policy, s float64) { p.Cache, p.Share, p.Together = ChunkKV{}, s, true }},
	{"finch", "Finch (2408.00167)", "what the question reads, turned to positions that follow each other", true, true, "cache", func(p *Policy, s float64) { p.Cache, p.Share, p.Turned = Finch{}, s, true }},
	{"tova", "TOVA (2401.06104)", "what the last query reads", true, true, "cache", cache(TOVA{})},
	{"keydiff", "KeyDiff (2504.15364)", "keys that are least like the others", true, true, "cache", cache(KeyDiff{})},
	{"expected", "Expected attention (2510.00636)", "what queries to come will read, by their mean and covariance", true, true, "cache", cache(Expected{})},
}

// Forms are those of the cache beside float32, in the order in which they are explained.
func Forms() []Family { return forms }

var forms = []Family{
	{"q8", "KIVI (2402.02750)", "8 bits a number: keys by channel, values by token", false, false, "cache", func(p *Policy, _ float64) { p.Bits = 8 }},
	{"q4", "KIVI (2402.02750)", "4 bits a number: keys by channel, values by token", false, false, "cache", func(p *Policy, _ float64) { p.Bits = 4 }},
}

// Listed are all that can be named: families, forms, what is made of a file, and what models are trained
// with.
func Listed() []Family { return slices.Concat(families, forms, files, kinds) }

// kinds are those of Trained. A model that has one runs it in any case; naming it makes sure of that.
var kinds = []Family{
	{"nsa", "Native sparse attention (2502.11089)", "mean keys of blocks, the blocks best by these, and a window, each by a gate", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "nsa" }},
	{"hsa", "Hierarchical sparse attention (2504.16795)", "the best chunks by their mean keys, each by itself, weighted by these", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "hsa" }},
	{"hsa-window", "HSA with a window (2511.23319)", "the same, and a window, each by a gate", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "hsa-window" }},
	{"ssa", "Selective self-attention (2411.12892)", "everything, queries and values by temperatures of their own, queries by the logarithm of the length too", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "ssa" }},
	{"dma", "Dynamic mask attention (2508.02124)", "the keys whose values have the best scores, which are added to logits", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "dma" }},
	{"memory", "Focused Transformer, LongLLaMA (2307.03170)", "a window and, in upper layers, the nearest keys of a memory of all before it", false, true, "all, in models trained with it", func(p *Policy, _ float64) { p.Own = "memory" }},
}

// files are parts that are named with a file behind the colon, instead of a share.
var files = []Family{
	{"dam", "DAM (2506.11104)", "columns and diagonals of masks that a model was calibrated for (dam:FILE)", false, false, "prefill, decoding", nil},
}

func cache(s Scorer) func(p *Policy, share float64) {
	return func(p *Policy, share float64) { p.Cache, p.Share = s, share }
}

// tail is how many of the last tokens read everything where it is asked for, as in Tri-shape of
// MInference; then parts for prefill and decoding are for prefill alone.
const tail = 64

// Parse is the policy that a text names: parts joined by +, each a family, and a colon and the
// share that is read or kept where it is not a quarter. "ada-" before a part for the cache has
// heads share; "tail" has the last 64 tokens of what is read at once, and those that decoding adds
// where no part for decoding alone is there, read everything; "q8" and "q4" have 8 and 4 bits a number
// in the cache; "dense" or nothing is dense.
func Parse(text string) (*Policy, error) {
	p := &Policy{Name: text}
	if text == "" || text == "dense" {
		p.Name = "dense"
		return p, nil
	}
	var general []Policy // parts for two stages, which take what others leave
	for _, part := range strings.Split(text, "+") {
		if part == "tail" {
			p.Tail = tail
			continue
		}
		one, err := parsePart(part)
		if err != nil {
			return nil, err
		}
		if one.Prefill != nil && one.Step != nil {
			general = append(general, one)
		} else if !p.join(one) {
			return nil, fmt.Errorf("%w: %s has two parts for the same stage", ErrUnknown, quoted(text))
		}
	}
	for _, one := range general {
		if p.Prefill != nil {
			one.Prefill = nil
		}
		if p.Step != nil || p.Tail > 0 {
			one.Step = nil
		}
		if one.Prefill == nil && one.Step == nil {
			return nil, fmt.Errorf("%w: %s has two parts for the same stage", ErrUnknown, quoted(text))
		}
		p.join(one)
	}
	if p.Alone > 0 && (p.Prefill != nil || p.Step != nil || p.Turned || p.Tail > 0) {
		return nil, fmt.Errorf("%w: in %s documents say what prefill and decoding read, and at which positions: join parts for the cache to them, but not finch", ErrUnknown, quoted(text))
	}
	if p.Tail > 0 && p.Prefill == nil {
		return nil, fmt.Errorf("%w: %s has a tail, but nothing that reads sparsely before it: join it to window, strided, power, slashes, stripes, blocks or chunks", ErrUnknown, quoted(text))
	}
	return p, nil
}

// join takes over what a part says, or reports that another says it.
func (p *Policy) join(one Policy) bool {
	switch {
	case one.Prefill != nil && p.Prefill != nil || one.Step != nil && p.Step != nil || one.Cache != nil && p.Cache != nil || one.Bits > 0 && p.Bits > 0 || one.Alone > 0 && p.Alone > 0 || one.Own != "" && p.Own != "":
		return false
	case one.Cache != nil:
		p.Cache, p.Share, p.Apart, p.Pyramid, p.Together, p.Turned = one.Cache, one.Share, one.Apart, one.Pyramid, one.Together, one.Turned
	}
	p.Bits, p.Alone, p.Own = max(p.Bits, one.Bits), max(p.Alone, one.Alone), p.Own+one.Own
	if one.Prefill != nil {
		p.Prefill = one.Prefill
	}
	if one.Step != nil {
		p.Step = one.Step
	}
	return true
}

func parsePart(part string) (p Policy, err error) {
	name, given, has := strings.Cut(part, ":")
	if name == files[0].Name {
		m, err := ReadMasks(given)
		if err != nil {
			return p, fmt.Errorf("%w: dam names a file of masks, as in dam:masks.json: %w", ErrUnknown, err)
		}
		p.Prefill, p.Step = m, m
		return p, nil
	}
	share := DefaultShare
	if has {
		if share, err = strconv.ParseFloat(given, 64); err != nil || !(share > 0 && share <= 1) {
			return p, fmt.Errorf("%w: %s asks for a share of %s; give a number above 0, and 1 at most, such as %s:0.25", ErrUnknown, quoted(part), quoted(given), name)
		}
	}
	for _, f := range slices.Concat(forms, kinds) {
		if f.Name == name && !has {
			f.set(&p, 0)
			return p, nil
		}
	}
	kind, apart := strings.CutPrefix(name, "ada-")
	for _, f := range families {
		if f.Name == kind && (f.Drops || !apart) {
			f.set(&p, share)
			if p.Apart = apart; apart && (p.Together || p.Turned) {
				return p, fmt.Errorf("%w: the heads of %s keep as much as each other, so that ada- does not go with it", ErrUnknown, kind)
			}
			return p, nil
		}
	}
	return p, fmt.Errorf("%w as %s; there are %s; a share after a colon (snapkv:0.25), parts joined by + (stripes+quest:0.1), ada- before one for the cache (ada-snapkv), +tail, with which the last tokens read everything, q8, q4 and what models are trained with, which have no share, and dam:FILE", ErrUnknown, quoted(part), strings.Join(Names(), ", "))
}

func quoted(s string) string { return strconv.Quote(s[:min(len(s), 60)]) }

// Names are those of all families, and dense.
func Names() []string {
	all := []string{"dense"}
	for _, f := range Listed() {
		all = append(all, f.Name)
	}
	return all
}
