package api

import (
	"fmt"
	"testing"
)

// TestCarriedOver: a session says what a question was taken to ask; as_asked turns that off, of one
// question or of all.
func TestCarriedOver(t *testing.T) {
	s := serve(t, Options{})
	for _, c := range []struct {
		start, turn string
		carried     int
	}{
		{`{"tokens":400,"turn":12}`, `{"question":"Where do they lie?"}`, 1},
		{`{"tokens":400,"turn":12}`, `{"question":"Where do they lie?","as_asked":true}`, 0},
		{`{"tokens":400,"turn":12,"as_asked":true}`, `{"question":"Where do they lie?"}`, 0},
	} {
		var started struct{ Session string }
		s.get(t, reader, "POST", "/v1/collections/notes/sessions", c.start, &started)
		path := fmt.Sprintf("/v1/collections/notes/sessions/%s/context", started.Session)
		var turn Turn
		s.get(t, reader, "POST", path, `{"question":"Tell me about backups."}`, &turn)
		s.get(t, reader, "POST", path, c.turn, &turn)
		if got := turn.Asked; len(got.Carried) != c.carried || got.Question != "Where do they lie?" || c.carried > 0 && got.Carried[0].Text != "backups" {
			t.Errorf("%s %s: %+v", c.start, c.turn, got)
		}
	}
}
