package serving

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server"
	"github.com/tamis-search/tamis/server/labels"
)

// labelFlags say by which examples texts are given labels.
type labelFlags struct{ file, field, none string }

func (l *labelFlags) add(f *pflag.FlagSet) {
	f.StringVar(&l.file, "classify", "", "give texts labels (/v1/classify) by the examples of this file: JSON Lines of text and label")
	f.StringVar(&l.field, "label-field", "", "metadata field that holds the labels; without --classify the documents that have it are the examples")
	f.StringVar(&l.none, "label-none", "", "label of examples that have none of the others")
}

// labels learns of the file that was named, or has the documents of collections learned of
// when somebody asks; nil where neither was named.
func (r *run) labels(ctx context.Context, so *server.Options) (*labels.Giver, error) {
	l := r.o.labels
	lo := labels.Options{Field: l.field, None: l.none, Library: so.Library, Model: r.models.Used}
	switch {
	case l.file == "-":
		return nil, flags.Usagef("--classify names a file: a server has no standard input to read")
	case l.file != "":
		examples, err := files.Read(l.file, func(name string, in io.Reader) ([]classify.Example, error) {
			return classify.Read(filepath.Base(name), in, cmp.Or(l.field, "label"), l.none, false)
		})
		if err != nil {
			return nil, fmt.Errorf("--classify: %w", err)
		}
		lo.Encoder = so.Encoder
		if lo.Of, err = learned.Learn(ctx, learned.Keep{Folder: learned.Folder(), Warn: r.warn}, so.Encoder, examples); err != nil {
			return nil, fmt.Errorf("--classify %s: %w", screen.Name(l.file), err)
		}
		r.log.Info("gives labels", "examples", len(examples), "labels", len(lo.Of.Labels()))
	case l.field == "" && l.none != "":
		return nil, flags.Usagef("--label-none is for --classify FILE or --label-field FIELD")
	case l.field == "":
		return nil, nil
	}
	return labels.New(ctx, lo), nil
}
