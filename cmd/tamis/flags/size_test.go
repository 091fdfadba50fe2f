package flags

import "testing"

func TestSize(t *testing.T) {
	for s, want := range map[string]int64{"1": 1, "1GiB": 1 << 30, "1.5 GB": 1.5e9, "512M": 512 << 20, "64kB": 64000, "7B": 7} {
		var b Size
		if err := b.Set(s); err != nil || int64(b) != want {
			t.Errorf("%q: %d, %v", s, b, err)
		}
	}
	for _, s := range []string{"", "GB", "-1GB", "0", "NaN", "Inf", "1e30GB", "1 XB", "0x"} {
		var b Size
		if err := b.Set(s); err == nil {
			t.Errorf("%q is %d", s, b)
		}
	}
	if b := Size(1 << 30); b.String() != "1GiB" {
		t.Error(b.String())
	}
}
