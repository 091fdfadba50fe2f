package turn

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	for question, want := range map[string][]string{
		"How does Debian Policy treat dpkg-reconfigure?": {"Debian Policy", "dpkg-reconfigure"},
		"What is AppArmor's profile?":                    {"AppArmor"},
		"Is RAID-1 or LVM better than ext4?":             {"RAID-1", "LVM", "ext4"},
		"DNS resolves what?":                             {"DNS"},
		"How do I sleep?":                                nil,
		"":                                               nil,
		"Run `tamis index` now. Then New York Times, Oslo": {"tamis index", "New York Times", "Oslo"},
		"- Pods\n* Nodes run Pods":                         {"Pods"},
	} {
		if got := Names(question); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", question, got, want)
		}
	}
}
