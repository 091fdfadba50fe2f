package office

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/richardlehane/mscfb"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/crypt"
	"github.com/tamis-search/tamis/corpus/read/office/legacy"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// maxStreams is how many streams of an OLE file are looked at.
const maxStreams = 10_000

// wanted are the streams that are read: their names by those in lower case.
var wanted = func() map[string]string {
	m := map[string]string{}
	for _, n := range []string{"EncryptionInfo", "EncryptedPackage", "WordDocument", "0Table", "1Table", "Workbook", "Book", "PowerPoint Document"} {
		m[strings.ToLower(n)] = n
	}
	return m
}()

// OLE reads a file in the container of old Office files ([MS-CFB]): documents, sheets
// and presentations of Office 97 to 2003, and newer ones that are encrypted.
func OLE(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer parts.Recovered(f, &err)
	if need := 3 * f.Size; o.Memory > 0 && need > o.Memory {
		return f.Skip("to read it takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)
	}
	streams, err := streamsOf(ctx, f)
	if err != nil {
		return err
	}
	if data := streams["EncryptedPackage"]; data != nil {
		plain, err := crypt.Open(streams["EncryptionInfo"], data, o.Passwords)
		switch {
		case errors.Is(err, crypt.ErrPassword) && len(o.Passwords) > 0:
			return f.SkipAs(format.Encrypted, "it is encrypted, and no password that was given opens it")
		case errors.Is(err, crypt.ErrPassword):
			return f.SkipAs(format.Encrypted, "it is encrypted: give its password by --password")
		case err != nil:
			return f.SkipAs(format.Encrypted, "it is encrypted and cannot be opened: %s", err)
		}
		return zipOf(ctx, f, o, format.Memory(plain), int64(len(plain)), yield)
	}
	for _, k := range []struct {
		name string
		read func(*format.File, map[string][]byte, *parts.Text) error
		kind string
	}{{"WordDocument", legacy.DOC, "doc"}, {"Workbook", legacy.XLS, "xls"}, {"Book", legacy.XLS, "xls"}, {"PowerPoint Document", legacy.PPT, "ppt"}} {
		if streams[k.name] == nil {
			continue
		}
		t := parts.NewText(f, o)
		if err := k.read(f, streams, t); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return t.Yield(k.kind, "", nil, yield)
	}
	return f.SkipAs(format.Unsupported, "no reader for this OLE file")
}

// streamsOf reads the streams that are wanted, of the file itself and not of what is
// embedded in it.
func streamsOf(ctx context.Context, f *format.File) (map[string][]byte, error) {
	doc, err := mscfb.New(f)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, f.SkipAs(format.Damaged, "damaged: it is no whole OLE file (%s)", strings.TrimPrefix(err.Error(), "mscfb: "))
	}
	streams, left := map[string][]byte{}, f.Size
	for range maxStreams {
		e, err := doc.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, f.SkipAs(format.Damaged, "damaged: it is no whole OLE file (%s)", strings.TrimPrefix(err.Error(), "mscfb: "))
		}
		name := wanted[strings.ToLower(e.Name)]
		if len(e.Path) > 0 || name == "" || streams[name] != nil || e.Size <= 0 {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(e, max(left, 0)))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if left -= int64(len(b)); err != nil && len(b) == 0 {
			return nil, f.SkipAs(format.Damaged, "its stream %s cannot be read (%s)", e.Name, err)
		}
		streams[name] = b
	}
	return streams, nil
}
