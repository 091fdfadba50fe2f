package opensearch

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/vector"
)

// batchBytes and batchDocuments are how much is written at once.
const (
	batchBytes     = 4 << 20
	batchDocuments = 500
)

// inFlight is how many batches are written at once: the cluster works on some while others
// are analysed.
const inFlight = 8

// Add is tamis.Index.Add. What it has counted is durable, and found by every search
// that begins when it has returned.
func (ix *Index) Add(ctx context.Context, docs iter.Seq2[tamis.Document, error]) (report tamis.Report, err error) {
	report = tamis.Report{Skipped: []tamis.Skip{}}
	if ix.readOnly {
		return report, tamis.ErrReadOnly
	}
	type item struct {
		d   tamis.Document
		err error
	}
	items := func(yield func(item) bool) {
		for d, err := range docs {
			if ctx.Err() != nil || !yield(item{d, err}) {
				return
			}
		}
	}
	size := func(i item) int64 { return int64(len(i.d.Source)) + 2<<10 }
	seen := map[string]bool{}
	var batch []writing.Ready
	bytes := 0
	line := pipeline{ix: ix, slots: make(chan struct{}, inFlight)}
	flush := func() error {
		err := line.put(ctx, batch)
		batch, bytes = nil, 0
		return err
	}
	defer func() {
		if ended := line.end(&report); err == nil {
			err = ended
		}
		// What is durable is to be found, also where the rest failed.
		if report.Added+report.Updated > 0 {
			ix.forgetWords()
			err = errors.Join(err, ix.Refresh(context.WithoutCancel(ctx)))
		}
	}()
	for p := range inorder.Map(items, size, batchBytes, func(i item) writing.Ready {
		if i.err != nil {
			return writing.Ready{Err: i.err}
		}
		return ix.to.Prepare(i.d)
	}) {
		if p.Err != nil {
			report.Skipped = append(report.Skipped, tamis.SkipOf(p.Err))
			continue
		}
		d := &p.Document.Document
		if p.Reason == "" && seen[d.ID] {
			p.Reason = ingest.Repeated(d.ID)
		}
		if p.Reason != "" {
			report.Skipped = append(report.Skipped, tamis.Skip{Path: d.Name(), Reason: p.Reason})
			continue
		}
		if p.Reason, err = ix.keeps(ctx, p.Vectors); err != nil {
			return report, err
		}
		if p.Reason != "" {
			report.Skipped = append(report.Skipped, tamis.Skip{Path: d.Name(), Reason: p.Reason})
			continue
		}
		seen[d.ID] = true
		batch, bytes = append(batch, p), bytes+len(d.Source)
		if bytes >= batchBytes || len(batch) == batchDocuments {
			if err := flush(); err != nil {
				return report, err
			}
		}
	}
	if err := flush(); err != nil {
		return report, err
	}
	return report, ctx.Err()
}

// pipeline writes batches, several at once. What they get of sequence numbers, and what is
// reported of them, is in the order in which they come.
type pipeline struct {
	ix    *Index
	slots chan struct{}
	wg    sync.WaitGroup

	mu      sync.Mutex
	err     error
	reports []*tamis.Report
}

// put begins to write a batch, of documents that are in no other one, and returns the error
// of one before.
func (p *pipeline) put(ctx context.Context, batch []writing.Ready) error {
	if len(batch) == 0 {
		return p.failed(nil)
	}
	p.slots <- struct{}{}
	free := func() { <-p.slots }
	if err := p.failed(nil); err != nil {
		free()
		return err
	}
	report := &tamis.Report{}
	p.reports = append(p.reports, report)
	var writes []*writing.Change
	var first int64
	w := p.ix.writer()
	err := p.ix.unfenced(ctx, func(now *writing.Writer) (err error) {
		w = now
		writes, first, err = w.Changed(ctx, batch, report)
		return err
	})
	if err != nil {
		free()
		return p.failed(err)
	}
	p.wg.Go(func() {
		defer free()
		done := &tamis.Report{}
		err := w.Put(ctx, writes, first, done)
		if client.Fenced(err) {
			err = p.ix.unfenced(ctx, func(now *writing.Writer) error {
				*done = tamis.Report{}
				return now.Again(ctx, writes, done)
			})
		}
		report.Join(done)
		_ = p.failed(err)
	})
	return nil
}

// failed notes an error and returns the first.
func (p *pipeline) failed(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
	return p.err
}

// end waits for what is under way, and adds to a report what was done.
func (p *pipeline) end(report *tamis.Report) error {
	p.wg.Wait()
	for _, r := range p.reports {
		report.Join(r)
	}
	return p.failed(nil)
}

// keeps says why vectors cannot be those of their fields.
func (ix *Index) keeps(ctx context.Context, all map[string]vector.Value) (reason string, err error) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		err := ix.unfenced(ctx, func(*writing.Writer) error {
			_, err := ix.fields.Use(ctx, name, all[name])
			return err
		})
		var unfit *vectors.UnfitError
		if errors.As(err, &unfit) {
			return err.Error(), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// Delete is tamis.Index.Delete.
func (ix *Index) Delete(ctx context.Context, ids ...string) (removed int, err error) {
	if ix.readOnly {
		return 0, tamis.ErrReadOnly
	}
	defer func() {
		if removed > 0 {
			ix.forgetWords()
			err = errors.Join(err, ix.Refresh(context.WithoutCancel(ctx)))
		}
	}()
	for part := range slices.Chunk(ids, batchDocuments) {
		keys := make([]string, 0, len(part))
		for _, id := range part {
			if k := records.KeyOf(id); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		err := ix.unfenced(ctx, func(w *writing.Writer) error {
			n, err := w.Remove(ctx, slices.Clone(keys))
			removed += n
			return err
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}
