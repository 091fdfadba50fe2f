package model

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/weights"
)

func TestFits(t *testing.T) {
	if err := fits(3<<30, 2<<30); err == nil || !strings.Contains(err.Error(), "needs about 3072 MB of memory, 2048 MB are free") {
		t.Error(err)
	}
	if fits(3<<30, 0) != nil || fits(1, 1) != nil {
		t.Error("what fits is refused")
	}
	for _, masked := range []bool{false, true} {
		shape := tiny
		shape.Masked = masked
		set, err := weights.OpenFolder(shape.Write(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		c := Config{Architectures: []string{"BertModel"}}
		if masked {
			c.Architectures[0] = "BertForMaskedLM"
		}
		numbers := set.Bytes() / 4
		if !masked {
			numbers -= shape.Words * shape.Width
		}
		for p, size := range map[Precision]int{F32: 4, Int8: 1} {
			l := &loader{set: set, precision: p, form: bert}
			if got := l.needs(c); got != uint64(numbers*size) {
				t.Errorf("%v, masked %v: %d bytes, want %d", p, masked, got, numbers*size)
			}
		}
		set.Close()
	}
}
