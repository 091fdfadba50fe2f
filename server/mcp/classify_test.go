package mcp

import (
	"context"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
)

// TestClassify: labels by the documents of the collection, with the nearest as places that the
// tool open takes.
func TestClassify(t *testing.T) {
	h := newHouse(t, kitchen)
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
			for id, of := range map[string][2]string{
				"o1": {"the printer is jammed", "office"}, "o2": {"there is no paper in the printer", "office"}, "o3": {"the scanner has no paper", "office"},
				"k1": {"the fridge is warm", "kitchen"}, "k2": {"no milk in the fridge", "kitchen"}, "k3": {"milk and\n``` tea", "kitchen"},
			} {
				if !yield(tamis.Document{ID: id, Source: of[0], Metadata: map[string]any{"team": of[1]}}, nil) {
					return
				}
			}
		})
		return err
	})
	s := h.server(t, Options{Caller: owner(), Labels: labels.New(t.Context(), labels.Options{Field: "team", Library: h.library})})
	a := connected(t, s)
	got := a.want("classify", `{"text":"paper for the printer"}`)
	if !strings.HasPrefix(got, "Label: office ") || !strings.Contains(got, "1. o2:0-32 — office\n   there is no paper") || !strings.Contains(got, "[window") {
		t.Error(got)
	}
	if text := a.want("open", `{"label":"o2:0-32"}`); !strings.Contains(text, "there is no paper in the printer") {
		t.Error(text)
	}
	if _, failed := a.ask("classify", `{"text":" "}`); !failed {
		t.Error("nothing was given a label")
	}
	if _, failed := connected(t, h.server(t, Options{Caller: owner()})).ask("search", `{"query":"tamis"}`); failed {
		t.Error("a server without labels fails")
	}
}
