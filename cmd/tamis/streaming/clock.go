package streaming

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/vector/npy"
)

// A clock gives the times of rows, one after the other; without a file, their numbers.
type clock struct {
	name  string
	next  func() (float64, error)
	close func() error
	row   int
	last  float64
}

func openClock(path string) (*clock, error) {
	c := &clock{name: screen.Name(path), last: math.Inf(-1), close: func() error { return nil }}
	switch {
	case path == "":
		c.next = func() (float64, error) { return float64(c.row), nil }
		return c, nil
	case strings.HasSuffix(strings.ToLower(path), ".npy"):
		f, err := npy.Open(path)
		if err != nil {
			return nil, err
		}
		if f.Width != 1 {
			return nil, errors.Join(fmt.Errorf("%s has %d numbers a row: times are one", c.name, f.Width), f.Close())
		}
		c.close = f.Close
		var one [1]float32
		c.next = func() (float64, error) {
			raw, err := f.Next(one[:])
			if err != nil {
				return 0, err
			}
			return f.Number(raw, 0), nil
		}
		return c, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c.close = f.Close
	c.next = c.lines(f)
	return c, nil
}

// lines reads a time a line, or a column of CSV.
func (c *clock) lines(r io.Reader) func() (float64, error) {
	records := csv.NewReader(r)
	records.ReuseRecord, records.FieldsPerRecord = true, -1
	column, first := 0, true
	return func() (float64, error) {
		for {
			fields, err := records.Read()
			if err == io.EOF {
				return 0, err
			}
			if err != nil {
				return 0, fmt.Errorf("%s: %w", c.name, err)
			}
			if first {
				first = false
				if _, err := parseTime(fields[0]); err != nil || named(fields) > 0 {
					if column = max(0, named(fields)); named(fields) >= 0 || len(fields) == 1 || !strings.ContainsAny(fields[0], "0123456789") {
						continue // names of columns
					}
				}
			}
			line, _ := records.FieldPos(0)
			if column >= len(fields) {
				return 0, fmt.Errorf("%s: line %d has %d columns, the time is column %d", c.name, line, len(fields), column+1)
			}
			t, err := parseTime(fields[column])
			if err != nil {
				return 0, fmt.Errorf("%s: line %d: %w", c.name, line, err)
			}
			return t, nil
		}
	}
}

// named is the column that is called a time, -1 for none.
func named(fields []string) int {
	for i, f := range fields {
		switch strings.ToLower(strings.TrimSpace(f)) {
		case "time", "times", "timestamp", "seconds":
			return i
		}
	}
	return -1
}

// parseTime reads seconds, or [h:]mm:ss.
func parseTime(s string) (float64, error) {
	parts := strings.Split(strings.TrimSpace(s), ":")
	t := 0.
	for i, part := range parts {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || len(parts) > 3 || len(parts) > 1 && (v < 0 || i > 0 && v >= 60) {
			return 0, fmt.Errorf("%q is no time: write seconds, or 1:02:03.5", s)
		}
		t = t*60 + v
	}
	return t, nil
}

// tick is the time of the next row.
func (c *clock) tick() (float64, error) {
	t, err := c.next()
	switch {
	case err == io.EOF:
		return 0, fmt.Errorf("%s has %d times, which is fewer than there are rows", c.name, c.row)
	case err != nil:
		return 0, err
	case math.IsNaN(t) || math.IsInf(t, 0):
		return 0, fmt.Errorf("%s: the time of row %d is %v", c.name, c.row, t)
	case t < c.last:
		return 0, fmt.Errorf("%s: the time of row %d, %v, lies before that of the row before, %v", c.name, c.row, t, c.last)
	}
	c.row++
	c.last = t
	return t, nil
}

// end says that there must be no more times than rows.
func (c *clock) end(rows int) error {
	if c.name == screen.Name("") {
		return nil
	}
	if _, err := c.next(); err == nil {
		return fmt.Errorf("%s has more times than there are rows, %d", c.name, rows)
	} else if err != io.EOF {
		return err
	}
	return nil
}
