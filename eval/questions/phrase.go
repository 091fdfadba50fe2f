package questions

import (
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// numbering is what headings and titles begin with: "6.2.1. ", "Chapter 3 — ", "A. ".
var numbering = regexp.MustCompile(`^(?:(?i:chapter|section|part|appendix)\s+)?(?:\d+(?:\.\d+)*\.?|[A-Z]\.(?:\d+\.)*|[IVX]+\.)[\s:–—-]+`)

// cleaned is a heading or a title as one would say it: without numbering, marks and
// what is said of all pages of a site.
func cleaned(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	s = strings.Trim(s, "¶# *`_")
	for _, mark := range []string{" — ", " | ", " – ", " :: ", " · ", " « "} {
		if i := strings.Index(s, mark); i > 0 {
			s = s[:i]
		}
	}
	for _, mark := range []string{" Manual Page", " documentation", " Documentation"} {
		s = strings.TrimSuffix(s, mark)
	}
	s = numbering.ReplaceAllString(s, "")
	s = strings.Trim(s, " .:;,¶`*_\"“”")
	if strings.Count(s, "(") != strings.Count(s, ")") {
		s = strings.Trim(s, "()")
	}
	return s
}

// generic are headings, titles and subjects that say nothing by themselves.
var generic = map[string]bool{}

func init() {
	for w := range strings.FieldsSeq(`about abstract acknowledgements acknowledgments algorithm announcement annotations api appendix appendices arguments attributes
		author authors background backgrounds basics bibliography bugs caveats changelog changes classes code commands comments compatibility conclusion configuration constants
		constructors contents contributing contributors copyright credits data defaults definition definitions dependencies deprecated description design details diagnostics
		discussion documentation download environment errors example examples exceptions exports faq features fields files foreword format functions general getting-started
		glossary help hints history home implementation important index information input installation install interface internals introduction intro issues legal
		license licence licenses limitations links list main members message messages methods misc miscellaneous module modules motivation name names news note notes notices
		notation objects operations option options other output overview package parameters preface preliminaries prerequisites properties purpose questions quickstart rationale readme
		recipes reference references remarks requirements resources result results return returns roadmap sample scope search section security see-also semantics settings setup source
		sources standards status structure subject summary support synopsis syntax table-of-contents tables tasks terminology test testing tests text thanks tip tips title todo tools
		troubleshooting tutorial types untitled update updates usage use values variables version versions warning warnings welcome what's-new
		footnotes notice navigation further-reading external-links disclaimer quick-start how-to-use release-notes exit-status return-value return-values
		how-it-works technical-details`) {
		generic[strings.ReplaceAll(w, "-", " ")] = true
	}
}

// heads are nouns that mean something only where they stand: "the result is a …".
var heads = set(`addition address alternative answer approach argument arguments aim advantage attribute basis benefit body bytes call case cases change character characters choice code column command
	comment condition consequence contents context data default defaults definition difference disadvantage document effect element elements entry error example examples exception explanation expression
	fact field fields figure file files first flag following form format function functions goal group idea implementation index input instance intent intention item items key kind last latter former
	length line lines list location main message method methods name names need next note number object objects one option options order others output page parameter parameters part path pattern
	point possibility problem procedure process program project purpose question range reason rest result results return rule rules second section sequence set size solution source
	step steps string strings structure subject system syntax table task term text thing things third time title tool trick type types usage use user users value values variable variables version way word words work year`)

// openers begin a sentence that needs the one before it, or name nothing.
var openers = set(`this that these those it its he she they them we you i there here such another other both neither either each every any all some many most
	few several different various certain individual optional original actual resulting remaining respective one what which who when where while if unless until although though because since however therefore thus hence so then also moreover furthermore
	otherwise instead but and or nor yet only even just note see like unlike for in on at by with from to as after before once again still next finally first second
	third last lastly similarly likewise additionally alternatively accordingly consequently meanwhile please their his her your our my not no now former latter nothing everything something`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func folded(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// isGeneric says that a heading could stand over many sections.
func isGeneric(s string) bool {
	f := strings.Trim(folded(s), "?!.:")
	if strings.Contains(f, "release notes") || strings.Contains(f, "changelog") {
		return true
	}
	if generic[f] {
		return true
	}
	for _, w := range []string{"how to use", "more on ", "more about ", "new in ", "changes in ", "what's new", "version ", "example", "part ", "chapter ", "appendix", "exercise", "figure ", "table ", "listing ", "conclusion", "thanks", "acknowledg", "about this", "about the author", "what's next"} {
		if strings.HasPrefix(f, w) && !strings.HasPrefix(f, "how to use ") {
			return true
		}
	}
	words := strings.Fields(f)
	for _, w := range words {
		if !generic[w] && w != "and" && w != "&" && w != "of" && w != "the" {
			return false
		}
	}
	return true
}

// hasName says that a text holds what is not a common word: capitals inside a sentence,
// digits, marks of identifiers.
func hasName(s string) bool {
	for i, w := range strings.Fields(s) {
		w = strings.Trim(w, ".,;:()\"'“”")
		if strings.ContainsAny(w, "_./0123456789()@$") || strings.HasPrefix(w, "-") {
			return true
		}
		for k, r := range w {
			if unicode.IsUpper(r) && (i > 0 || k > 0) {
				return true
			}
		}
	}
	return false
}

// lowered is a phrase as it stands inside a sentence: without the capital of its first
// word, where the document writes that word without one too.
func lowered(d *corpus.Document, s string) string {
	first, _, _ := strings.Cut(s, " ")
	small := strings.ToLower(first)
	if small == first || first[1:] != small[1:] || !strings.Contains(d.Source, " "+small+" ") {
		return s
	}
	return small + s[len(first):]
}

// about is the question for a heading.
func about(d *corpus.Document, heading, context string, english bool) string {
	if strings.HasSuffix(heading, "?") {
		return heading + in(context, english)
	}
	if !english {
		if context == "" {
			return heading
		}
		return heading + " (" + context + ")"
	}
	first := strings.ToLower(strings.Fields(heading)[0])
	where := ""
	if context != "" {
		where = " in " + context
	}
	switch first {
	case "how", "why", "when", "where", "what", "which", "who":
		if rest, ok := strings.CutPrefix(strings.ToLower(heading[:min(7, len(heading))]), "how to "); ok && rest == "" && len(heading) > 7 {
			return "How do I " + heading[7:] + where + "?"
		}
		mark := ""
		if words := strings.Fields(heading); len(words) > 1 && auxiliaries[strings.ToLower(words[1])] {
			mark = "?"
		}
		return strings.ToUpper(heading[:1]) + heading[1:] + where + mark
	}
	_, rest, more := strings.Cut(heading, " ")
	next := strings.ToLower(strings.SplitN(rest, " ", 2)[0])
	switch {
	case !more || strings.Contains(heading, ":"):
	case strings.HasSuffix(first, "ing") && len(first) > 4 && !strings.HasSuffix(rest, "ing"):
		if heading[1:2] == strings.ToLower(heading[1:2]) { // not all capitals
			heading = strings.ToLower(heading[:1]) + heading[1:]
		}
		return "How does " + heading + " work" + where + "?"
	case imperatives[first] && (!nouns[first] || determiners[next]):
		return "How do I " + strings.ToLower(heading[:1]) + heading[1:] + where + "?"
	}
	return "What should I know about " + lowered(d, heading) + where + "?"
}

// imperatives begin a heading that is an order to do something.
var imperatives = set(`add allow apply avoid back build change check choose clean combine compare compile configure connect convert copy create customize debug define delete deploy
	disable download edit enable export extend find fix generate get handle import improve increase insert install keep limit list load make manage merge migrate monitor move
	open optimize override parse print protect prepare prevent provide publish query read receive record recover reduce register remove rename replace resolve restore retrieve
	rotate run save send serve share show skip sort specify split start stop store switch transform undo uninstall update upgrade use validate verify view wait write`)

// auxiliaries follow a question word where it asks, and does not begin a phrase.
var auxiliaries = set(`is are was were do does did can could should would will may might must has have isn't aren't don't doesn't didn't can't don’t doesn’t isn’t aren’t can’t`)

// nouns are those of the imperatives that are nouns as well.
var nouns = set(`build change check copy debug delete download edit export filter handle import insert keep limit list load manage merge monitor move override print query record register
	release remove rename run save send receive share show split start stop store switch transform uninstall update upgrade use view wait`)

// determiners tell that the word before them is a verb.
var determiners = set(`a an the your all any this that these from to with it its new multiple several one two each every`)

func in(context string, english bool) string {
	switch {
	case context == "":
		return ""
	case english:
		return " (in " + context + ")"
	}
	return " (" + context + ")"
}

// function words by which English is told; no text of some sentences lacks all of them.
var function = set(`the of to and is are a an in that for with as by be on or it this from which can not`)

// isEnglish says whether questions about a text are asked in English: by what the document
// states, else by its words.
func isEnglish(d *corpus.Document, quote string) bool {
	if !isCode(d) && d.Lang != "" {
		return d.Lang == "en"
	}
	return english(quote) || english(d.Source[:min(len(d.Source), 4000)])
}

func english(s string) bool {
	n, known := 0, 0
	for w := range strings.FieldsSeq(strings.ToLower(s)) {
		n++
		if function[w] {
			known++
		}
	}
	return known > 0 && known*10 >= n
}

// titleOf names a document in a question: its title, or of code the folder or module
// that it stands in; empty where that says nothing.
func titleOf(d *corpus.Document) string {
	t := cleaned(d.Title)
	if d.Title == path.Base(d.Path) || t == "" {
		t = strings.TrimSuffix(path.Base(d.Path), path.Ext(d.Path))
		if strings.ContainsAny(t, "0123456789") && len(t) > 12 || t == "index" || t == "." || t == "/" {
			return ""
		}
	}
	if isGeneric(t) || len(t) > 70 || len(t) < 2 {
		return ""
	}
	return t
}
