package flags

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a flag of so many bytes: 1073741824, 512MiB, 1.5GB.
type Size int64

// byteUnits: the longest names come first.
var byteUnits = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"B", 1}}

func (b *Size) Set(s string) error {
	number, unit := strings.TrimSpace(s), 1.0
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(n), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if n *= unit; err != nil || math.IsNaN(n) || n < 1 || n >= math.MaxInt64 {
		return fmt.Errorf("%q is no size: write 512MiB or 2GB", s)
	}
	*b = Size(n)
	return nil
}

func (b *Size) String() string {
	for i := 3; i > 0; i-- {
		if u := int64(1) << (10 * i); *b > 0 && int64(*b)%u == 0 {
			return strconv.FormatInt(int64(*b)/u, 10) + []string{"", "KiB", "MiB", "GiB"}[i]
		}
	}
	return strconv.FormatInt(int64(*b), 10)
}

func (b *Size) Type() string { return "size" }
