package hub

import (
	"crypto/sha1" //nolint:gosec // Git names files so
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// server speaks the hub's API about one repository.
type server struct {
	*httptest.Server
	files  map[string]string // those in large are kept by SHA-256
	large  map[string]bool
	cut    map[string]int // bytes of a file after which its connection ends, once
	lie    map[string]string
	whole  bool // it does not go on in the middle
	asked  []string
	tokens []string
}

func serve(t *testing.T) *server {
	s := &server{files: map[string]string{"config.json": `{"a":1}`, "tokenizer.json": "{}", "model.safetensors": strings.Repeat("weights ", 9999), "1_Pooling/config.json": "{}",
		"pytorch_model.bin": "a pickle", "README.md": "# A model", "onnx/model.onnx": "a graph", ".gitattributes": ""},
		large: map[string]bool{"model.safetensors": true}, cut: map[string]int{}, lie: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) answer(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.URL.Path+" "+r.Header.Get("Range"))
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	if r.URL.Path == "/api/models/sea/gate/revision/main" || r.URL.Path == "/api/models/sea/gate/revision/"+commit {
		var list []map[string]any
		for name, text := range s.files {
			blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text)) //nolint:gosec // as above
			f := map[string]any{"rfilename": name, "size": len(text), "blobId": fmt.Sprintf("%x", blob)}
			if s.large[name] {
				f["lfs"] = map[string]any{"sha256": fmt.Sprintf("%x", sha256.Sum256([]byte(text))), "size": len(text)}
			}
			list = append(list, f)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": list})
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/sea/gate/resolve/"+commit+"/")
	text, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if lie, ok := s.lie[name]; ok {
		text = lie
	}
	if n, ok := s.cut[name]; ok {
		delete(s.cut, name)
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = w.Write([]byte(text[:n]))
		return
	}
	if s.whole {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(text))
}

func (s *server) hub(t *testing.T) *Hub {
	return &Hub{Endpoint: s.URL, Cache: t.TempDir(), Token: "secret"}
}

// holds compares a folder that was pulled with what the server has.
func (s *server) holds(t *testing.T, p *Pulled, want ...string) {
	t.Helper()
	if len(p.Files) != len(want) {
		t.Errorf("files %v", p.Files)
	}
	for _, name := range want {
		data, err := os.ReadFile(filepath.Join(p.Dir, filepath.FromSlash(name)))
		if err != nil || string(data) != s.files[name] {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
}

var wanted = []string{"config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"}

// TestPull: what a model is made of comes, into the layout of the hub's tools, once.
func TestPull(t *testing.T) {
	s := serve(t)
	h := s.hub(t)
	told := int64(0)
	h.Progress = func(file string, done, size int64) {
		if file == "model.safetensors" && done == size {
			told = done
		}
	}
	p, err := h.Pull(t.Context(), "sea/gate", "main")
	if err != nil {
		t.Fatal(err)
	}
	s.holds(t, p, wanted...)
	if want := filepath.Join(h.Cache, "models--sea--gate", "snapshots", commit); p.Dir != want {
		t.Errorf("%s, want %s", p.Dir, want)
	}
	if ref, err := os.ReadFile(filepath.Join(h.Cache, "models--sea--gate", "refs", "main")); string(ref) != commit {
		t.Errorf("ref %q, %v", ref, err)
	}
	if to, err := os.Readlink(filepath.Join(p.Dir, "1_Pooling", "config.json")); err != nil || !strings.HasPrefix(filepath.ToSlash(to), "../../../blobs/") {
		t.Errorf("link to %q, %v", to, err)
	}
	if int(told) != len(s.files["model.safetensors"]) || s.tokens[0] != "Bearer secret" {
		t.Errorf("told of %d bytes, token %q", told, s.tokens[0])
	}
	if dir := h.Local(Known{Repo: "sea/gate", Revision: "main"}); dir != p.Dir {
		t.Errorf("it lies in %q", dir)
	}
	before := len(s.asked)
	if p, err = h.Pull(t.Context(), "sea/gate", commit); err != nil || len(s.asked) != before+1 || !p.Files[0].Here {
		t.Errorf("again: %v, asked %q", err, s.asked[before:])
	}
}

// TestResume: a file that came in part is gone on with, or fetched anew where the hub
// does not go on.
func TestResume(t *testing.T) {
	for _, whole := range []bool{false, true} {
		s := serve(t)
		s.whole = whole
		h := s.hub(t)
		s.cut["model.safetensors"] = 5000
		s.cut["config.json"] = 3
		failed := 0
		for range 3 {
			p, err := h.Pull(t.Context(), "sea/gate", "main")
			if err != nil {
				failed++
				if !strings.Contains(err.Error(), "ask again to go on from there") {
					t.Fatal(err)
				}
				continue
			}
			s.holds(t, p, wanted...)
			break
		}
		if failed != 2 {
			t.Errorf("failed %d times", failed)
		}
		if all := strings.Join(s.asked, "\n"); !strings.Contains(all, "model.safetensors bytes=5000-") {
			t.Errorf("asked %s", all)
		}
	}
}

// TestLies: nothing is kept that is not what it is said to be, and nothing leaves the
// cache.
func TestLies(t *testing.T) {
	s := serve(t)
	s.lie["model.safetensors"] = strings.Repeat("Weights ", 9999)
	h := s.hub(t)
	if _, err := h.Pull(t.Context(), "sea/gate", "main"); !errors.Is(err, ErrDigest) {
		t.Errorf("other bytes: %v", err)
	}
	s.lie["model.safetensors"] += "more"
	if _, err := h.Pull(t.Context(), "sea/gate", "main"); !errors.Is(err, ErrDigest) {
		t.Errorf("more bytes: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(h.Cache, "models--sea--gate", "blobs", "*.incomplete")); len(left) > 0 {
		t.Errorf("kept %q", left)
	}
	delete(s.lie, "model.safetensors")
	for _, name := range []string{"../../../../outside.json", "0/../../../../../outside.json", "/outside.json", `1_a\..\outside.json`} {
		s.files[name] = "{}"
		if _, err := h.Pull(t.Context(), "sea/gate", "main"); err == nil || !strings.Contains(err.Error(), "cannot be") {
			if _, statErr := os.Stat(filepath.Join(h.Cache, "outside.json")); statErr == nil || err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		delete(s.files, name)
	}
	for _, repo := range []string{"gate", "../gate", "sea/..", "sea/gate/x", "sea/a b", ""} {
		if _, err := h.Pull(t.Context(), repo, "main"); err == nil || !strings.Contains(err.Error(), "OWNER/NAME") {
			t.Errorf("%q: %v", repo, err)
		}
	}
	if _, err := h.Pull(t.Context(), "sea/wall", "main"); err == nil || !strings.Contains(err.Error(), "no such model") {
		t.Error(err)
	}
	s.Close()
	if _, err := h.Pull(t.Context(), "sea/gate", "main"); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Error(err)
	}
}

// TestNames: each name of the list is one of its own, with a licence.
func TestNames(t *testing.T) {
	for _, k := range List() {
		if got, ok := Named(k.Name); !ok || got != k || k.Licence == "" || !strings.Contains(k.Repo, "/") {
			t.Errorf("%+v", k)
		}
	}
	if k, ok := Named("sea/gate"); !ok || k.Repo != "sea/gate" || k.Revision != "main" {
		t.Errorf("%+v", k)
	}
	for _, name := range []string{"gate", "/sea/gate", "./sea", "sea/gate/x"} {
		if _, ok := Named(name); ok {
			t.Errorf("%q is a name", name)
		}
	}
}
