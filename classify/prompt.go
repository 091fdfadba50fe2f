package classify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/llm"
)

// Demonstrations are how many examples a prompt shows.
const Demonstrations = 16

// noLabel is what a model says where none fits.
const noLabel = "none of these"

// ErrReply is wrapped where a model's reply names none of the labels.
var ErrReply = errors.New("the model's reply names no label")

// Prompt asks a model for the label of a text: the candidates, the nearest examples, the
// nearest last, then the text.
func (c *Classifier) Prompt(s string, v Vectors, r *Result) ([]llm.Message, []string, error) {
	near, err := c.Nearest(s, v, Demonstrations)
	if err != nil {
		return nil, nil, err
	}
	var labels []string
	for _, l := range append(slices.Clone(r.Labels), r.Others...) {
		labels = append(labels, l.Label)
	}
	for _, n := range near {
		labels = append(labels, n.Labels...)
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	var b strings.Builder
	b.WriteString("Give the last text its label. Reply with one of these labels and nothing else:\n")
	for _, l := range labels {
		fmt.Fprintf(&b, "- %s\n", l)
	}
	fmt.Fprintf(&b, "- %s\n\n", noLabel)
	slices.Reverse(near)
	for _, n := range near {
		label := noLabel
		if len(n.Labels) > 0 {
			label = strings.Join(n.Labels, ", ")
		}
		fmt.Fprintf(&b, "Text: %s\nLabel: %s\n\n", short(n.Text, 400), label)
	}
	fmt.Fprintf(&b, "Text: %s\nLabel:", short(s, 4000))
	return []llm.Message{{Role: "user", Content: b.String()}}, labels, nil
}

// Ask has a model choose, among the candidates of a result, which it changes: the labels that
// the reply names come first. Their confidence stays what the examples make it.
func (c *Classifier) Ask(ctx context.Context, m llm.Model, s string, v Vectors, r *Result) error {
	messages, labels, err := c.Prompt(s, v, r)
	if err != nil {
		return err
	}
	var reply strings.Builder
	for d, err := range m.Chat(ctx, messages) {
		if err != nil {
			return err
		}
		reply.WriteString(d.Text)
	}
	chosen, none := named(reply.String(), labels)
	if len(chosen) == 0 && !none {
		return fmt.Errorf("%w: %q", ErrReply, short(reply.String(), 100))
	}
	all := append(slices.Clone(r.Labels), r.Others...)
	r.Labels, r.Others, r.None = []Label{}, nil, none
	for _, l := range chosen {
		i := slices.IndexFunc(all, func(x Label) bool { return x.Label == l })
		if i < 0 {
			r.Labels = append(r.Labels, Label{Label: l})
			continue
		}
		r.Labels = append(r.Labels, all[i])
		all = slices.Delete(all, i, i+1)
	}
	r.Others = all
	x, err := c.point(s, v)
	if err != nil {
		return err
	}
	r.Evidence = c.evidence(&x, r, len(r.Evidence))
	return nil
}

// named are the labels in the last line of a reply that has some.
func named(reply string, labels []string) (chosen []string, none bool) {
	lines := strings.Split(strings.TrimSpace(reply), "\n")
	for _, line := range slices.Backward(lines) {
		for part := range strings.SplitSeq(line, ",") {
			part = strings.Trim(strings.TrimPrefix(strings.TrimSpace(part), "Label:"), " \t\"'`*.-")
			if strings.EqualFold(part, noLabel) {
				return nil, true
			}
			for _, l := range labels {
				if strings.EqualFold(part, l) {
					chosen = append(chosen, l)
				}
			}
		}
		if len(chosen) > 0 {
			return chosen, false
		}
	}
	return nil, false
}
