package words

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

const mostLine = 256 << 20

// readLines reads a JSON object a line. Errors name the line.
func readLines[T any](name string, r io.Reader, check func(*T) error) (all []T, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), mostLine)
	for n := 1; in.Scan(); n++ {
		line := bytes.TrimSpace(in.Bytes())
		if len(line) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s:%d: not a JSON object of this kind: %w", name, n, err)
		}
		if err := check(&v); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		all = append(all, v)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}
