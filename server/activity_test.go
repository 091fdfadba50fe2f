package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
)

// TestActivity: whoever may ask learns whether receipts are signed; which folders are
// watched, and what in them, is told to administrators alone.
func TestActivity(t *testing.T) {
	key, err := attest.Open(t.TempDir() + "/sign.pem")
	if err != nil {
		t.Fatal(err)
	}
	x := attacked(t, true, func(o *Options) {
		o.Key = key
		o.Watched = func() Watched {
			return Watched{Paths: []string{"/srv/notes"}, Looked: time.Unix(1, 0), Changed: 3, Count: 1, Skipped: []tamis.Skip{{Path: "/srv/notes/wages.pdf", Reason: "is none"}}}
		}
	})
	var a struct {
		Requests int
		Signs    bool
		Watched  *Watched
	}
	for name, key := range map[string]string{"reader": x.reader, "admin": x.admin} {
		a.Watched = nil
		resp, body := x.ask(key, "GET", "/v1/activity", "")
		if resp.StatusCode != 200 || json.Unmarshal([]byte(body), &a) != nil || !a.Signs || !strings.Contains(body, "uptime_s") {
			t.Fatal(name, resp.StatusCode, body)
		}
		if told := a.Watched != nil; told != (name == "admin") || strings.Contains(body, "/srv/notes") != told {
			t.Errorf("%s is told %s", name, body)
		}
	}
	if w := a.Watched; w != nil && (len(w.Paths) != 1 || w.Changed != 3 || len(w.Skipped) != 1) {
		t.Errorf("%+v", w)
	}
}
