package encoding

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/hub"
)

// Known prints the models that have names, or a line of JSON for each.
func Known(out io.Writer, asJSON bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range hub.List() {
		var err error
		if asJSON {
			err = json.NewEncoder(out).Encode(k)
		} else {
			_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.Name, k.Licence, k.For, k.Repo)
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}

// Pull fetches models by their names, and prints where they are and what they are made of.
// progress, where not nil, is told how much of a file is there.
func Pull(ctx context.Context, out io.Writer, names []string, revision string, asJSON bool, progress func(file string, done, size int64)) error {
	h, err := hub.FromEnvironment()
	if err != nil {
		return err
	}
	h.Progress = progress
	for _, name := range names {
		k, ok := hub.Named(name)
		if !ok {
			return flags.Usagef("%s is no name of a model: say OWNER/NAME, or one that tamis models pull lists", screen.Name(name))
		}
		if revision != "" {
			k.Revision = revision
		}
		p, err := h.Pull(ctx, k.Repo, k.Revision)
		if err != nil {
			return err
		}
		if asJSON {
			if err := json.NewEncoder(out).Encode(p); err != nil {
				return err
			}
			continue
		}
		if k.Licence != "" {
			fmt.Fprintf(out, "%s, licence %s, commit %s\n", k.Repo, k.Licence, p.Commit)
		} else {
			fmt.Fprintf(out, "%s, commit %s; read its licence on its page\n", k.Repo, p.Commit)
		}
		for _, f := range p.Files {
			what := "fetched"
			if f.Here {
				what = "here already"
			}
			fmt.Fprintf(out, "  %s  %d bytes  %s  %s\n", screen.Name(f.Path), f.Size, f.Digest, what)
		}
		if _, err := fmt.Fprintln(out, screen.Name(p.Dir)); err != nil {
			return err
		}
	}
	return nil
}

// Folder is the folder that --model means: a folder, or a model that was pulled, by its
// name.
func Folder(name string) (string, error) {
	k, known := hub.Named(name)
	if _, err := os.Stat(name); err == nil || !known {
		return name, nil // what is wrong with it is said where it is opened
	}
	h, err := hub.FromEnvironment()
	if err != nil {
		return "", err
	}
	if dir := h.Local(k); dir != "" {
		return dir, nil
	}
	if k.Licence == "" && !strings.Contains(name, "/") {
		return name, nil
	}
	return "", fmt.Errorf("no folder %s and no such model in %s: tamis models pull %s fetches it", screen.Name(name), screen.Name(h.Cache), screen.Name(name))
}
