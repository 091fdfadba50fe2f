package arms

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Header is the first line of a run file: what the results below it were made of. A run
// goes on with a file only where all of it is the same.
type Header struct {
	Version int      `json:"suite_run"`
	Tasks   []string `json:"tasks"`
	Seed    uint64   `json:"seed"`
	Lengths []int    `json:"lengths"`
	Items   int      `json:"items"`
	Counter string   `json:"tokenizer"`
	// Haystack and Questions are digests of what the user gave.
	Haystack  string `json:"haystack,omitempty"`
	Questions string `json:"questions,omitempty"`
	Model     string `json:"model,omitempty"`
}

// RunVersion is that of the items and of the file; another version's results are not
// gone on with.
const RunVersion = 2

// ErrOtherRun is wrapped where a run file is of another run.
var ErrOtherRun = errors.New("holds the results of another run")

// RunFile holds results, JSON Lines.
type RunFile struct {
	f    *os.File
	Done []Result
}

// OpenRun opens a run file to go on with, or makes one. A line that was not written to
// its end is cut off. The later of two results of the same question counts.
func OpenRun(path string, h Header) (*RunFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	r := &RunFile{f: f}
	if err := r.read(path, h); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *RunFile) read(path string, h Header) error {
	want, err := json.Marshal(h)
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(r.f, 1<<20)
	whole := int64(0)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break // what is left is no whole line
		}
		if err != nil {
			return err
		}
		if n == 1 {
			if !bytes.Equal(bytes.TrimSpace(line), want) {
				return fmt.Errorf("%s %w (%s): name another file with --run, or give the same suites, lengths, items, seed, haystack and model", path, ErrOtherRun, bytes.TrimSpace(line[:min(len(line), 300)]))
			}
		} else {
			var res Result
			if err := json.Unmarshal(line, &res); err != nil {
				return fmt.Errorf("%s:%d: no result of a suite: %w", path, n, err)
			}
			r.Done = append(r.Done, res)
		}
		whole += int64(len(line))
	}
	if whole == 0 {
		if info, err := r.f.Stat(); err == nil && info.Size() > 0 && info.Mode().IsRegular() && !bytes.HasPrefix(want, prefixOf(r.f)) {
			return fmt.Errorf("%s is no run of a suite: name another file with --run", path)
		}
	}
	if err := r.f.Truncate(whole); err != nil {
		return err
	}
	if _, err := r.f.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if whole == 0 {
		_, err = r.f.Write(append(want, '\n'))
	}
	return err
}

// prefixOf is the beginning of a file.
func prefixOf(f *os.File) []byte {
	b := make([]byte, 16)
	n, _ := f.ReadAt(b, 0)
	return b[:n]
}

// Write appends a result; it is in the file when Write returns.
func (r *RunFile) Write(res *Result) error {
	line, err := json.Marshal(res)
	if err != nil {
		return err
	}
	_, err = r.f.Write(append(line, '\n'))
	return err
}

// Close closes the file.
func (r *RunFile) Close() error { return r.f.Close() }
