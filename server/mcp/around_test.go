package mcp

import (
	"strings"
	"testing"
)

// TestAround: a place instead of a question gives what it needs, once, with why each excerpt
// was kept; who may not see its document is told nothing of it.
func TestAround(t *testing.T) {
	h := newHouse(t, kitchen)
	addSecret(t, h)
	a := connected(t, h.server(t, Options{Caller: owner()}))
	first := a.want("context", `{"around":"sieves.md:1","budget":300}`)
	if !strings.Contains(first, "[##1] ") || !strings.Contains(first, "the range") || strings.Contains(first, "may not answer") {
		t.Error(first)
	}
	if again := a.want("context", `{"around":"sieves.md:1"}`); strings.Contains(again, "the range") {
		t.Error("sent twice:", again)
	}
	if text, failed := a.ask("context", `{"around":"wages:1"}`); !failed || strings.Contains(text, "doubloons") {
		t.Error(text)
	}
	if text, failed := a.ask("context", `{"around":"sieves.md:900"}`); !failed || !strings.Contains(text, "no line 900") {
		t.Error(text)
	}
}
