package text

import (
	"slices"
	"strings"
	"testing"
)

// TestCompounds: a compound is split where all of its parts are words that an index
// holds, linking letters or none between them.
func TestCompounds(t *testing.T) {
	german := "Speicherplatz Grenzen Festplatte Abbild Netz Werk Netzwerk Datei System Dateisystem Sicherung Regeln Passwort Wort Verwaltung Reihe Folge über"
	for _, c := range []struct{ analyzer, vocabulary, question, want string }{
		{"german", german, "Wie groß sind die Speicherplatzgrenzen?", "speicherplatz grenz"},
		{"german", german, "das Festplattenabbild", "festplatt abbild"},
		{"german", german, "Sicherungsregeln", "sicher regeln"},
		{"german", german, "Netzwerkdateisystem", "netzwerk dateisyst"},
		{"german", german, "PASSWORTVERWALTUNG", "passwort verwalt"},
		{"german", german, "Benutzerverwaltung Donaudampfschifffahrt", ""},
		{"german", german, "Datei Netz über", ""},
		{"dutch", "bestand systeem beheer wachtwoord", "bestandssysteem wachtwoordbeheer", "bestand system wachtwoord beher"},
		{"english", "file system", "filesystem", ""},
		{"german", "ab", strings.Repeat("ab", 300), ""},
	} {
		an, err := NewAnalyzer(c.analyzer)
		if err != nil {
			t.Fatal(err)
		}
		df := map[string]int{}
		for _, w := range an.Terms(nil, c.vocabulary) {
			df[w]++
		}
		var got []string
		for _, w := range an.Compounds(c.question) {
			counts := make([]int, len(w.Terms))
			for i, term := range w.Terms {
				counts[i] = df[term]
			}
			got = append(got, w.Split(counts)...)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s %q: %q, want %q", c.analyzer, c.question, s, c.want)
		}
	}
}

func TestAskedIn(t *testing.T) {
	for _, c := range []struct{ analyzer, lang, question, want string }{
		{"english", "de", "Wie ändere ich die Größe?", "ander große"},
		{"english", "en", "How do I change the size?", "chang size"},
		{"english", "", "Wie ändere ich die Größe?", "wie ander ich die große"},
		{"german", "en", "How do I change the size?", "chang siz"},
		{"german", "de", "Wie ändere ich die Größe?", "and gross"},
		{"lucene-english", "de", "die Stadt", "die stadt"},
		{"english", "zh", "如何修改", "何修 修改"},
		{"english", "ja", "これはファイルですか", "はフ ファ ァイ イル ルで"},
		{"english", "ja", "ですか", "です すか"},
		{"french", "fr", "le reseau est ou ?", "reseau"},
		{"french", "fr", "les réseaux", "reseau"},
		{"english", "fr", "Qu'est-ce que le réseau ?", "reseau"},
		{"english", "fr", "qu’est-ce qu'OpenLDAP", "qu'openldap"},
	} {
		an, err := NewAnalyzer(c.analyzer)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(an.AskedIn(nil, c.question, c.lang), " "); got != c.want {
			t.Errorf("%s, a question in %q, %q: %q, want %q", c.analyzer, c.lang, c.question, got, c.want)
		}
		if c.lang == "en" && c.analyzer == "english" && !slices.Equal(an.AskedIn(nil, c.question, c.lang), an.QueryTerms(nil, c.question)) {
			t.Error("English is asked otherwise")
		}
	}
}
