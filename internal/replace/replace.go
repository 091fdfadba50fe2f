// Package replace writes files that are there whole or as they were before.
package replace

import (
	"errors"
	"os"
	"path/filepath"
)

// File writes a file beside, for its owner's eyes alone, and puts it in its place: a crash
// leaves the old one.
func File(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
