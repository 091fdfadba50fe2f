// Package labels measures labels that are given by examples: how many are right, beside
// the nearest neighbours in each space alone, how well texts that have none of the labels are
// seen, what confidences are worth, and how long a text takes.
package labels

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/vector"
)

// Encode makes the vectors of texts, in their order.
type Encode func(ctx context.Context, texts iter.Seq[string]) iter.Seq2[vector.Value, error]

// neighbours vote in the baselines; chosen on the validation part of clinc150.
const neighbours = 10

// Report is what was measured.
type Report struct {
	Examples int `json:"examples"`
	Labels   int `json:"labels"`
	Texts    int `json:"texts"`
	Outside  int `json:"outside"` // texts that have none of the labels
	// Accuracy is the share of the other texts whose first label is one of theirs, whether
	// none seemed to fit or not; Baselines that of the neighbours' votes.
	Accuracy  float64            `json:"accuracy"`
	Baselines map[string]float64 `json:"baselines"`
	// Error is by how much confidences miss the share that is right, over ten bins.
	Error float64 `json:"calibration_error"`
	// MicroF1 is over all labels of all texts, as they were given.
	MicroF1 float64  `json:"micro_f1"`
	None    *Outside `json:"none,omitempty"`
	FitMS   float64  `json:"fit_ms"`
	TextMS  float64  `json:"ms_a_text"`
	// EncodeMS is what the model takes of a text beside that.
	EncodeMS float64 `json:"encode_ms_a_text,omitempty"`
}

// Outside says how well texts without a label are seen.
type Outside struct {
	// Precision and Recall of what was said to have none.
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	// Recall95 is the greatest recall at a precision of 95 %, with a threshold that knows the
	// answers, AUROC the probability that a text without a label seems more like one than a
	// text with one.
	Recall95 float64 `json:"recall_at_precision_95"`
	AUROC    float64 `json:"auroc"`
	// Nearest is Recall95 by the similarity of the nearest example alone, by space.
	Nearest map[string]float64 `json:"nearest_recall_at_precision_95"`
	// Kept is the accuracy over texts with a label where none is a wrong answer.
	Kept float64 `json:"accuracy_with_none"`
}

// Shots keeps the first n examples of each label, and of none; 0 keeps all.
func Shots(examples []classify.Example, n int) []classify.Example {
	if n == 0 {
		return examples
	}
	seen := map[string]int{}
	var few []classify.Example
	for _, e := range examples {
		key := fmt.Sprint(e.Labels)
		if seen[key]++; seen[key] <= n {
			few = append(few, e)
		}
	}
	return few
}

// Measure learns from some texts and gives others labels; encode may be nil.
func Measure(ctx context.Context, train, test []classify.Example, encode Encode) (*Report, error) {
	r := &Report{Examples: len(train), Texts: len(test), Baselines: map[string]float64{}}
	spaces := []string{classify.Words}
	var names []classify.Vectors
	if encode != nil {
		_, err := Vectors(ctx, train, encode)
		if err != nil {
			return nil, err
		}
		if names, err = nameVectors(ctx, train, encode); err != nil {
			return nil, err
		}
		took, err := Vectors(ctx, test, encode)
		if err != nil {
			return nil, err
		}
		r.EncodeMS = figures.Round(took/float64(max(len(test), 1)), 4)
		if len(train) > 0 && train[0].Vectors.Dense != nil {
			spaces = append(spaces, classify.Dense)
		} else {
			spaces = append(spaces, classify.Sparse)
		}
	}
	begin := time.Now()
	c, err := classify.New(ctx, train, names)
	if err != nil {
		return nil, err
	}
	r.Labels, r.FitMS = len(c.Labels()), figures.Milliseconds(time.Since(begin))
	var m made
	begin = time.Now()
	for _, e := range test {
		res, err := c.Classify(e.Text, e.Vectors, 3)
		if err != nil {
			return nil, err
		}
		m.add(e.Labels, res)
	}
	r.TextMS = figures.Round(figures.Milliseconds(time.Since(begin))/float64(max(len(test), 1)), 4)
	r.Accuracy, r.Error, r.MicroF1, r.Outside = m.accuracy(), m.calibration(), m.microF1(), m.outside
	if m.outside > 0 {
		r.None = m.none()
	}
	return r, r.neighbours(c, test, append(spaces, classify.Fused))
}

// neighbours fills in the baselines.
func (r *Report) neighbours(c *classify.Classifier, test []classify.Example, spaces []string) error {
	for _, space := range spaces {
		right := 0
		var far []scored
		for _, e := range test {
			label, similarity, err := c.Vote(space, e.Text, e.Vectors, neighbours)
			if err != nil {
				return err
			}
			if slices.Contains(e.Labels, label) {
				right++
			}
			far = append(far, scored{-float64(similarity), len(e.Labels) == 0})
		}
		r.Baselines[space] = share(right, r.Texts-r.Outside)
		if r.None != nil {
			r.None.Nearest[space], _ = sweep(far)
		}
	}
	return nil
}

// Vectors gives examples the vectors that they lack, and says how long that took in
// milliseconds.
func Vectors(ctx context.Context, examples []classify.Example, encode Encode) (float64, error) {
	begin, i := time.Now(), 0
	texts := func(yield func(string) bool) {
		for _, e := range examples {
			if !yield(e.Text) {
				return
			}
		}
	}
	for v, err := range encode(ctx, texts) {
		if err != nil {
			return 0, err
		}
		examples[i].Vectors.Set(v)
		i++
	}
	return figures.Milliseconds(time.Since(begin)), nil
}

func nameVectors(ctx context.Context, examples []classify.Example, encode Encode) (vectors []classify.Vectors, err error) {
	names := classify.Names(examples)
	_, err = Vectors(ctx, names, encode)
	for _, n := range names {
		vectors = append(vectors, n.Vectors)
	}
	return vectors, err
}

// scored is a text by how much it seems to have none of the labels.
type scored struct {
	score   float64
	outside bool
}

// made counts what was given.
type made struct {
	inside, right, kept      int
	given, wanted, met       int
	outside, said, saidRight int
	confidences              []float64
	rights                   []bool
	scores                   []scored
}

func (m *made) add(labels []string, r *classify.Result) {
	m.scores = append(m.scores, scored{r.NoneIs, len(labels) == 0})
	if r.None {
		m.said++
	}
	m.given += len(r.Labels)
	m.wanted += len(labels)
	for _, l := range r.Labels {
		if slices.Contains(labels, l.Label) {
			m.met++
		}
	}
	if len(labels) == 0 {
		m.outside++
		if r.None {
			m.saidRight++
		}
		return
	}
	m.inside++
	first := append(slices.Clone(r.Labels), r.Others...)[0]
	ok := slices.Contains(labels, first.Label)
	if ok {
		m.right++
		if !r.None {
			m.kept++
		}
	}
	m.confidences, m.rights = append(m.confidences, first.Confidence), append(m.rights, ok)
}

func (m *made) accuracy() float64 { return share(m.right, m.inside) }

func (m *made) microF1() float64 { return share(2*m.met, m.given+m.wanted) }

// calibration is the expected calibration error over ten bins.
func (m *made) calibration() float64 {
	const bins = 10
	var confidence, right [bins]float64
	for i, p := range m.confidences {
		bin := min(int(p*bins), bins-1)
		confidence[bin] += p
		if m.rights[i] {
			right[bin]++
		}
	}
	sum := 0.0
	for i := range confidence {
		sum += max(confidence[i]-right[i], right[i]-confidence[i])
	}
	return figures.Round(sum/float64(max(len(m.rights), 1)), 4)
}

func (m *made) none() *Outside {
	o := &Outside{Precision: share(m.saidRight, m.said), Recall: share(m.saidRight, m.outside), Kept: share(m.kept, m.inside), Nearest: map[string]float64{}}
	o.Recall95, o.AUROC = sweep(m.scores)
	return o
}

// sweep is the greatest recall at 95 % precision, and the area under the ROC curve.
func sweep(list []scored) (recall, auroc float64) {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	outside := 0
	for _, s := range list {
		if s.outside {
			outside++
		}
	}
	found, before, area := 0, 0, 0.0
	for i := 0; i < len(list); {
		j, out, in := i, 0, 0
		for ; j < len(list) && list[j].score == list[i].score; j++ { // equal scores fall together
			if list[j].outside {
				out++
			} else {
				in++
			}
		}
		area += float64(in) * (float64(found) + float64(out)/2)
		found, before, i = found+out, before+in, j
		if 100*found >= 95*(found+before) {
			recall = share(found, outside)
		}
	}
	if pairs := outside * (len(list) - outside); pairs > 0 {
		auroc = figures.Round(area/float64(pairs), 4)
	}
	return recall, auroc
}

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return figures.Round(float64(part)/float64(of), 4)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%d examples of %d labels, %d texts, %d of them without a label\n", r.Examples, r.Labels, r.Texts, r.Outside)
	fmt.Fprintf(w, "%-34s %.4f\n", "accuracy", r.Accuracy)
	for _, space := range []string{classify.Words, classify.Dense, classify.Sparse, classify.Fused} {
		if a, ok := r.Baselines[space]; ok {
			fmt.Fprintf(w, "%-34s %.4f\n", "  neighbours by "+space, a)
		}
	}
	fmt.Fprintf(w, "%-34s %.4f\n%-34s %.4f\n", "micro F1", r.MicroF1, "calibration error", r.Error)
	if n := r.None; n != nil {
		fmt.Fprintf(w, "%-34s %.4f at precision %.4f\n", "none: recall", n.Recall, n.Precision)
		fmt.Fprintf(w, "%-34s %.4f\n", "none: recall at precision .95", n.Recall95)
		for _, space := range []string{classify.Words, classify.Dense, classify.Sparse, classify.Fused} {
			if a, ok := n.Nearest[space]; ok {
				fmt.Fprintf(w, "%-34s %.4f\n", "  by the nearest of "+space, a)
			}
		}
		fmt.Fprintf(w, "%-34s %.4f\n%-34s %.4f\n", "none: AUROC", n.AUROC, "accuracy where none is wrong", n.Kept)
	}
	_, err := fmt.Fprintf(w, "%-34s %.0f ms, then %.3f ms a text", "fitted in", r.FitMS, r.TextMS)
	if r.EncodeMS > 0 {
		fmt.Fprintf(w, ", %.2f ms of the model", r.EncodeMS)
	}
	fmt.Fprintln(w)
	return err
}
