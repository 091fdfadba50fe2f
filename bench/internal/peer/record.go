package peer

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Data returns the folder of the evaluation data: dir if it is given, else
// $TAMIS_DATA, else shared/data beside the repository.
func Data(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv("TAMIS_DATA")
	}
	if dir != "" {
		return dir, nil
	}
	bench, err := Dir()
	return filepath.Join(bench, "..", "..", "shared", "data"), err
}

// Record is a document or a query in a JSON Lines file.
type Record struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
	// Name is the title that an index with fields gives a document that
	// states none: the base name of its file. One-field indexes leave it out.
	Name string `json:"name,omitempty"`
}

// Flat is the one field: title, a space and text, or the text alone.
func (r Record) Flat() string {
	if r.Title == "" {
		return r.Text
	}
	return r.Title + " " + r.Text
}

// ReadRecords reads a JSON Lines file, gzipped if its name ends in .gz. An id may
// be called "_id" or "id".
func ReadRecords(name string) (records []Record, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = bufio.NewReaderSize(f, 1<<16)
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	dec := json.NewDecoder(in)
	for {
		var r struct {
			Record
			ID2 string `json:"_id"`
		}
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", name, len(records)+1, err)
		}
		if r.ID == "" {
			r.ID = r.ID2
		}
		records = append(records, r.Record)
	}
}

// WriteRecords writes a JSON Lines file.
func WriteRecords(name string, records []Record) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range records {
		if err := enc.Encode(r); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}
