package format

import "strings"

// IsAside says that a text is what manuals call their notes, such as "Caution:", and nothing else. It heads
// no section: what follows begins with it.
func IsAside(text string) bool {
	switch strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), ":")) {
	case "note", "caution", "warning", "tip", "important", "danger", "hint", "attention":
		return true
	}
	return false
}
