package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/reading"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/cmd/tamis/serving"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) indexCommand() *cobra.Command {
	var (
		language string
		exclude  []string
		strict   bool
		asJSON   bool
		vectors  flags.VectorFile
		locked   flags.Locked
		model    encoding.Flag
		stays    bool
		keys     string
		dates    bool
		chapters bool
		memory   = flags.Size(1 << 30)
	)
	cmd := &cobra.Command{
		Use:   "index [--index DIR] [--vectors FILE] PATH...",
		Short: "Add folders and files to the index, or bring them up to date",
		Long: `index reads folders (respecting .gitignore), files, JSON Lines corpora and
standard input (-), gzipped or not. Hidden files, node_modules, virtual
environments of Python, caches and other indexes are entered only where they are
named, and links that lead out of a folder are not followed. Files whose bytes have not changed are
skipped, changed ones replaced, and documents whose file vanished under PATH are
removed. What cannot be read is listed; the rest goes in.

A record of a JSON Lines corpus may have a vector: a learned sparse one, "vector":
{term: weight}, or a dense one, "vector": [number, ...]. --vectors gives documents the vectors of another file by id,
after PATH is read: JSON Lines of id and vector, CIFF, or CSR. --fields says
which keys of other records are what; then each object of a JSON list is one.`,
		Example: `  tamis index ~/notes ~/code
  tamis index --language german corpus.jsonl.gz
  curl -s localhost/export | tamis index -
  tamis index --watch ~/notes
  tamis index --chapters ~/meetings
  tamis index --model ~/models/all-MiniLM-L6-v2 ~/notes
  tamis index --vectors splade.jsonl.gz --bits 8 corpus.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			if vectors.Path != "" && len(args) == 0 {
				return nil
			}
			return flags.AtLeastOne("PATH")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			fields, err := vectors.Fields(cmd.Flags())
			if err != nil {
				return err
			}
			passwords, err := locked.Words()
			if err != nil {
				return err
			}
			missing, err := a.namedPaths(args)
			if err != nil {
				return err
			}
			debug.SetMemoryLimit(int64(memory) / 8 * 7) // more garbage collection near it; files are mapped beside it
			ix, err := a.openToIndex(cmd.Context(), tamis.Options{Language: language, Dates: dates, Chapters: chapters, Vectors: fields, Tuning: tamis.Tuning{Memory: int64(memory)}})
			if err != nil {
				return err
			}
			defer ix.Close()
			o := tamis.FileOptions{Exclude: exclude, Stdin: a.in, Passwords: passwords, OCR: locked.OCR, Fields: keys}
			w := a.watcher(ix, &model, args, o)
			if stays { // before the first look, so that nothing is missed
				if err := w.Open(a.indexDir()); err != nil {
					return err
				}
				defer w.Close()
			}
			report, err := a.indexPaths(cmd.Context(), ix, args, o)
			if err != nil {
				return err
			}
			skipped, err := a.indexed(cmd.Context(), ix, vectors, &model, report, missing, len(args) > 0, asJSON)
			if err == nil && stays {
				a.note("watching %s; end it with Ctrl+C", strings.Join(args, ", "))
				return w.Run(cmd.Context())
			}
			if err == nil && strict && len(skipped) > 0 {
				err = fmt.Errorf("%d skipped, first %s: %s", len(skipped), skipped[0].Path, skipped[0].Reason)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&language, "language", "", `how prose is analysed: auto (default for a new index) as each document's language is, or one language for all, such as german`)
	f.StringSliceVar(&exclude, "exclude", nil, "leave out files and folders that match, as a line of .gitignore would (repeatable)")
	vectors.Add(f)
	locked.Add(f)
	model.AddIndexing(f)
	f.Var(&memory, "memory", "how much memory may be taken, about; a file that needs more is read as plain text or skipped")
	f.StringVar(&keys, "fields", "", "the keys of records that are what: id=key,title=summary,text=body+notes,time=created_at")
	f.BoolVar(&dates, "dates", false, "have words such as yesterday found by the days that they mean, in documents that state their own date, and marked where they are shown; once set it stays")
	f.BoolVar(&chapters, "chapters", false, "divide long texts without headings, such as transcripts, where their subject changes: chapters with titles and times that are shown and searched; once set it stays")
	f.BoolVar(&stays, "watch", false, "stay, and bring the index up to date when files under PATH change")
	f.BoolVar(&strict, "strict", false, "exit 1 if anything was skipped")
	f.BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

// openToIndex opens the index that is meant, or makes it.
func (a *app) openToIndex(ctx context.Context, o tamis.Options) (engine.Index, error) {
	if a.clustered() {
		if o.Dates {
			return nil, flags.Usagef("--dates is for an index in a folder: one in a cluster has no such words")
		}
		if o.Chapters {
			return nil, flags.Usagef("--chapters is for an index in a folder: one in a cluster has none")
		}
		return a.inCluster(ctx, a.indexDir(), opensearch.Options{Language: o.Language, Vectors: o.Vectors})
	}
	return tamis.Open(a.indexDir(), o)
}

// watcher keeps an index in step with paths.
func (a *app) watcher(ix engine.Index, model *encoding.Flag, paths []string, o tamis.FileOptions) *serving.Watcher {
	out, errs := a.out, a.errs
	if a.quiet {
		out, errs = io.Discard, io.Discard
	}
	return &serving.Watcher{
		Paths: paths, Options: o, Out: out, Errs: errs,
		Index: func(_ context.Context, do func(engine.Index) error) error { return do(ix) },
		Encode: func(ctx context.Context, _ engine.Index) error {
			_, err := model.Index(ctx, ix, a.warn, nil)
			return err
		},
	}
}

// indexed attaches vectors to what was indexed, and reports both; it returns what was
// skipped of them.
func (a *app) indexed(ctx context.Context, ix engine.Index, vectors flags.VectorFile, model *encoding.Flag, report tamis.Report, missing []string, files, asJSON bool) ([]tamis.Skip, error) {
	both := struct {
		tamis.Report
		Vectors *tamis.Report   `json:"vectors,omitempty"`
		Encoded []tamis.Encoded `json:"encoded,omitempty"`
	}{Report: report}
	skipped := report.Skipped
	if vectors.Path != "" {
		attached, err := ix.AddVectors(ctx, vectors.Path, vectors.Field)
		if err != nil {
			return skipped, err
		}
		both.Vectors = &attached
		skipped = append(skipped, attached.Skipped...)
	}
	err := a.carryOver(ctx, ix)
	if err == nil {
		both.Encoded, err = a.encode(ctx, ix, model)
		for _, e := range both.Encoded {
			skipped = append(skipped, e.Skipped...)
		}
	}
	switch {
	case err != nil:
		return skipped, err
	case asJSON:
		err = a.printJSON(both)
	case files:
		err = a.printReport("", report, missing)
	}
	if both.Vectors != nil && !asJSON && err == nil {
		err = a.printReport("vectors: ", *both.Vectors, nil)
	}
	for _, e := range both.Encoded {
		if asJSON || err != nil || a.quiet {
			continue
		}
		if err = reading.Skipped(a.errs, e.Skipped); err == nil && e.Passages > 0 {
			_, err = fmt.Fprintf(a.out, "vectors: %d passages encoded\n", e.Passages)
		}
	}
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("no such file or folder: %s", strings.Join(missing, ", "))
	}
	return skipped, err
}

// encode gives passages vectors, with a progress bar on a terminal.
func (a *app) encode(ctx context.Context, ix engine.Index, model *encoding.Flag) ([]tamis.Encoded, error) {
	progress, end := a.counting(ctx, "passages encoded")
	reports, err := model.Index(ctx, ix, a.warn, progress)
	end(err)
	return reports, err
}

// counting shows a progress bar on a terminal, whose progress is told how many of how
// many are done, until end; elsewhere progress is nil.
func (a *app) counting(ctx context.Context, what string) (progress func(done, all int), end func(error)) {
	if a.progress == nil || a.quiet {
		return nil, func(error) {}
	}
	p := mpb.NewWithContext(ctx, mpb.WithOutput(a.progress), mpb.WithWidth(48))
	bar := p.AddBar(0, mpb.PrependDecorators(decor.CountersNoUnit("%d / %d "+what)),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)), mpb.BarRemoveOnComplete())
	return func(done, all int) {
			bar.SetTotal(int64(all), false)
			bar.SetCurrent(int64(done))
		}, func(err error) {
			if err != nil {
				bar.Abort(true)
			} else {
				bar.SetTotal(-1, true)
			}
			p.Wait()
		}
}

// namedPaths says which of the paths are not there. Where none is, and no index,
// that is an error, before one is made; where the index lies in a folder above,
// the user is told.
func (a *app) namedPaths(paths []string) (missing []string, err error) {
	for _, p := range paths {
		if _, err := os.Lstat(p); p != "-" && errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, screen.Name(receipt.ShortPath(absolutePath(p))))
		}
	}
	if a.clustered() {
		return missing, nil
	}
	dir := a.indexDir()
	_, err = os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) && len(paths) > 0 && len(missing) == len(paths) {
		return nil, fmt.Errorf("no such file or folder: %s", strings.Join(missing, ", "))
	}
	if dir == nearestIndex() && dir != indexName {
		a.note("using the index of a folder above, %s; --index .tamis makes one here", screen.Name(dir))
	}
	return missing, nil
}

func absolutePath(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}

// carryOver waits until an index that another version of tamis made is made
// anew: a command that ends sooner would leave it as it is for ever.
func (a *app) carryOver(ctx context.Context, ix engine.Index) error {
	own, ok := ix.(*tamis.Index) // one in a cluster is made anew as it is opened
	if !ok {
		return nil
	}
	s, err := own.Stats()
	if err != nil || s.Outdated == 0 {
		return err
	}
	a.note("another version has indexed %d of the documents; indexing them anew", s.Outdated)
	return own.Ready(ctx)
}

// indexPaths adds files with a progress bar on a terminal.
func (a *app) indexPaths(ctx context.Context, ix engine.Index, paths []string, o tamis.FileOptions) (tamis.Report, error) {
	if a.progress == nil || a.quiet {
		return engine.AddFiles(ctx, ix, paths, o)
	}
	p := mpb.NewWithContext(ctx, mpb.WithOutput(a.progress), mpb.WithWidth(48))
	bar := p.AddBar(0, mpb.PrependDecorators(decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.AverageSpeed(decor.SizeB1024(0), "% .0f")), mpb.BarRemoveOnComplete())
	o.Progress = func(done, total int64) {
		bar.SetTotal(total, false)
		bar.SetCurrent(done)
	}
	report, err := engine.AddFiles(ctx, ix, paths, o)
	if err != nil {
		bar.Abort(true)
	} else {
		bar.SetTotal(-1, true)
	}
	p.Wait()
	return report, err
}

// printReport prints what became of paths or vectors; those that are not there are
// told apart, as a failure.
func (a *app) printReport(what string, r tamis.Report, missing []string) error {
	if a.quiet {
		return nil
	}
	return reading.Report(a.out, a.errs, what, r, missing)
}
