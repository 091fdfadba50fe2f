package read

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// wanted is the one file inside another whose bytes are asked for.
type wanted struct {
	inside string
	w      io.Writer
	found  bool
}

// Extract writes the bytes of a file that another one holds: path and inside are those
// that its documents are named by, as PATH!/INSIDE. It says whether there is such a file:
// what has an id of its own in a file without being one, as a letter in a mailbox, is
// none. The bounds of reading hold, and no more than MaxFileBytes are written.
func (r *Reader) Extract(ctx context.Context, path, inside string, w io.Writer) (bool, error) {
	for f, err := range r.Files(PathOf(path)) {
		if err != nil {
			return false, err
		}
		want := &wanted{inside: inside, w: w}
		err := r.parse(ctx, f, want, func(corpus.Document, error) bool { return true })
		if want.found && errors.Is(err, errStopped) {
			return true, nil
		}
		if !want.found {
			err = ctx.Err() // what is wrong with other members is not asked for
		}
		return want.found, err
	}
	return false, nil
}

// member says whether a member is to be entered while one is looked for, and ends the
// file with an error where it is that one.
func (t *wanted) member(in *format.File, data io.Reader, limit int64) (enter bool, err error) {
	if in.Inside != t.inside {
		return strings.HasPrefix(t.inside, in.Inside+"!/"), nil
	}
	t.found = true
	n, err := io.Copy(t.w, io.LimitReader(data, limit+1))
	if err == nil && n > limit {
		err = in.Skip("larger than the limit of %d bytes", limit)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", in.ID(), err)
	}
	return false, errStopped
}
