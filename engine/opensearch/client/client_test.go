package client

import (
	"errors"
	"net/http"
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
