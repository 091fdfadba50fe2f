package role

import "testing"

func TestEntries(t *testing.T) {
	pages := "EMACS\t120\n\nERR_EXIT.\t112\n\nE\n\nEXTENDED_GLOB\t102\n\nEXTENDED_GLOB, use of\t65, 102–104\n\nEXEC\t113\n"
	sections := "ALIASES\t\t16.2.6 Input/Output\nALIAS_FUNC_DEF\t\t16.2.9 Scripts and Functions\nAUTO_CD\t\t16.2.1 Changing Directories\nAUTO_LIST\t\t16.2.2 Completion\n"
	errors := "EACCES\t13\nEADDRINUSE\t98\nEAGAIN\t11\nEBADF\t9\n"
	prose := "An index is made of the terms of 4\ndocuments, which it keeps in the order of 12\nletters. What it costs is told in section 3.1 of\nthis chapter. It ends with a sentence.\nSo does this.\n"
	for _, c := range []struct {
		titles []string
		text   string
		want   bool
	}{
		{[]string{"Options Index"}, pages, true},
		{[]string{"The Z Shell", "Index of options"}, sections, true},
		{[]string{"Table of Contents"}, "1 Introduction\t1\n1.1 Holes\t2\n2 Uses . . . . 17\nPreface\tiv\n", true},
		{[]string{"Stichwortverzeichnis"}, pages, true},
		{[]string{"索引"}, pages, true},
		{[]string{"Error numbers"}, errors, false},
		{[]string{"The register command"}, errors, false},
		{[]string{"Index"}, prose, false},
		{[]string{"Index"}, "holes\t1\n", false},
		{nil, pages, false},
	} {
		if got := Entries(c.titles, c.text); got != c.want {
			t.Errorf("under %q, %q: %t", c.titles, c.text, got)
		}
	}
}
