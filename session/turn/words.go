package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/text"
)

// list is a set of words.
func list(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var (
	pronouns   = list("it its it's it’s itself they them their theirs themselves he him his she her hers this these those")
	persons    = list("he him his she her hers")
	articles   = list("a an the")
	actors     = list("to i you we they it he she people can could should would will may might do does did not really ever never always also")
	relative   = list("it's it’s") // "describe it's growth" and "it's good": both stand for a thing
	shortened  = list("there then instead so other others another same similar else more difference compare different both first")
	prepared   = list("of about for in on at to from with by between during behind around against than")
	bare       = list("and or but also how what why when where who which about is are was were do does did can could the a an any some")
	definition = []string{"tell me about", "tell me more about", "what is", "what are", "what was", "what were", "who is", "who was", "who were",
		"describe", "explain", "i'm interested in", "i would like to learn about", "i want to know about", "what causes", "what's"}
	// general are words that say something about a thing and seldom name one, in any form.
	general = terms(`type types kind kinds sort difference differences history role effect effects cause causes symptom symptoms
		characteristic feature features advantage advantages disadvantage disadvantages benefit benefits example examples origin origins purpose purposes
		function functions importance impact impacts influence influences reason reasons way ways thing things fact facts part parts method methods main important importantly
		best good bad better worse common popular famous different similar many much long first last new old big biggest large largest make
		made get got start started use used work works happen happened compare cost costs treatment treatments risk risks problem problems issue
		pros cons name names mean meaning definition term known know learn development evidence theory people person time year years day number
		place places side major typical average interesting possible other related relate relates work working works living lives lived live called need needed help
		difference affect affects cause describe change changed begin begins end ends`)
)

func terms(words string) map[string]bool {
	out := map[string]bool{}
	an := english().Clone()
	for _, t := range an.Terms(nil, words) {
		out[t] = true
	}
	return out
}

// saysLittle says that a word is general; who or what does something is not: an importer is
// not what is important, though both have one stem.
func saysLittle(term, surface string) bool {
	for _, doer := range []string{"er", "ers", "or", "ors"} {
		if strings.HasSuffix(surface, doer) && !ownForm[surface] {
			return false
		}
	}
	return general[term]
}

var ownForm = list("better major number other others over differ differs")

// word is one that says what a question is about.
type word struct {
	term       string
	start, end int
	general    bool
	capital    bool // and not because a sentence begins there
	after      bool // a preposition or "about"
	verb       bool // looks like one: "to visit", "do I save", "was developed"
	subject    bool // stands in what the question defines, or after an article
}

// said is what a turn asks, read once.
type said struct {
	text      string
	words     []word
	tokens    []string // all words, in lower case
	pronoun   bool
	person    bool
	shortened bool // "the first", "another one", "what about …"
	defines   bool
	article   bool // "the …"
	names     bool // has a name in capitals
}

// tokensOf are the words of a text in lower case, each with where it starts.
func tokensOf(s string) (tokens []string, starts []int) {
	for at := 0; at < len(s); {
		r, n := utf8.DecodeRuneInString(s[at:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			at += n
			continue
		}
		end := at
		for end < len(s) {
			r, n := utf8.DecodeRuneInString(s[end:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’' {
				break
			}
			end += n
		}
		tokens, starts = append(tokens, strings.ToLower(s[at:end])), append(starts, at)
		at = end
	}
	return tokens, starts
}

// read reads a question.
func read(an *text.Analyzer, question string) *said {
	s := &said{text: question}
	tokens, starts := tokensOf(question)
	s.tokens = tokens
	var backs []int            // where pronouns stand
	before := map[int]string{} // the token before the one that starts there
	for i, t := range tokens {
		if i > 0 {
			before[starts[i]] = tokens[i-1]
		}
		switch {
		case pronouns[t], relative[t]:
			backs = append(backs, starts[i])
			s.person = s.person || persons[t]
		case (t == "that" || t == "one" || t == "ones") && (i == len(tokens)-1 || bare[tokens[i+1]]):
			backs = append(backs, starts[i])
		case shortened[t]:
			s.shortened = true
		case t == "the":
			s.article = true
		}
	}
	lead := strings.Join(tokens, " ")
	s.shortened = s.shortened || strings.HasPrefix(lead, "what about") || strings.HasPrefix(lead, "how about") || strings.HasPrefix(lead, "and ")
	about := -1
	for _, d := range definition {
		if strings.HasPrefix(lead, d+" ") {
			about = max(about, len(strings.Fields(d)))
		}
	}
	var defined []int // where what is defined begins
	if about >= 0 && about < len(starts) {
		defined = starts[about:]
	}
	an.EachContent(question, func(term string, start, end int) {
		previous := before[start]
		w := word{term: term, start: start, end: end, general: saysLittle(term, strings.ToLower(question[start:end])), after: prepared[previous]}
		surface := strings.ToLower(question[start:end])
		w.verb = actors[previous] || strings.HasSuffix(surface, "ed") && !articles[previous]
		k := len(s.words)
		w.subject = articles[previous] || len(defined) > 0 && strings.HasPrefix(question[defined[0]:], question[start:]) ||
			k > 0 && s.words[k-1].subject && s.words[k-1].adjoins(w, question)
		r, _ := utf8.DecodeRuneInString(question[start:])
		w.capital = unicode.IsUpper(r) && !sentenceBegins(question[:start])
		w.capital = w.capital || strings.ContainsAny(question[start:end], "._0123456789") || inner(question[start:end])
		s.names = s.names || w.capital
		s.words = append(s.words, w)
	})
	for _, at := range backs {
		s.pronoun = s.pronoun || !s.inside(at)
	}
	if about >= 0 && !s.pronoun {
		named, of := 0, 0
		for _, w := range s.words {
			if w.general {
				of++
			} else {
				named++
			}
		}
		// "What is throat cancer?" defines; "what are the main types" does not, nor does "the
		// role of X in Y" as such.
		s.defines = named > 0 && (about >= len(tokens) || tokens[about] != "the" || s.names && of == 0)
	}
	return s
}

// inside says that a pronoun stands for something that the question itself named before, in
// another clause: "what is the Galileo system, and why is it important?"
func (s *said) inside(at int) bool {
	for _, w := range s.words {
		if w.end > at {
			break
		}
		between := " " + strings.ToLower(s.text[w.end:at])
		if !w.general && (strings.ContainsAny(between, ",;.?!") || strings.Contains(between, " and ")) {
			return true
		}
	}
	return false
}

// inner says that a word has a capital inside, as names of things do.
func inner(w string) bool {
	r, n := utf8.DecodeRuneInString(w)
	return unicode.IsLetter(r) && strings.ContainsFunc(w[n:], unicode.IsUpper)
}

func sentenceBegins(before string) bool {
	before = strings.TrimRight(before, " \t\r\n\"'“‘(")
	return before == "" || strings.ContainsRune(".?!:", rune(before[len(before)-1]))
}
