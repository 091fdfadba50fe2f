package showing

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis"
)

// last is the last context that a terminal showed, for labels.
type last struct {
	Index   string         `json:"index"`
	Context *tamis.Context `json:"context"`
}

func lastFile() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "tamis", "last-context.json"), err
}

// Keep keeps what a context that a terminal shows is made of, without its text, so that
// its labels can be shown; index is its folder's whole path, or its address. It is a convenience: where it cannot be kept, Last says so.
func Keep(index string, c *tamis.Context) {
	file, err := lastFile()
	if err != nil {
		return
	}
	short := *c
	short.Text, short.Dropped = "", nil
	b, err := json.Marshal(last{index, &short})
	if err == nil && os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = os.WriteFile(file, b, 0o600)
	}
}

// Last is the context that was kept last, and its index.
func Last() (index string, c *tamis.Context, err error) {
	file, err := lastFile()
	if err != nil {
		return "", nil, err
	}
	var r last
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || r.Context == nil {
		return "", nil, errors.New("no context was shown on this terminal yet: name a receipt with --receipt, or a passage as DOC:LINE")
	}
	return r.Index, r.Context, nil
}
