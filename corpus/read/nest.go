package read

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// What a file may hold as files, all levels taken together.
const (
	maxNested  = 6
	maxMembers = 100_000
	// maxUnpacked times Options.MaxFileBytes may come out of one file.
	maxUnpacked = 16
	// or maxSpread times its own size.
	maxSpread = 32
	// A member of which more than ratioFrom bytes came may have maxRatio times the
	// bytes that it takes in its file.
	maxRatio  = 200
	ratioFrom = 16 << 20
)

// nest is what one file on disk holds as files, at all depths.
type nest struct {
	r       *Reader
	f       *File
	want    *wanted // nil where all is read
	o       *format.Options
	depth   int
	members int
	bytes   int64 // that came out of members
	clock   *clock
	took    time.Duration // by members
}

// errStopped ends a file whose caller wants no more documents.
var errStopped = errors.New("stopped")

// inner is format.Options.Inner.
func (n *nest) inner(ctx context.Context, m format.Member, yield func(corpus.Document, error) bool) error {
	outer := n.clock
	outer.pause()
	in := &input{clock: start(ctx, n.r.o.Time), File: format.File{Path: m.Of.Path, Inside: m.Of.Within(m.Name), Name: cmp.Or(m.As, m.Name), ModTime: m.ModTime, Claim: n.r.claim}}
	n.clock = in.clock
	n.members++
	n.depth++
	defer func() {
		in.close()
		n.depth--
		n.took += in.clock.took
		n.clock = outer
		outer.resume()
	}()
	switch {
	case n.members > maxMembers:
		return n.exceeded(m.Of, "holds more than %d files: no more of them are read", maxMembers)
	case n.took > nestTimes*n.r.o.Time+timeFor(n.bytes):
		return n.exceeded(m.Of, "to read the files in it takes longer than %v: no more of them are read", n.took.Round(time.Second))
	case n.depth > maxNested:
		return n.told(in, in.Skip("stands more than %d files deep in others", maxNested), yield)
	}
	data := &unpacked{n: n, m: &m, f: &in.File}
	if n.want != nil {
		if enter, err := n.want.member(&in.File, data, n.r.o.MaxFileBytes); !enter {
			return err
		}
	}
	in.spend = func(k int64) error { return n.spend(m.Of, k) }
	in.forward(data)
	form, err := in.begin(n.r.o.MaxFileBytes)
	stopped := false
	if err == nil {
		err = in.read(form, n.o, func(d corpus.Document, err error) bool {
			if err == nil {
				err = n.r.complete(n.f, &in.File, &d)
			}
			if err != nil {
				d = corpus.Document{}
				var s *SkipError
				if errors.As(err, &s) && s.Inside == "" {
					s.Inside = in.Inside
				}
			}
			stopped = !yield(d, err)
			return !stopped
		})
	}
	err = in.clock.late(&in.File, err)
	var all *exceeded
	switch {
	case stopped:
		return errStopped
	case err == nil:
		return nil
	case errors.Is(err, errStopped), ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.As(err, &all):
		return err
	}
	return n.told(in, err, yield)
}

// told yields that a member cannot be read.
func (n *nest) told(in *input, err error, yield func(corpus.Document, error) bool) error {
	s := *format.SkipOf(in.Path, err)
	if s.Inside == "" {
		s.Inside = in.Inside
	}
	in.clock.pause()
	defer in.clock.resume()
	if !yield(corpus.Document{}, &s) {
		return errStopped
	}
	return nil
}

// exceeded ends the file on disk.
type exceeded struct{ SkipError }

func (e *exceeded) Unwrap() error { return &e.SkipError }

func (n *nest) exceeded(of *format.File, reason string, args ...any) error {
	return &exceeded{SkipError{Path: of.Path, Reason: fmt.Sprintf(reason, args...), Rest: true}}
}

// most is how many bytes may come out of all members, which is more for a file that is
// large itself.
func (n *nest) most() int64 { return max(maxUnpacked*n.r.o.MaxFileBytes, maxSpread*n.f.Size) }

// spend counts bytes that came out of members.
func (n *nest) spend(of *format.File, k int64) error {
	if n.bytes += k; n.bytes > n.most() {
		return n.exceeded(of, "what it holds is larger than %d bytes unpacked: no more of it is read", n.most())
	}
	return nil
}

// unpacked are the bytes of a member, as many as may be.
type unpacked struct {
	n  *nest
	m  *format.Member
	f  *format.File
	at int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	k, err := u.m.Reader.Read(p)
	u.at += int64(k)
	if err := u.n.spend(u.m.Of, int64(k)); err != nil {
		return 0, err
	}
	if u.m.Packed > 0 && u.at > ratioFrom && u.at/u.m.Packed > maxRatio {
		return 0, u.f.Skip("unpacks to more than %d times its size", maxRatio)
	}
	if err != nil && err != io.EOF {
		var s *SkipError
		if !errors.As(err, &s) {
			s = u.f.SkipAs(format.Damaged, "cannot be unpacked: %s", err)
			s.Err = err
			err = s
		}
	}
	return k, err
}
