package mcp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/session"
)

// notes are the documents that agents write. They can stand for no other document.
const notes = "note/"

// add is the tool: it indexes a text, or files under folders that were allowed.
func (r *room) add(ctx context.Context, c *call) (*reply, error) {
	if err := c.caller.May(access.Write, c.collection); err != nil {
		return nil, err
	}
	paths, err := c.allowed()
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Text) == "" && len(paths) == 0 {
		return nil, errors.New("nothing to add: give a text")
	}
	report, err := c.write(ctx, paths)
	if err != nil {
		return nil, err
	}
	lines := []string{fmt.Sprintf("%d added, %d updated, %d unchanged, %d removed, %d skipped", report.Added, report.Updated, report.Unchanged, report.Removed, len(report.Skipped))}
	for _, s := range report.Skipped {
		lines = append(lines, "skipped "+c.name(s.Path)+": "+screen.Line(s.Reason))
	}
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	var out *reply
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		out = c.fitted(len(lines), openBudget, u, func(n int) (string, map[string]any) {
			return strings.Join(lines[:n], "\n"), map[string]any{"added": report.Added, "updated": report.Updated,
				"unchanged": report.Unchanged, "removed": report.Removed, "skipped": len(report.Skipped)}
		})
		return nil
	})
	return out, err
}

func (c *call) write(ctx context.Context, paths []string) (report tamis.Report, err error) {
	ix, done, err := c.o.Library.Write(ctx, c.collection)
	if err != nil {
		return report, err
	}
	defer func() { err = done(err) }()
	if len(paths) > 0 {
		report, err = engine.AddFiles(ctx, ix, paths, tamis.FileOptions{Stdin: strings.NewReader(""), Progress: c.progress(ctx)})
	}
	if err != nil || strings.TrimSpace(c.Text) == "" {
		return report, err
	}
	d := tamis.Document{ID: noteID(c.Title, c.Text), Title: c.clip(screen.Line(c.Title), mostLine), Source: strings.ToValidUTF8(c.Text, "\uFFFD"),
		Metadata: map[string]any{"by": c.caller.Name}}
	switch hidden, err := ix.Hides(d.ID, c.caller.Sees("")); {
	case err != nil:
		return report, err
	case hidden:
		d.ID += "-" + digest(c.caller.Name+c.Text) // somebody else's has the id
	}
	more, err := ix.Add(ctx, func(yield func(tamis.Document, error) bool) { yield(d, nil) })
	report.Added, report.Updated, report.Unchanged = report.Added+more.Added, report.Updated+more.Updated, report.Unchanged+more.Unchanged
	report.Skipped = append(report.Skipped, more.Skipped...)
	return report, err
}

// noteID is the same for notes of the same title, of which the later replaces the earlier.
func noteID(title, text string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.Trim(b.String(), "-")
	switch {
	case title == "":
		slug = digest(text)
	case len(slug) > 60 || len(slug) < len(strings.TrimSpace(title))/2: // it does not tell titles apart
		slug = slug[:min(len(slug), 40)] + "-" + digest(title)
	}
	return notes + strings.TrimPrefix(slug, "-")
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// allowed are the paths of the call, each under a folder that may be read, as they are
// behind links.
func (c *call) allowed() (paths []string, err error) {
	for _, p := range c.Paths {
		if !filepath.IsAbs(p) && len(c.o.Folders) > 0 {
			p = filepath.Join(c.o.Folders[0], p)
		}
		real, err := filepath.EvalSymlinks(p)
		inside := false
		for _, f := range c.o.Folders {
			rel, e := filepath.Rel(f, real)
			inside = inside || err == nil && e == nil && filepath.IsLocal(rel)
		}
		if !inside { // also what is not there, which is nobody's business
			return nil, fmt.Errorf("%s is not under a folder that may be added: %s", c.clip(screen.Name(p), 15), c.clip(strings.Join(c.o.Folders, ", "), 12))
		}
		paths = append(paths, real)
	}
	return paths, nil
}

// progress tells the client how far adding is, a few times a second, where it asked for that.
func (c *call) progress(ctx context.Context) func(done, total int64) {
	token := c.req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	var last time.Time
	return func(done, total int64) {
		if time.Since(last) < 200*time.Millisecond && done < total {
			return
		}
		last = time.Now()
		// A client that is gone is noticed elsewhere.
		_ = c.req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: float64(done), Total: float64(total)})
	}
}
