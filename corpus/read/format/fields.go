package format

import (
	"fmt"
	"strings"
)

// Fields are the keys of records that hold what a document has: "id", "title", "text"
// and "time". A key of an object in an object has dots between its parts; several
// keys of the text have plus signs between them.
type Fields map[string]string

// ParseFields reads "id=key,title=summary,text=body,time=created_at", each at most once;
// "" is none.
func ParseFields(s string) (Fields, error) {
	if s == "" {
		return nil, nil
	}
	f := Fields{}
	for pair := range strings.SplitSeq(s, ",") {
		name, key, _ := strings.Cut(pair, "=")
		name, key = strings.TrimSpace(name), strings.TrimSpace(key)
		switch name {
		case "id", "title", "text", "time":
		default:
			return nil, fmt.Errorf("field %q is none of id, title, text and time, as in id=key,text=body", name)
		}
		if key == "" || f[name] != "" {
			return nil, fmt.Errorf("field %q has no key, or two: a field is written as %s=KEY", name, name)
		}
		f[name] = key
	}
	return f, nil
}
