package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Entry is a line of the log: a step that is done, and what came of it.
type Entry struct {
	Step string          `json:"step"`
	Key  string          `json:"key,omitempty"`
	Data json.RawMessage `json:"data"`
}

// ErrOther is wrapped where a log is of another review.
var ErrOther = errors.New("the log is of another review")

// log is the steps that are done; nothing is written where it has no file.
type log struct {
	f    *os.File
	done map[[2]string]json.RawMessage
	show func(Entry)
	// resumed counts the steps that were not done again.
	resumed int
}

// openLog opens a log to go on with. A line that a killed review did not finish is cut off.
func openLog(file string, show func(Entry)) (*log, error) {
	l := &log{done: map[[2]string]json.RawMessage{}, show: show}
	if file == "" {
		return l, nil
	}
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	for n, line := range bytes.Split(b[:whole], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil || e.Step == "" {
			return nil, fmt.Errorf("%s:%d is no line of a review's log; name another file with --log", file, n+1)
		}
		l.done[[2]string{e.Step, e.Key}] = e.Data
	}
	if l.f, err = os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, err
	}
	if err = l.f.Truncate(int64(whole)); err == nil {
		_, err = l.f.Seek(int64(whole), 0)
	}
	if err != nil {
		return nil, errors.Join(err, l.f.Close())
	}
	return l, nil
}

func (l *log) close() error {
	if l.f == nil {
		return nil
	}
	return l.f.Close()
}

// do does a step unless the log has it. What failed is not logged, and done again next time.
func do[T any](l *log, step, key string, f func() (T, error)) (out T, err error) {
	at := [2]string{step, key}
	data, ok := l.done[at]
	if ok {
		if err := json.Unmarshal(data, &out); err != nil {
			return out, fmt.Errorf("the log's step %s %s: %w", step, key, err)
		}
		l.resumed++
	} else {
		if out, err = f(); err != nil {
			return out, err
		}
		if data, err = json.Marshal(out); err != nil {
			return out, err
		}
		// What was written is what a review that goes on would read.
		var again T
		if err := json.Unmarshal(data, &again); err != nil {
			return out, err
		}
		out = again
	}
	e := Entry{step, key, data}
	if l.show != nil {
		l.show(e)
	}
	if ok || l.f == nil {
		return out, nil
	}
	l.done[at] = data
	line, err := json.Marshal(e)
	if err == nil {
		_, err = l.f.Write(append(line, '\n'))
	}
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		return out, fmt.Errorf("write the log: %w", err)
	}
	return out, nil
}
