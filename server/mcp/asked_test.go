package mcp

import (
	"strings"
	"testing"
)

// TestAsked: the reply to a question that points back says what it was asked as, within its
// budget, unless the server takes questions as they are.
func TestAsked(t *testing.T) {
	h := newHouse(t, kitchen)
	for _, alone := range []bool{false, true} {
		a := connected(t, h.server(t, Options{Caller: owner(), AsAsked: alone}))
		a.want("context", `{"question":"What is a tamis?","budget":200}`)
		got := a.want("context", `{"question":"How is it cleaned?","budget":200}`)
		if strings.Contains(got, "Asked as: How is it cleaned? (tamis)\n") == alone {
			t.Errorf("as asked %v: %s", alone, got)
		}
		if n := counted(t, got); n > 200 {
			t.Errorf("%d tokens", n)
		}
	}
}
