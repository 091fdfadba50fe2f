package attend

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
)

// small is a recipe of seconds.
func small(kind string, steps int) (train.Recipe, error) {
	r, err := train.RecipeOf("recall", kind, 3)
	r.Length, r.Batch, r.Steps, r.Rate, r.Shape.Width, r.Shape.HeadSize = 64, 16, steps, 3e-3, 64, 32
	return r, err
}

// learned is a model that has learned recall.
var learned = sync.OnceValues(func() (*train.Model, error) {
	r, err := small("dense", 100)
	if err != nil {
		return nil, err
	}
	return train.Train(context.Background(), r, nil)
})

// A model that has learned recall answers, one that has not does not, and what each reads is told.
func TestTrainedModelsAreAsked(t *testing.T) {
	ask := func(kind string, m *train.Model) TrainedRow {
		_, d := opened(t, m)
		o := TrainedOptions{Trials: 2, Questions: 8, Seed: 5}
		row, err := o.ask(context.Background(), d, "recall", kind, 300)
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	m, err := learned()
	if err != nil {
		t.Fatal(err)
	}
	if row := ask("dense", m); row.Recall < .8 || row.Nats > 1 || row.Nats <= 0 || row.Asked != 16 || row.Read != 1 || row.ReadStep != 1 {
		t.Errorf("dense, learned: %+v", row)
	}
	r, err := small("hsa-window", 1)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = train.Train(context.Background(), r, nil); err != nil {
		t.Fatal(err)
	}
	if row := ask("hsa-window", m); row.Recall > .5 || row.Nats < 2 || row.Read >= 1 || row.ReadStep > .6 || row.ReadStep < .3 {
		t.Errorf("hsa-window, not learned: %+v", row)
	}
}

func TestTrainedFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "models")
	if r, err := Trained(ctx, TrainedOptions{Lengths: []int{256}, Trials: 1, Questions: 1, Models: dir}); !errors.Is(err, context.Canceled) || len(r.Rows) > 0 {
		t.Errorf("given up: %v", err)
	}
	if _, err := train.Made(filepath.Join(dir, "recall-dense"), train.Recipe{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	if _, err := Trained(context.Background(), TrainedOptions{Tasks: []string{"sorting"}, Models: dir}); err == nil || !strings.Contains(err.Error(), "sorting") {
		t.Errorf("no such task: %v", err)
	}
}

// opened is a model as the decoder has it, from a folder of its own.
func opened(t *testing.T, m *train.Model) (dir string, d *decoder.Decoder) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "model")
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(dir, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return dir, d
}
