package mail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Mbox reads mailboxes: mails that each begin with a line "From sender date", after a
// blank line; ">From " at the start of a line stands for "From ". Each is the part
// of the file with its number, from 1.
func Mbox(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	in := bufio.NewReaderSize(f.Reader(), 64<<10)
	var mail strings.Builder
	number, line, from := 0, 0, 1
	long := false
	deliverOne := func() (more bool, err error) {
		s := mail.String()
		mail.Reset()
		if strings.TrimSpace(s) == "" && !long {
			return true, nil
		}
		number++
		defer func() { long = false }()
		if long {
			return yield(corpus.Document{}, f.SkipPart(strconv.Itoa(number), "is larger than the limit of %d bytes (MaxFileBytes)", o.MaxBytes)), nil
		}
		if need := 4 * int64(len(s)); o.Memory > 0 && need > o.Memory {
			return yield(corpus.Document{}, f.SkipPart(strconv.Itoa(number), "to read it takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)), nil
		}
		p := parse(s, 0)
		return deliver(ctx, f, o, strconv.Itoa(number), read(&p), s, from, yield)
	}
	blank := true
	for {
		if line%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		part, err := in.ReadSlice('\n')
		whole := err == nil
		if blank && isFrom(part) && line > 0 {
			more, err := deliverOne()
			if err != nil || !more {
				return err
			}
			from = line + 1
		}
		if bytes.HasPrefix(part, []byte(">From ")) && blank {
			part = part[1:]
		}
		blank = whole && len(bytes.TrimRight(part, "\r\n")) == 0
		if int64(mail.Len()+len(part)) > o.MaxBytes {
			mail.Reset()
			long = true
		}
		if !long {
			mail.Write(part)
		}
		for errors.Is(err, bufio.ErrBufferFull) { // the line goes on
			part, err = in.ReadSlice('\n')
			if int64(mail.Len()+len(part)) > o.MaxBytes {
				mail.Reset()
				long = true
			}
			if !long {
				mail.Write(part)
			}
			blank = false
		}
		line++
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return fmt.Errorf("after line %d: %w", line, err)
			}
			_, err := deliverOne()
			return err
		}
	}
}

// isFrom says that a line begins a mail of a mailbox: it names a sender and a year.
func isFrom(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("From ")) || len(line) > 1000 {
		return false
	}
	digits := 0
	for _, c := range line[5:] {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return digits >= 4 && bytes.IndexByte(line[5:], ' ') > 0
}

// known are headers that mails have.
var known = []string{"from", "to", "subject", "date", "message-id", "received", "mime-version", "return-path", "delivered-to", "content-type", "x-mailer"}

// Is says whether the head of a file looks like a mail: it begins with lines that are
// headers, three of which mails have.
func Is(head []byte) bool {
	p := parse(string(head[:min(len(head), 4<<10)]), 0)
	n := 0
	for _, k := range known {
		if _, ok := p.headers[k]; ok {
			n++
		}
	}
	return n >= 3
}

// IsMbox says whether it looks like a mailbox.
func IsMbox(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return isFrom(line) && Is(head)
}
