package serving

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestHealth: the server that listens is asked, by HTTP or TLS, also where its address is left
// open; one that is not ready, or not there, is an error.
func TestHealth(t *testing.T) {
	status := http.StatusOK
	ready := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
	})
	health := func(listen string) (string, error) {
		var out bytes.Buffer
		a := &App{Out: &out}
		cmd := a.healthCommand(&options{listen: "127.0.0.1:1"})
		cmd.SetArgs([]string{"--listen", listen})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	plain, secure := httptest.NewServer(ready), httptest.NewTLSServer(ready)
	defer secure.Close()
	for _, s := range []*httptest.Server{plain, secure} {
		at := s.Listener.Addr().String()
		for _, listen := range []string{at, strings.Replace(at, "127.0.0.1", "0.0.0.0", 1), strings.Replace(at, "127.0.0.1", "", 1)} {
			if out, err := health(listen); err != nil || out != "ready\n" {
				t.Errorf("%s: %q %v", listen, out, err)
			}
		}
	}
	at := plain.Listener.Addr().String()
	status = http.StatusServiceUnavailable
	if _, err := health(at); err == nil || !strings.Contains(err.Error(), "not ready: 503") {
		t.Error(err)
	}
	plain.Close()
	if _, err := health(at); err == nil || !strings.Contains(err.Error(), "no server at "+at) {
		t.Error(err)
	}
	if _, err := health("8227"); err == nil || !strings.Contains(err.Error(), "--listen 8227") {
		t.Error(err)
	}
}
