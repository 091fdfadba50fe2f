package read

import (
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/corpus"
)

// mostSkipped is how many of the members of a file that are left out are named one by
// one: an archive may hold thousands of pictures.
const mostSkipped = 20

// counting hands on the documents of a file, and of its members that are left out the
// first ones.
type counting struct {
	yield   func(corpus.Document, error) bool
	skipped int
	last    *SkipError
}

func (c *counting) next(d corpus.Document, err error) bool {
	var s *SkipError
	if errors.As(err, &s) && s.Inside != "" && !s.Rest {
		if c.skipped++; c.skipped > mostSkipped {
			c.last = s
			return true
		}
	}
	return c.yield(d, err)
}

// rest is one word about the others; nil where there are none.
func (c *counting) rest() error {
	if c.last == nil {
		return nil
	}
	return &SkipError{Path: c.last.Path, Inside: "*", Reason: fmt.Sprintf("%d more of what it holds is left out, the last of it %s: %s", c.skipped-mostSkipped, c.last.Inside, c.last.Reason)}
}
