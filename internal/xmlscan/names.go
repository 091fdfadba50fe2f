package xmlscan

import (
	"bytes"
	"strings"
)

type attr struct{ name, value []byte }

type binding struct {
	prefix, canon string
	depth         int
}

// Attr is the value of an attribute of the element that starts, by its name with its
// canonical prefix; empty where there is none.
func (s *Scanner) Attr(name string) string {
	v, _ := s.Lookup(name)
	return v
}

// Lookup is Attr, and says whether there is such an attribute.
func (s *Scanner) Lookup(name string) (string, bool) {
	v := s.Raw(name)
	if v == nil {
		return "", false
	}
	if bytes.IndexByte(v, '&') < 0 && bytes.IndexByte(v, '\n') < 0 && bytes.IndexByte(v, '\r') < 0 {
		return string(v), true
	}
	t, err := unescape(nil, v)
	if err != nil && s.err == nil {
		s.err = s.wrong("%s", err)
	}
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(string(t)), true
}

// Raw is the value as it is written: for those that are numbers. It holds until
// Next; nil where there is none.
func (s *Scanner) Raw(name string) []byte {
	for i := range s.attrs {
		a := &s.attrs[i]
		if string(a.name) == name {
			return a.value
		}
	}
	if s.aliased {
		for i := range s.attrs {
			if n := s.attrs[i].name; bytes.IndexByte(n, ':') >= 0 && s.canonical(n) == name {
				return s.attrs[i].value
			}
		}
	}
	return nil
}

func (s *Scanner) attributes(t []byte) bool {
	s.attrs = s.attrs[:0]
	for {
		i := 0
		for i < len(t) && isSpace(t[i]) {
			i++
		}
		if i == len(t) {
			return true
		}
		if t = t[i:]; i == 0 {
			s.err = s.wrong("attributes are not parted: %.40q", t)
			return false
		}
		i = bytes.IndexByte(t, '=')
		if i <= 0 {
			s.err = s.wrong("an attribute has no value: %.40q", t)
			return false
		}
		name := bytes.TrimRight(t[:i], " \t\r\n")
		t = bytes.TrimLeft(t[i+1:], " \t\r\n")
		if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n<\"'") || len(t) < 2 || t[0] != '"' && t[0] != '\'' {
			s.err = s.wrong("an attribute is not quoted: %.40q", t)
			return false
		}
		j := bytes.IndexByte(t[1:], t[0])
		if j < 0 || len(s.attrs) == maxAttrs {
			s.err = s.wrong("an attribute does not end, or there are more than %d", maxAttrs)
			return false
		}
		value := t[1 : 1+j]
		t = t[j+2:]
		s.attrs = append(s.attrs, attr{name, value})
		if bytes.HasPrefix(name, []byte("xmlns")) {
			s.bind(string(name), string(value))
		}
	}
}

// bind notes the namespace of a prefix in the element that starts.
func (s *Scanner) bind(name, uri string) {
	prefix, isPrefix := strings.CutPrefix(name, "xmlns:")
	if !isPrefix {
		if name != "xmlns" {
			return
		}
		prefix = ""
	}
	canon, known := s.canon[uri]
	if !known {
		canon = prefix
		for _, c := range s.canon {
			if c == prefix && prefix != "" {
				canon = "_" + prefix
			}
		}
		if prefix == "" {
			for _, c := range s.canon {
				if c == "" {
					canon = "_" // names without a prefix are another namespace's
				}
			}
		}
	}
	s.bindings = append(s.bindings, binding{prefix, canon, s.Depth})
	s.aliased = s.aliased || canon != prefix
}

// canonical is a name with the prefix by which it is known.
func (s *Scanner) canonical(raw []byte) string {
	prefix, local, ok := bytes.Cut(raw, []byte(":"))
	if !ok {
		prefix, local = nil, raw
	}
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if b := &s.bindings[i]; b.prefix == string(prefix) {
			if b.canon == "" {
				return string(local)
			}
			if b.canon == b.prefix {
				break
			}
			return b.canon + ":" + string(local)
		}
	}
	return string(raw)
}
