package ooxml

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/internal/xmlscan"
)

// style is one of paragraphs or characters.
type style struct {
	based    string
	name     string
	outline  int // 1 to 9, 0 for none
	num, lvl string
	hidden   bool
	unhidden bool // it says that it is not

	// What holds of it and of those that it is based on.
	heading     int
	quote, code bool
	resolved    bool
}

// readStyles reads the part of styles.
func (d *docx) readStyles(s *xmlscan.Scanner) error {
	var st *style
	for s.Next() {
		if s.Kind == xmlscan.End && string(s.Name()) == "w:style" {
			st = nil
		}
		if s.Kind != xmlscan.Start {
			continue
		}
		if string(s.Name()) == "w:style" {
			st = &style{}
			d.styles[s.Attr("w:styleId")] = st
			continue
		}
		if st == nil {
			continue
		}
		switch string(s.Name()) {
		case "w:name":
			st.name = strings.ToLower(s.Attr("w:val"))
		case "w:basedOn":
			st.based = s.Attr("w:val")
		case "w:outlineLvl":
			n, err := strconv.Atoi(s.Attr("w:val"))
			if err == nil && n >= 0 && n < 9 {
				st.outline = n + 1
			}
		case "w:numId":
			st.num = s.Attr("w:val")
		case "w:ilvl":
			st.lvl = s.Attr("w:val")
		case "w:vanish":
			st.hidden, st.unhidden = on(s, "w:val"), !on(s, "w:val")
		case "w:tblStylePr":
			s.Skip()
		}
	}
	return nil
}

// style is the style of an id with all that it takes from others.
func (d *docx) style(id string) *style { return d.resolve(id, 0) }

const maxBased = 30

func (d *docx) resolve(id string, depth int) *style {
	st := d.styles[id]
	if st == nil {
		return &style{}
	}
	if st.resolved || depth > maxBased {
		return st
	}
	base := &style{}
	if st.based != "" {
		base = d.resolve(st.based, depth+1)
	}
	st.resolved = true
	switch name := st.name; {
	case strings.HasPrefix(name, "heading "):
		st.heading, _ = strconv.Atoi(name[len("heading "):])
	case name == "title":
		st.heading = 1
	case name == "quote", name == "intense quote", name == "block text":
		st.quote = true
	case name == "html preformatted", name == "source code", name == "macro text":
		st.code = true
	}
	if st.heading == 0 {
		st.heading = st.outline
	}
	if st.heading == 0 {
		st.heading = base.heading
	}
	st.quote = st.quote || base.quote
	st.code = st.code || base.code
	st.hidden = st.hidden || base.hidden && !st.unhidden
	if st.num == "" {
		st.num = base.num
	}
	if st.lvl == "" {
		st.lvl = base.lvl
	}
	return st
}
