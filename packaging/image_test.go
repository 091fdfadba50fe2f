//go:build linux

package packaging

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// TestImage runs what packaging/Dockerfile makes as a container would run it, in a root that
// holds nothing else: its build stage makes the root, of the files that the build is sent;
// its user adds a key, indexes a folder, serves, is asked, and stops. There is no /proc,
// no /dev and no network but this machine's. Making and entering a root takes root's rights.
func TestImage(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may enter another root")
	}
	root := t.TempDir()
	i := readDockerfile(t, "Dockerfile")
	build(t, i, root)
	notes := filepath.Join(root, "notes")
	if err := os.Mkdir(notes, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"backups.md": "# Backups\n\nBackups of the database are kept for 90 days.\n",
		"sieve.pdf":  onePage("The mesh of a tamis has holes of half a millimetre."),
	} {
		if err := os.WriteFile(filepath.Join(notes, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	port := free(t)
	c := container{t: t, image: i, root: root, env: append(i.env, "TAMIS_SERVE_LISTEN=0.0.0.0:"+port)}
	if out, err := c.run("serve"); err == nil || !strings.Contains(out, "tamis serve key add") {
		t.Errorf("it starts without a key, or does not say how to make one: %v\n%s", err, out)
	}
	if out, err := c.run("index", "/notes"); err != nil || !strings.Contains(out, "2 added") {
		t.Fatalf("index: %v\n%s", err, out)
	}
	key, err := c.run("serve", "key", "add", "me")
	if err != nil || !strings.HasPrefix(key, "tamis_") {
		t.Fatalf("key add: %v\n%s", err, key)
	}
	stop := c.start()
	defer stop()
	url := "http://127.0.0.1:" + port
	await(t, url+"/healthz")
	if status, _ := post(t, url, "", "how long are backups kept?"); status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", status)
	}
	for question, answer := range map[string]string{"how long are backups kept?": "90 days", "how wide are the holes in the mesh of a tamis?": "half a millimetre"} {
		if status, text := post(t, url, strings.TrimSpace(key), question); status != http.StatusOK || !strings.Contains(text, answer) {
			t.Errorf("%s: %d %q", question, status, text)
		}
	}
	// The health check is the image's own, with nothing but what the image has.
	if out, err := c.run(i.ask[1:]...); err != nil || i.ask[0] != i.entry[0] || !strings.Contains(out, "ready") {
		t.Errorf("%q: %v\n%s", i.ask, err, out)
	}
	if err := stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if out, err := c.run(i.ask[1:]...); err == nil {
		t.Errorf("healthy, and not there: %s", out)
	}
	for _, name := range []string{"LICENSE", "THIRD_PARTY_NOTICES", "tamis.cdx.json"} {
		if info, err := os.Stat(filepath.Join(root, "usr/share/doc/tamis", name)); err != nil || info.Size() < 10_000 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// build does what the first stage does, with the root in the place of /out.
func build(t *testing.T, i image, root string) {
	t.Helper()
	if _, err := os.Stat("/etc/ssl/certs/ca-certificates.crt"); err != nil {
		t.Skip("the image takes the certificates of the distribution, and there are none: ", err)
	}
	sources := sent(t)
	for _, script := range i.build {
		if !strings.Contains(script, "/out/") {
			t.Fatalf("this test knows how to run what writes to /out: %s", script)
		}
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(script, "/out/", root+"/"))
		cmd.Dir = sources
		cmd.Env = append(os.Environ(), "VERSION=v0.0.0-test", "GOFLAGS=-mod=readonly")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
}

// sent is a folder with the files that Docker would send to the build: all but those of the .dockerignore.
func sent(t *testing.T) string {
	t.Helper()
	f, err := os.Open("Dockerfile.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel("..", path)
		skip, err := ignored.MatchesOrParentMatches(name)
		switch {
		case err != nil:
			return err
		case skip && d.IsDir():
			return filepath.SkipDir
		case skip || !d.IsDir() && !d.Type().IsRegular():
			return nil
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// container runs the image's program in its root.
type container struct {
	t     *testing.T
	image image
	root  string
	env   []string
}

func (c *container) command(ctx context.Context, args ...string) *exec.Cmd {
	uid, gid, _ := strings.Cut(c.image.user, ":")
	u, err := strconv.ParseUint(uid, 10, 32)
	if err != nil {
		c.t.Fatal(err)
	}
	g, err := strconv.ParseUint(gid, 10, 32)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, c.image.entry[0], append(c.image.entry[1:], args...)...)
	cmd.Env, cmd.Dir = c.env, c.image.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: uint32(u), Gid: uint32(g)}}
	return cmd
}

func (c *container) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	defer cancel()
	out, err := c.command(ctx, args...).CombinedOutput()
	return string(out), err
}

// start starts the image's command, until stop, which says how it ended.
func (c *container) start() (stop func() error) {
	cmd := c.command(context.WithoutCancel(c.t.Context()), c.image.cmd...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	stopped := false
	return func() error {
		if stopped {
			return nil
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%w\n%s", err, out.Bytes())
		}
		return nil
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func await(t *testing.T, url string) {
	t.Helper()
	for range 600 {
		if r, err := http.Get(url); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("nothing answers at %s", url)
}

// post asks for a context.
func post(t *testing.T, url, key, question string) (status int, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"question": question, "budget": 100})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", url+"/v1/collections/default/context", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var receipt struct{ Text string }
	if err := json.Unmarshal(data, &receipt); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return resp.StatusCode, receipt.Text
}

// onePage is a PDF file with a line of text.
func onePage(line string) string {
	content := "BT /F1 12 Tf 72 720 Td (" + line + ") Tj ET"
	return fmt.Sprintf(`%%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [4 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>
endobj
4 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>
endobj
5 0 obj
<< /Length %d >>
stream
%s
endstream
endobj
trailer << /Root 1 0 R >>
%%%%EOF
`, len(content), content)
}
