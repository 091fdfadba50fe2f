// Package hub fetches published models from the Hugging Face hub, or from what
// speaks its API, into the folders in which its own tools keep them, so that neither fetches
// again what the other has:
//
//	models--OWNER--NAME/blobs/DIGEST             a file by its digest: SHA-256 of large files, Git's SHA-1 of a blob of small ones
//	models--OWNER--NAME/snapshots/COMMIT/PATH    a link to it
//	models--OWNER--NAME/refs/REVISION            the commit that a revision was
//
// What the API says of a repository, GET /api/models/REPO/revision/REVISION?blobs=true,
// has the commit and each file's size and digest; GET /REPO/resolve/COMMIT/PATH is a file. A file
// that was fetched in part (blobs/DIGEST.incomplete) is fetched on from there; no file is
// taken whose digest is another. Names and sizes come from outside and are not believed.
package hub

import (
	"cmp"
	"context"
	"crypto/sha1" //nolint:gosec // Git names files so
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Limits on what a hub says.
const (
	mostAnswer = 8 << 20
	mostFiles  = 1000
	mostFile   = 64 << 30
	patience   = 30 * time.Second // for an answer to begin
)

// ErrDigest: a file is not what the hub says that it is.
var ErrDigest = errors.New("the file is not the one that the hub names")

// Hub is where models are fetched from, and where they are kept.
type Hub struct {
	Endpoint string // URL
	Cache    string // folder
	Token    string // sent to Endpoint alone; "" for none
	// Progress, where not nil, is told how much of a file is there.
	Progress func(file string, done, size int64)
	// Client is http.DefaultClient where it is nil.
	Client *http.Client
}

// FromEnvironment is the hub that the tools of Hugging Face would use: $HF_ENDPOINT,
// $HF_TOKEN, and $HF_HUB_CACHE, $HF_HOME/hub or ~/.cache/huggingface/hub.
func FromEnvironment() (*Hub, error) {
	h := &Hub{Endpoint: cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), Token: os.Getenv("HF_TOKEN"), Cache: os.Getenv("HF_HUB_CACHE")}
	if home := os.Getenv("HF_HOME"); h.Cache == "" && home != "" {
		h.Cache = filepath.Join(home, "hub")
	}
	if h.Cache == "" {
		base := os.Getenv("XDG_CACHE_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fmt.Errorf("no folder for models: set HF_HOME: %w", err)
			}
			base = filepath.Join(home, ".cache")
		}
		h.Cache = filepath.Join(base, "huggingface", "hub")
	}
	return h, nil
}

// file is one of a repository.
type file struct {
	Name string `json:"rfilename"`
	Size int64  `json:"size"`
	Blob string `json:"blobId"`
	LFS  *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

// Fetched is a file of a model.
type Fetched struct {
	Path   string `json:"path"` // in the folder, with slashes
	Size   int64  `json:"size"`
	Digest string `json:"digest"` // sha256:… or git-sha1:…
	Here   bool   `json:"here"`   // it was there before
}

// Pulled is a model that is there.
type Pulled struct {
	Repo   string    `json:"repo"`
	Commit string    `json:"commit"`
	Dir    string    `json:"dir"`
	Files  []Fetched `json:"files"`
}

// Pull fetches the files of a repository, OWNER/NAME, that a model is made of, at a revision: a
// branch, a tag or a commit.
func (h *Hub) Pull(ctx context.Context, repo, revision string) (*Pulled, error) {
	owner, name, ok := strings.Cut(repo, "/")
	if !ok || !segment(owner) || !segment(name) || !segment(revision) {
		return nil, fmt.Errorf("%q at %q: name a repository as OWNER/NAME, and a branch, a tag or a commit", repo, revision)
	}
	var said struct {
		Commit string `json:"sha"`
		Files  []file `json:"siblings"`
	}
	if err := h.ask(ctx, "/api/models/"+repo+"/revision/"+url.PathEscape(revision)+"?blobs=true", &said); err != nil {
		return nil, err
	}
	if !isHex(said.Commit, 40) || len(said.Files) > mostFiles {
		return nil, fmt.Errorf("%s: what %s says of it is no model: commit %.60q, %d files", repo, h.Endpoint, said.Commit, len(said.Files))
	}
	if isHex(revision, 40) && revision != said.Commit {
		return nil, fmt.Errorf("%s: commit %s was asked for and %s is there: %w", repo, revision, said.Commit, ErrDigest)
	}
	root := filepath.Join(h.Cache, "models--"+owner+"--"+name)
	p := &Pulled{Repo: repo, Commit: said.Commit, Dir: filepath.Join(root, "snapshots", said.Commit)}
	files := needed(said.Files)
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no files of a model", repo)
	}
	for _, f := range files {
		got, err := h.file(ctx, root, repo, said.Commit, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", repo, f.Name, err)
		}
		p.Files = append(p.Files, got)
	}
	ref := filepath.Join(root, "refs", revision)
	if revision == said.Commit {
		return p, nil
	}
	return p, errors.Join(os.MkdirAll(filepath.Dir(ref), 0o777), os.WriteFile(ref, []byte(said.Commit), 0o666))
}

// ask gets JSON.
func (h *Hub) ask(ctx context.Context, at string, into any) error {
	r, err := h.get(ctx, at, 0)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	data, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer+1))
	if err == nil && len(data) > mostAnswer {
		err = fmt.Errorf("more than %d bytes", mostAnswer)
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("%s%s: %w", h.Endpoint, at, err)
	}
	return nil
}

// get asks for what is at a path, from a byte on.
func (h *Hub) get(ctx context.Context, at string, from int64) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(patience, cancel)
	defer timer.Stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(h.Endpoint, "/")+at, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	if h.Token != "" {
		q.Header.Set("Authorization", "Bearer "+h.Token) // not sent on to another host
	}
	if from > 0 {
		q.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	r, err := cmp.Or(h.Client, http.DefaultClient).Do(q)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s cannot be asked: %w; bring the folder of the model here by hand and name it with --model", h.Endpoint, err)
	}
	r.Body = &body{r.Body, cancel}
	switch {
	case r.StatusCode == http.StatusOK, r.StatusCode == http.StatusPartialContent && from > 0, r.StatusCode == http.StatusRequestedRangeNotSatisfiable && from > 0:
		return r, nil
	}
	r.Body.Close()
	reason := r.Status
	switch r.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		reason += ": it needs a token in $HF_TOKEN, or has another name"
	case http.StatusNotFound:
		reason += ": no such model, revision or file"
	}
	return nil, fmt.Errorf("%s%s: %s", h.Endpoint, at, reason)
}

// body ends its request when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *body) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

// file fetches a file of a repository and links it into its snapshot.
func (h *Hub) file(ctx context.Context, root, repo, commit string, f file) (Fetched, error) {
	digest, size, sum := f.Blob, f.Size, gitSum(f.Size)
	got := Fetched{Path: f.Name, Digest: "git-sha1:" + digest}
	if f.LFS != nil {
		digest, size, sum = f.LFS.SHA256, f.LFS.Size, sha256.New()
		got.Digest = "sha256:" + digest
	}
	got.Size = size
	if !fs.ValidPath(f.Name) || f.Name == "." || strings.ContainsAny(f.Name, "\\:\x00") || !isHex(digest, 2*sum.Size()) || size < 0 || size > mostFile {
		return got, fmt.Errorf("the hub says that it has %d bytes and the digest %.80q: that cannot be", size, digest)
	}
	blob := filepath.Join(root, "blobs", digest)
	if err := os.MkdirAll(filepath.Dir(blob), 0o777); err != nil {
		return got, err
	}
	if info, err := os.Stat(blob); err == nil && info.Size() == size {
		got.Here = true
	} else if err := h.download(ctx, blob, "/"+repo+"/resolve/"+commit+"/"+escaped(f.Name), f.Name, size, digest, sum); err != nil {
		return got, err
	}
	return got, link(blob, filepath.Join(root, "snapshots", commit, filepath.FromSlash(f.Name)))
}

// download fetches what is missing of a file, and looks whether it is the one.
func (h *Hub) download(ctx context.Context, blob, at, name string, size int64, digest string, sum hash.Hash) error {
	part := blob + ".incomplete"
	out, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer out.Close()
	have, err := io.Copy(sum, io.LimitReader(out, size+1))
	if err != nil {
		return err
	}
	if have > size {
		return errors.Join(fmt.Errorf("%s: more bytes than the file has: %w", part, ErrDigest), os.Remove(part))
	}
	if have < size {
		if have, err = h.rest(ctx, out, at, name, have, size, sum); err != nil {
			return err
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); have != size || got != digest {
		return errors.Join(fmt.Errorf("%d bytes with the digest %s: %w: %d bytes, %s; it was not kept", have, got, ErrDigest, size, digest), os.Remove(part))
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(part, blob)
}

// rest writes a file from a byte on, or anew where the hub does not go on there.
func (h *Hub) rest(ctx context.Context, out *os.File, at, name string, from, size int64, sum hash.Hash) (int64, error) {
	r, err := h.get(ctx, at, from)
	if err != nil {
		return from, err
	}
	defer r.Body.Close()
	if from > 0 && (r.StatusCode != http.StatusPartialContent || !strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", from))) {
		if r.StatusCode != http.StatusOK {
			return from, fmt.Errorf("the hub does not go on at byte %d: %s", from, r.Status)
		}
		sum.Reset()
		if _, ok := sum.(*git); ok {
			sum.(*git).begin()
		}
		from = 0
		if err := out.Truncate(0); err != nil {
			return 0, err
		}
	}
	if _, err := out.Seek(from, io.SeekStart); err != nil {
		return from, err
	}
	told := &meter{h: h, name: name, done: from, size: size}
	n, err := io.Copy(io.MultiWriter(out, sum, told), io.LimitReader(r.Body, size-from+1))
	if from += n; err != nil {
		return from, fmt.Errorf("after %d of %d bytes: %w; ask again to go on from there", from, size, err)
	}
	return from, nil
}

// meter tells how much is there.
type meter struct {
	h          *Hub
	name       string
	done, size int64
}

func (m *meter) Write(p []byte) (int, error) {
	m.done += int64(len(p))
	if m.h.Progress != nil {
		m.h.Progress(m.name, m.done, m.size)
	}
	return len(p), nil
}

// git is the SHA-1 that Git names a file by.
type git struct {
	hash.Hash
	size int64
}

func gitSum(size int64) hash.Hash {
	g := &git{sha1.New(), size} //nolint:gosec // Git names files so
	g.begin()
	return g
}

func (g *git) begin() { fmt.Fprintf(g.Hash, "blob %d\x00", g.size) }

// link makes a snapshot's file point to its blob, or a copy where there are no links.
func link(blob, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	to, err := filepath.Rel(filepath.Dir(at), blob)
	if err != nil {
		return err
	}
	if old, err := os.Readlink(at); err == nil && old == to {
		return nil
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(to, at); err == nil {
		return nil
	}
	in, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(at)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func escaped(name string) string {
	parts := strings.Split(path.Clean(name), "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// segment says that a name can be part of an address and of the name of a folder.
func segment(s string) bool {
	ok := s != "" && s[0] != '.' && len(s) <= 200
	for _, c := range s {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	}
	return ok && !strings.Contains(s, "--") && !strings.Contains(s, "..")
}

func isHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

// Local is the folder of a model that was fetched before; "" where there is none.
func (h *Hub) Local(k Known) string {
	root := filepath.Join(h.Cache, "models--"+strings.ReplaceAll(k.Repo, "/", "--"))
	commit := k.Revision
	if !isHex(commit, 40) {
		data, err := os.ReadFile(filepath.Join(root, "refs", commit))
		if err != nil {
			return ""
		}
		commit = strings.TrimSpace(string(data))
	}
	dir := filepath.Join(root, "snapshots", commit)
	if _, err := os.Stat(filepath.Join(dir, "config.json")); !isHex(commit, 40) || err != nil {
		return ""
	}
	return dir
}
