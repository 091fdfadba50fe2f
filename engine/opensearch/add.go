package opensearch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/inorder"
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
	var batch []ready
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
	for p := range inorder.Map(items, size, batchBytes, func(i item) ready {
		if i.err != nil {
			return ready{err: i.err}
		}
		return ix.prepare(i.d)
	}) {
		if p.err != nil {
			report.Skipped = append(report.Skipped, tamis.SkipOf(p.err))
			continue
		}
		d := &p.Document.Document
		if p.reason == "" && seen[d.ID] {
			p.reason = ingest.Repeated(d.ID)
		}
		if p.reason != "" {
			report.Skipped = append(report.Skipped, tamis.Skip{Path: d.Name(), Reason: p.reason})
			continue
		}
		if p.reason, err = ix.keeps(ctx, p.vectors); err != nil {
			return report, err
		}
		if p.reason != "" {
			report.Skipped = append(report.Skipped, tamis.Skip{Path: d.Name(), Reason: p.reason})
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
func (p *pipeline) put(ctx context.Context, batch []ready) error {
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
	var writes []*writing
	var first int64
	w := p.ix.writer()
	err := p.ix.unfenced(ctx, func(now *writer) (err error) {
		w = now
		writes, first, err = w.changed(ctx, batch, report)
		return err
	})
	if err != nil {
		free()
		return p.failed(err)
	}
	p.wg.Go(func() {
		defer free()
		err := w.put(ctx, writes, first, report)
		if client.Fenced(err) {
			err = p.ix.unfenced(ctx, func(now *writer) error {
				left := make([]ready, len(writes))
				for i, w := range writes {
					left[i] = w.ready
				}
				var written tamis.Report // as they are there now: by us, before the fence
				writes, first, err := now.changed(ctx, left, &written)
				if err == nil {
					err = now.put(ctx, writes, first, report)
				}
				return err
			})
		}
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

// put writes what has changed of a batch, again for those that another writer changed
// meanwhile.
func (ix *writer) put(ctx context.Context, writes []*writing, first int64, report *tamis.Report) error {
	for tries := 0; len(writes) > 0; tries++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		again, err := ix.write(ctx, writes, first, report)
		if err != nil || len(again) == 0 {
			return err
		}
		if tries >= 20 {
			return fmt.Errorf("document %q is changed by other writers faster than it can be written here", again[0].Document.Document.ID)
		}
		if writes, first, err = ix.changed(ctx, again, report); err != nil {
			return err
		}
	}
	return nil
}

// changed are the documents of a batch that are not stored as they are, with the first of as
// many sequence numbers.
func (ix *writer) changed(ctx context.Context, batch []ready, report *tamis.Report) (writes []*writing, first int64, err error) {
	keys := make([]string, len(batch))
	for i, p := range batch {
		keys[i] = keyOf(p.Header.ID)
	}
	old, err := ix.known(ctx, keys)
	if err != nil {
		return nil, 0, err
	}
	for i, p := range batch {
		if h := old[i].Source.X.Doc.Header; old[i].Found && h != nil && bytes.Equal(h.Digest, p.Header.Digest) {
			report.Unchanged++
			continue
		}
		w := &writing{ready: p, old: old[i], move: move{Key: keys[i]}}
		if old[i].Found {
			w.Old, w.OldPassages = old[i].Source.Seq, old[i].Source.X.Doc.Passages
		}
		writes = append(writes, w)
	}
	if len(writes) > 0 {
		first, err = ix.take(ctx, len(writes))
	}
	return writes, first, err
}
