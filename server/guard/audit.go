package guard

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"
)

// Entry is what the audit log says of a request: who asked what of which collection, and
// the digest of the receipt that they were given. It never has keys, nor texts of documents.
type Entry struct {
	Time       time.Time `json:"time"`
	Request    string    `json:"request"`
	Caller     string    `json:"caller,omitempty"`
	Scope      string    `json:"scope,omitempty"`
	Address    string    `json:"address"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Collection string    `json:"collection,omitempty"`
	Document   string    `json:"document,omitempty"`
	Question   string    `json:"question,omitempty"`
	Receipt    string    `json:"receipt,omitempty"`
	Status     int       `json:"status"`
	Bytes      int64     `json:"bytes"`
	MS         float64   `json:"ms"`
	Refused    string    `json:"refused,omitempty"`

	mu sync.Mutex
}

// mostAudited bounds what of a question is kept.
const mostAudited = 1024

type entryKey struct{}

// Asked notes for the audit log what was asked of a collection ("" for that of the path), and the digest of the
// receipt that answered it ("" for none). Outside of a guarded request it does nothing.
func Asked(ctx context.Context, collection, question, receipt string) {
	e, _ := ctx.Value(entryKey{}).(*Entry)
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if collection != "" {
		e.Collection = collection
	}
	e.Receipt = receipt
	e.Question = question[:min(len(question), mostAudited)]
}

// Audit is an audit log: a file of JSON Lines that is appended to. A nil Audit keeps nothing.
type Audit struct {
	path string
	mu   sync.Mutex
	f    *os.File
}

// OpenAudit opens an audit log, which only its owner can read.
func OpenAudit(path string) (*Audit, error) {
	a := &Audit{path: path}
	return a, a.Reopen()
}

// Reopen opens the file again, after it was moved aside.
func (a *Audit) Reopen() error {
	if a == nil {
		return nil
	}
	f, err := os.OpenFile(a.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.f
	a.f = f
	if old != nil {
		return old.Close()
	}
	return nil
}

// Close closes the file.
func (a *Audit) Close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.f
	a.f = nil
	return f.Close()
}

func (a *Audit) write(e *Entry) error {
	if a == nil {
		return nil
	}
	e.mu.Lock()
	line, err := json.Marshal(e)
	e.mu.Unlock()
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.f == nil {
		return errors.New("audit log: closed")
	}
	_, err = a.f.Write(append(line, '\n')) // one write, so that lines stay whole
	return err
}
