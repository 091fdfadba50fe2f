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
	Path    string       // of the index
	lines   bytes.Buffer // of all items, one after another
	encoder *json.Encoder
	items   []operation
	// By the key of the document: what the cluster does not take, and why; and whose
	// record another writer has changed.
	Refused   map[string]string
	Conflicts map[string]bool
}

// operation is one that is held: its lines by where they begin and end in those of all.
type operation struct {
	key        string
	start, end int
}

// bulkBytes is the size of a request: what its makers recommend.
const bulkBytes = 8 << 20

// Hold adds an operation that is sent with Flush.
func (b *Bulk) Hold(key string, action Query, body any) error {
	if b.encoder == nil {
		b.encoder = json.NewEncoder(&b.lines)
		b.encoder.SetEscapeHTML(false)
	}
	start := b.lines.Len()
	err := b.encoder.Encode(action)
	if err == nil && body != nil {
		err = b.encoder.Encode(body)
	}
	if err != nil {
		b.lines.Truncate(start)
		return err
	}
	b.items = append(b.items, operation{key, start, b.lines.Len()})
	return nil
}

// Add is Hold, and sends what has gathered where that is enough for a request.
func (b *Bulk) Add(ctx context.Context, key string, action Query, body any) error {
	if err := b.Hold(key, action, body); err != nil || b.lines.Len() < bulkBytes {
		return err
	}
	return b.Flush(ctx)
}

// Flush sends what is held.
func (b *Bulk) Flush(ctx context.Context) error {
	items, lines := b.items, b.lines.Bytes()
	// The next ones get lines of their own: a request may still be read when it is answered.
	b.items, b.lines, b.encoder = nil, bytes.Buffer{}, nil
	until := time.Now().Add(b.Cluster.Patience)
	for wait := FirstWait; len(items) > 0; wait = min(2*wait, MostWait) {
		var refused []operation
		for len(items) > 0 {
			n := 1
			for n < len(items) && items[n].end-items[0].start <= bulkBytes {
				n++
			}
			later, err := b.send(ctx, items[:n], lines[items[0].start:items[n-1].end])
			if err != nil {
				return err
			}
			refused, items = append(refused, later...), items[n:]
		}
		if len(refused) == 0 {
			return nil
		}
		if time.Now().After(until) {
			return fmt.Errorf("the cluster is too busy for %d writes, tried again for %s", len(refused), b.Cluster.Patience)
		}
		if err := Pause(ctx, wait); err != nil {
			return err
		}
		items, lines = gathered(refused, lines)
	}
	return nil
}

// gathered are operations with lines of their own, one after another.
func gathered(of []operation, lines []byte) ([]operation, []byte) {
	var all []byte
	for i, it := range of {
		start := len(all)
		all = append(all, lines[it.start:it.end]...)
		of[i].start, of[i].end = start, len(all)
	}
	return of, all
}

// send sends one request and returns what the cluster was too busy for.
func (b *Bulk) send(ctx context.Context, items []operation, lines []byte) (later []operation, err error) {
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
	if err := b.Cluster.Do(ctx, http.MethodPost, "/"+b.Path+"/_bulk?require_alias=true&filter_path=errors,items.*.status,items.*.error", lines, &raw); err != nil {
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
