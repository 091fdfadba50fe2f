package tamis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// polyglot is an index with the same few facts in five languages, and enough of
// each that none is rare.
func polyglot(t *testing.T, languages ...string) *tamis.Index {
	t.Helper()
	texts := map[string][]string{
		"de": {"Der Müller prüft das Sieb, wenn das Mehl zu grob ist. Die Grenzen für die Korngröße stehen auf der Tafel.", "Die Glocke wird nicht von Hand geläutet, sondern von dem Wind, der durch das Tal geht.",
			"Ein Bäcker hat für die Sicherung der Öfen einen Schlüssel, und der hängt bei dem Tor."},
		"en": {"The miller checks the sieve when the flour is too coarse. The limits for the grain are on the board.", "The bell is not rung by hand but by the wind that goes through the valley.",
			"A baker has a key for the ovens, and it hangs by the gate."},
		"fr": {"Le meunier vérifie le tamis quand la farine est trop grossière. Les limites sont sur le tableau.", "La cloche n'est pas sonnée à la main mais par le vent qui passe dans la vallée.",
			"Un boulanger a une clé pour les fours, et elle est près de la porte élevée du réseau."},
		"ja": {"粉が粗すぎる時、粉屋はふるいを点検します。粒の限度は板に書いてあります。", "鐘は手ではなく、谷を通る風で鳴らされます。", "パン屋は窯の鍵を持っていて、それは門のそばに掛かっています。"},
		"zh": {"面粉太粗时，磨坊主检查筛子。颗粒的限度写在木板上。", "钟不是用手敲的，而是被山谷里的风吹响的。", "面包师有炉子的钥匙，它挂在大门旁边。"},
	}
	ix := open(t, "")
	var docs []tamis.Document
	for _, l := range languages {
		for i, s := range texts[l] {
			docs = append(docs, tamis.Document{ID: fmt.Sprint(l, i), Source: s})
		}
	}
	add(t, ix, docs...)
	return ix
}

// TestLanguages: without a word about languages, a question in each finds the text
// in it first, compounds by their parts and accents or none.
func TestLanguages(t *testing.T) {
	ix := polyglot(t, "de", "en", "fr", "ja", "zh")
	for question, want := range map[string]string{
		"Wo stehen die Korngrößengrenzen?":     "de0",
		"Ofensicherung":                        "de2",
		"Wer läutet die Glocke im Tal?":        "de1",
		"Where are the limits of the grain?":   "en0",
		"who rings the bells of the valleys?":  "en1",
		"Qui sonne les cloches de la vallee ?": "fr1",
		"Où est la clé des fours ?":            "fr2",
		"reseau eleve":                         "fr2",
		"ふるいを点検するのは誰ですか":                       "ja0",
		"谷の風で鳴るものは何ですか":                        "ja1",
		"窯の鍵はどこにありますか":                         "ja2",
		"谁检查筛子?":                               "zh0",
		"炉子的钥匙挂在哪里?":                           "zh2",
		"风如何吹响钟?":                              "zh1",
	} {
		res, err := ix.Search(t.Context(), tamis.Query{Text: question, K: 3})
		if err != nil || len(res.Hits) == 0 || res.Hits[0].Doc != want {
			t.Errorf("%q: %v, %v, want %s first", question, res, err, want)
		}
		c, err := ix.Context(t.Context(), question, tamis.Budget{Tokens: 60})
		if err != nil || len(c.Spans) == 0 {
			t.Errorf("%q: no context, %v", question, err)
		}
	}
}

// TestLanguageHint: who asks in a language that hardly any text has is told; of
// texts that they see.
func TestLanguageHint(t *testing.T) {
	ix := polyglot(t, "en", "fr")
	for question, want := range map[string]string{
		"Wie oft wird die Glocke geläutet, und von wem?": "the question looks German, the texts are mostly English: ask in English; in German only",
		"谁检查筛子?": "the question looks Chinese, ",
		"Who rings the bell of the valley, and when?":  "",
		"Qui est près de la porte et dans la vallée ?": "",
		"bell wind valley": "",
	} {
		hint, err := ix.LanguageHint(question, tamis.Scope{})
		if err != nil || want == "" && hint != "" || !strings.HasPrefix(hint, want) {
			t.Errorf("%q: %q, %v", question, hint, err)
		}
	}
	hint, err := ix.LanguageHint("Who rings the bell of the valley, and when?", tamis.Scope{Filter: `lang = "fr"`})
	if err != nil || !strings.Contains(hint, "mostly French") {
		t.Errorf("within the French texts: %q, %v", hint, err)
	}
}
