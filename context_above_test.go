package tamis_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tamis "github.com/tamis-search/tamis"
)

// contextOf is the context for a question of files.
func contextOf(t *testing.T, files map[string]string, question string, budget int) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ix := open(t, "")
	if _, err := ix.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := ix.Context(t.Context(), question, tamis.Budget{Tokens: budget, Counter: "o200k_base"})
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ix.Replay(t.Context(), c, tamis.Scope{}); err != nil || again != c.Text {
		t.Errorf("replays as %q, %v", again, err)
	}
	return c.Text
}

// holds says that a text has lines in this order.
func holds(text string, lines ...string) bool {
	for _, line := range lines {
		i := strings.Index(text, line)
		if i < 0 {
			return false
		}
		text = text[i+len(line):]
	}
	return true
}

// TestKeysLeadToValues: a value of nested data comes with the keys that lead to it, and
// not with those beside it, also where these stand far above.
func TestKeysLeadToValues(t *testing.T) {
	var yaml, json, toml, xml strings.Builder
	yaml.WriteString("harbours:\n  north:\n    berths:\n")
	json.WriteString(`{"harbours": {"north": {"berths": [`)
	toml.WriteString("title = \"harbours\"\n")
	xml.WriteString("<harbours>")
	for i := range 300 {
		quay := []string{"basalt", "granite", "timber"}[i%3]
		fmt.Fprintf(&yaml, "      - name: pier%d\n        built: %d\n        surface: %s planks laid crosswise over iron girders\n        crane:\n          lifts: %d tons at the outermost reach of its arm\n          serial: CR-%d-%d\n        keeper: somebody who lives in house number %d\n", i, 1800+i, quay, i+3, i, i*7, i)
		fmt.Fprintf(&json, `%s{"name": "pier%d", "built": %d, "surface": "%s planks laid crosswise over iron girders", "crane": {"lifts": "%d tons at the outermost reach of its arm", "serial": "CR-%d-%d"}, "keeper": "somebody who lives in house number %d"}`, []string{"", ","}[min(i, 1)], i, 1800+i, quay, i+3, i, i*7, i)
		fmt.Fprintf(&toml, "\n[north.pier%d]\nbuilt = %d\nsurface = \"%s planks laid crosswise over iron girders\"\nlifts = \"%d tons at the outermost reach of its arm\"\nserial = \"CR-%d-%d\"\nkeeper = \"somebody who lives in house number %d\"\n", i, 1800+i, quay, i+3, i, i*7, i)
		fmt.Fprintf(&xml, `<pier id="pier%d"><built>%d</built><surface>%s planks laid crosswise over iron girders</surface><crane><lifts>%d tons at the outermost reach of its arm</lifts><serial>CR-%d-%d</serial></crane><keeper>somebody who lives in house number %d</keeper></pier>`, i, 1800+i, quay, i+3, i, i*7, i)
	}
	json.WriteString("]}}}")
	xml.WriteString("</harbours>")
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"a.yaml": {yaml.String(), []string{"harbours:", "  north:", "    berths:", "      - name: pier240", "crane", "243 tons"}},
		"a.json": {json.String(), []string{`{"harbours": {`[1:], `"north": {`, `"berths": [`, `{"name": "pier240"`, "243 tons"}},
		"a.toml": {toml.String(), []string{"[north.pier240]", "243 tons"}},
		"a.xml":  {xml.String(), []string{`<pier id="pier240">`, "243 tons"}},
	} {
		got := contextOf(t, map[string]string{name: c.body}, "how many tons lifts the crane of pier240", 90)
		if !holds(got, c.want...) {
			t.Errorf("%s: the keys do not lead to the value:\n%s", name, got)
		}
		if strings.Contains(got, "242 tons") || strings.Contains(got, "244 tons") {
			t.Errorf("%s: what stands beside it is there too:\n%s", name, got)
		}
	}
}

// TestLettersAreSigned: what a mail says comes with who wrote it to whom and when, once,
// and what a later mail quotes of it gives way to it.
func TestLettersAreSigned(t *testing.T) {
	said := "The lock gates are painted green on the second Thursday of October, weather permitting."
	filler := strings.Repeat("Nothing else of note was decided about boats, ropes or the kettle in the shed. ", 60)
	mbox := "From ann@example.org Mon Jun  1 10:00:00 2009\nFrom: Ann Alder <ann@example.org>\nTo: Bob Birch <bob@example.org>, " + strings.Repeat("Crew <crew@example.org>, ", 20) + "Cy <cy@example.org>\n" +
		"Date: Mon, 1 Jun 2009 10:00:00 +0000\nSubject: Paint\nMessage-ID: <1@example.org>\n\n" + filler + "\n\n" + said + "\n\n" + filler + "\n\n" +
		"From bob@example.org Tue Jun  2 10:00:00 2009\nFrom: Bob Birch <bob@example.org>\nTo: Ann Alder <ann@example.org>\nDate: Tue, 2 Jun 2009 11:00:00 +0000\nSubject: Re: Paint\n\n" +
		"Fine with me.\n\nOn Monday Ann wrote:\n> " + said + "\n"
	got := contextOf(t, map[string]string{"a.mbox": mbox}, "when are the lock gates painted green", 110)
	if !holds(got, "Paint", "From: Ann Alder", "To: Bob Birch", "Date: Mon, 01 Jun 2009", said) || strings.Count(got, "Ann Alder <") != 1 || strings.Count(got, said) != 1 {
		t.Errorf("not signed:\n%s", got)
	}
	if strings.Contains(got, "> The lock gates") || strings.Contains(got, "Cy <") {
		t.Errorf("a quotation, or all who were written to:\n%s", got)
	}
}

// TestNumbersAreFound: digits in groups ask for plain ones, and the other way round.
func TestNumbersAreFound(t *testing.T) {
	files := map[string]string{"a.csv": "town,people\nUpton,35000\nDownton,21500\n", "b.txt": "The reservoir at Hilltop holds 48,750 barrels of water.\n"}
	if got := contextOf(t, files, "which town has 35,000 inhabitants", 30); !strings.Contains(got, "Upton") {
		t.Errorf("not found:\n%s", got)
	}
	if got := contextOf(t, files, "48750", 30); !strings.Contains(got, "Hilltop") {
		t.Errorf("not found:\n%s", got)
	}
}
