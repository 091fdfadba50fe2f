package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A Bulk gathers operations and sends them in requests of a bounded size. What the
// cluster is too busy for is sent again by the item: the requests of a bulk that was
// refused whole are (Cluster.Do).
type Bulk struct {
	Cluster *Cluster
	Path    string // of the index
	items   []operation
	bytes   int
	// By the key of the document: what the cluster does not take, and why; and whose
	// record another writer has changed.
	Refused   map[string]string
	Conflicts map[string]bool
}

type operation struct {
	key   string
	lines []byte
}

// bulkBytes is the size of a request: what its makers recommend.
const bulkBytes = 8 << 20

// Hold adds an operation that is sent with Flush.
func (b *Bulk) Hold(key string, action Query, body any) error {
	lines, err := encoded(action)
	if err != nil {
		return err
	}
	if body != nil {
		more, err := encoded(body)
		if err != nil {
			return err
		}
		lines = append(lines, more...)
	}
	b.items = append(b.items, operation{key, lines})
	b.bytes += len(lines)
	return nil
}

// Add is Hold, and sends what has gathered where that is enough for a request.
func (b *Bulk) Add(ctx context.Context, key string, action Query, body any) error {
	if err := b.Hold(key, action, body); err != nil || b.bytes < bulkBytes {
		return err
	}
	return b.Flush(ctx)
}

// Flush sends what is held.
func (b *Bulk) Flush(ctx context.Context) error {
	items := b.items
	b.items, b.bytes = nil, 0
	until := time.Now().Add(b.Cluster.Patience)
	for wait := FirstWait; len(items) > 0; wait = min(2*wait, MostWait) {
		var refused []operation
		for len(items) > 0 {
			n, size := 0, 0
			for n < len(items) && (n == 0 || size+len(items[n].lines) <= bulkBytes) {
				size += len(items[n].lines)
				n++
			}
			later, err := b.send(ctx, items[:n], size)
			if err != nil {
				return err
			}
			refused, items = append(refused, later...), items[n:]
		}
		if items = refused; len(items) == 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("the cluster is too busy for %d writes, tried again for %s", len(items), b.Cluster.Patience)
		}
		if err := Pause(ctx, wait); err != nil {
			return err
		}
	}
	return nil
}

// send sends one request and returns what the cluster was too busy for.
func (b *Bulk) send(ctx context.Context, items []operation, size int) (later []operation, err error) {
	body := bytes.NewBuffer(make([]byte, 0, size))
	for _, it := range items {
		body.Write(it.lines)
	}
	var answer struct {
		Errors bool `json:"errors"`
		Items  []map[string]struct {
			Status int `json:"status"`
			Error  struct {
				Type   string `json:"type"`
				Reason string `json:"reason"`
				Cause  struct {
					Reason string `json:"reason"`
				} `json:"caused_by"`
			} `json:"error"`
		} `json:"items"`
	}
	raw := json.RawMessage{}
	if err := b.Cluster.Do(ctx, http.MethodPost, "/"+b.Path+"/_bulk?require_alias=true&filter_path=errors,items.*.status,items.*.error", body.Bytes(), &raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, err
	}
	if !answer.Errors {
		return nil, nil
	}
	if len(answer.Items) != len(items) {
		return nil, fmt.Errorf("%w: it answers %d items for %d", ErrNotOpenSearch, len(answer.Items), len(items))
	}
	for i, of := range answer.Items {
		for op, r := range of {
			switch {
			case r.Error.Type == BlockedType, r.Error.Type == GoneType:
				return nil, &Error{Status: r.Status, Type: r.Error.Type, Reason: r.Error.Reason}
			case r.Status/100 == 2, op == "delete" && r.Status == http.StatusNotFound:
			case Busy(r.Status):
				later = append(later, items[i])
			case r.Status == http.StatusConflict:
				mark(&b.Conflicts, items[i].key, true)
			default:
				reason := r.Error.Reason
				if r.Error.Cause.Reason != "" {
					reason += ": " + r.Error.Cause.Reason
				}
				mark(&b.Refused, items[i].key, reason)
			}
		}
	}
	return later, nil
}

func mark[V any](m *map[string]V, key string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = v
}

// encoded is a line of a bulk request.
func encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
