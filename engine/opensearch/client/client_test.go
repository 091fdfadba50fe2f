package client

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestAgain: what a node that leaves says of single documents passes, an index that is not
// there does not.
func TestAgain(t *testing.T) {
	c := &Cluster{Patience: time.Minute}
	for _, x := range []struct {
		says  Item
		tries int
		fails bool
	}{{Item{}, 1, false}, {Item{Type: "node_not_connected_exception", Reason: "[node1] Node not connected"}, 2, false}, {Item{Type: GoneType}, 1, true}} {
		tries := 0
		err := c.Again(t.Context(), func() error {
			if tries++; tries == 1 {
				return x.says.Err()
			}
			return nil
		})
		if tries != x.tries || x.fails != IsStatus(err, http.StatusNotFound) || !x.fails && err != nil {
			t.Errorf("%+v: %d tries, %v", x.says, tries, err)
		}
	}
	c.Patience = 0
	if err := c.Again(t.Context(), func() error { return errors.New("no node") }); err == nil {
		t.Error("without patience it went on")
	}
}

// TestBulk: what a node was too busy for is sent again, and that alone; what it does not take
// is told by its document, and what is larger than a request may be goes in several.
func TestBulk(t *testing.T) {
	var sent [][]string // the names in each request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var names, items []string
		for lines := bufio.NewReaderSize(r.Body, 64<<20); ; {
			action, err := lines.ReadString('\n')
			if err != nil {
				break
			}
			name := strings.Split(action, `"`)[5]
			_, _ = lines.ReadString('\n')
			names = append(names, name)
			switch {
			case name == "busy" && len(sent) < 3, name == "busy2" && len(sent) < 2:
				items = append(items, `{"index":{"status":429,"error":{"type":"rejected","reason":"full"}}}`)
			case name == "bad":
				items = append(items, `{"index":{"status":400,"error":{"type":"mapper","reason":"wrong","caused_by":{"reason":"very"}}}}`)
			case name == "beaten":
				items = append(items, `{"index":{"status":409,"error":{"type":"conflict"}}}`)
			default:
				items = append(items, `{"index":{"status":201}}`)
			}
		}
		sent = append(sent, names)
		fmt.Fprintf(w, `{"errors":true,"items":[%s]}`, strings.Join(items, ","))
	}))
	defer s.Close()
	c, err := Dial(Options{Addresses: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := &Bulk{Cluster: c, Path: "x"}
	for _, name := range []string{"good", "busy", "bad", "busy2", "beaten", "large", "last"} {
		text := "<&>"
		if name == "large" {
			text = strings.Repeat("x", bulkBytes)
		}
		if err := b.Hold(name, Query{"index": Query{"_id": name}}, Query{"text": text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := "[[good busy bad busy2 beaten] [large] [last] [busy busy2]]"
	if got := fmt.Sprint(sent); got != want {
		t.Errorf("the requests are %s, not %s", got, want)
	}
	if len(b.Refused) != 1 || b.Refused["bad"] != "wrong: very" || len(b.Conflicts) != 1 || !b.Conflicts["beaten"] {
		t.Errorf("%v %v", b.Refused, b.Conflicts)
	}
}
