package llm

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	maxLine  = 1 << 20 // of one line of a stream
	maxEvent = 4 << 20 // of the joined data of one event
)

var errLong = fmt.Errorf("the stream holds a line or an event of more than %d MiB", maxLine>>20)

// events reads a server-sent event stream (WHATWG HTML, section 9.2): lines end
// in LF, CR LF or CR; an empty line ends an event, whose "data" lines are joined
// with LF; comments and other fields are skipped. Unlike a browser it also
// delivers an event that the end of the stream cuts off, since several servers
// leave the last empty line out.
type events struct {
	r      *bufio.Reader
	skipLF bool // the last line ended in CR: a LF that follows belongs to it
	begun  bool
	line   []byte
	data   []byte
	odd    []byte // the first line that is no field, for the error
}

func newEvents(r io.Reader) *events { return &events{r: bufio.NewReaderSize(r, 16<<10)} }

// next returns the data of the next event that has any, valid until the call
// after, or io.EOF.
func (e *events) next() ([]byte, error) {
	e.data = e.data[:0]
	has := false
	for {
		line, err := e.readLine()
		if err != nil {
			if err == io.EOF && has {
				return e.data, nil
			}
			return nil, err
		}
		if len(line) == 0 {
			if has {
				return e.data, nil
			}
			continue
		}
		field, value, colon := bytes.Cut(line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "data":
			if has {
				e.data = append(e.data, '\n')
			}
			has = true
			e.data = append(e.data, value...)
			if len(e.data) > maxEvent {
				return nil, errLong
			}
		case "", "event", "id", "retry":
		default:
			if !colon || e.odd == nil {
				e.odd = append([]byte(nil), line[:min(len(line), 400)]...)
			}
		}
	}
}

// saw says what came instead of events, for the error.
func (c *Client) saw(e *events) string {
	if e.odd == nil {
		return ""
	}
	return "; it sent: " + c.excerpt(e.odd)
}

// readLine returns the next line without its end. It never waits for the byte
// after a CR, which may be long in coming.
func (e *events) readLine() ([]byte, error) {
	e.line = e.line[:0]
	for {
		b, err := e.r.ReadByte()
		if err != nil {
			if errors.Is(err, io.EOF) && len(e.line) > 0 {
				return e.line, nil
			}
			return nil, err
		}
		if b == '\n' && e.skipLF {
			e.skipLF = false
			continue
		}
		e.skipLF = b == '\r'
		if b == '\n' || b == '\r' {
			e.begun = true
			return e.line, nil
		}
		if len(e.line) >= maxLine {
			return nil, errLong
		}
		e.line = append(e.line, b)
		if !e.begun && len(e.line) == 3 {
			e.begun = true
			if string(e.line) == "\ufeff" {
				e.line = e.line[:0]
			}
		}
	}
}
