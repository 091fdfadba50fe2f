package needs

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/text"
)

// name is a word or some words of the range that may be introduced elsewhere.
type name struct {
	text  string // as the range has it
	of    string // what stands before it and a dot: the package of a function
	kind  kindOfName
	worth float64 // idf of its rarest word
	typ   string  // of what stands before the dot, where the code around says it
	what  string  // why it is looked for, where the range does not have it
}

// kindOfName says what is known of a name.
type kindOfName int

const (
	term       kindOfName = iota // words in lower case
	proper                       // capitals: a name
	identifier                   // of code
	short                        // an acronym
)

// How many names of a range are looked for.
const (
	mostNames     = 24
	mostElsewhere = 8
)

var (
	acronymForm    = regexp.MustCompile(`[\p{Lu}\d][\p{Lu}\d/&-]*\p{Lu}[\p{Lu}\d-]*s?`)
	identifierForm = regexp.MustCompile(`[\p{L}_$][\p{L}\d_]*(?:(?:\.|::|->)[\p{L}_][\p{L}\d_]*)*`)
	quotedForm     = regexp.MustCompile("`([^`\n]{2,60})`|“([^”\n]{2,60})”|\\*\\*([^*\n]{2,60})\\*\\*")
	optionForm     = regexp.MustCompile(`(?:^|[\s\[(|"'` + "`" + `])(--?[A-Za-z][\w-]+)`)
	wordForm       = regexp.MustCompile(`[\p{L}][\p{L}\d’'-]*`)
)

// names are those of the range, those that say most first.
func (p *picker) names() []name {
	s := p.text()
	var all []name
	seen := map[string]bool{}
	add := func(of, text string, kind kindOfName) {
		if text = strings.Trim(text, " \t\r\n.,;:()[]'\"’"); !strings.HasPrefix(text, "-") {
			text = strings.TrimRight(text, "-")
		}
		if utf8.RuneCountInString(text) < 2 && kind != identifier || seen[text] || text == "" {
			return
		}
		seen[text] = true
		all = append(all, name{text: text, of: of, kind: kind, worth: p.worth(text)})
	}
	code := p.isCode() && p.own.isSource()
	if code {
		s = withoutStrings(s)
	}
	for _, m := range acronymForm.FindAllStringIndex(s, -1) {
		if w := s[m[0]:m[1]]; whole(s, m[0], m[1]) && len(w) <= 10 && strings.IndexFunc(w, unicode.IsLower) < 0 || strings.HasSuffix(w, "s") && whole(s, m[0], m[1]) {
			if !acronym.MostlyUpper(s) && !code {
				add("", strings.TrimSuffix(w, "s"), short)
			}
		}
	}
	for _, m := range quotedForm.FindAllStringSubmatch(s, -1) {
		if q := cmp.Or(m[1], m[2], m[3]); strings.HasPrefix(q, "-") || !strings.ContainsAny(q, " ") {
			p.identifiers(q, true, add)
		} else {
			add("", q, term)
		}
	}
	for _, m := range optionForm.FindAllStringSubmatch(s, -1) {
		add("", strings.TrimSpace(m[1]), identifier)
		seen[strings.Trim(m[1], "-")] = true
	}
	p.identifiers(s, code, add)
	if !code {
		p.capitals(s, add)
		p.terms(s, add)
	}
	slices.SortStableFunc(all, func(a, b name) int {
		return cmp.Or(cmp.Compare(b.kind, a.kind), cmp.Compare(b.worth, a.worth))
	})
	return all[:min(len(all), mostNames)]
}

// whole says that no letter adjoins a range of a text.
func whole(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, _ := utf8.DecodeRuneInString(s[end:])
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return (start == 0 || !word(before)) && (end == len(s) || !word(after))
}

var (
	inStrings = regexp.MustCompile("\"(?:[^\"\\\\\n]|\\\\.)*\"|'(?:[^'\\\\\n]|\\\\.)*'|`[^`]*`|//[^\n]*|/\\*.*?\\*/")
	// keywords of common languages, and names that none has to introduce.
	keywords = setOf(`if else for while do switch case default break continue return goto func function def class struct enum union interface
		trait impl type var let const static final public private protected package import from export in of is not and or new delete
		try catch except finally raise throw throws with as yield async await lambda pass del global nonlocal assert true false nil null
		None True False self this super int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 float double
		char short long unsigned signed void bool boolean string byte rune error any append len cap make copy panic recover range map chan
		go defer select fallthrough close print println then fi esac done elif echo end begin extern inline register sizeof typedef volatile
		max min clear str list dict set tuple object`)
)

func setOf(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

func withoutStrings(s string) string {
	return inStrings.ReplaceAllStringFunc(s, func(m string) string { return strings.Repeat(" ", len(m)) })
}

// identifiers adds those of a text: all of code, in prose those that no word looks like.
func (p *picker) identifiers(s string, code bool, add func(of, text string, kind kindOfName)) {
	for _, m := range identifierForm.FindAllStringIndex(s, -1) {
		if !whole(s, m[0], m[1]) {
			continue
		}
		parts := strings.FieldsFunc(s[m[0]:m[1]], func(r rune) bool { return r == '.' || r == ':' || r == '-' || r == '>' })
		for i, w := range parts {
			called := i == len(parts)-1 && strings.HasPrefix(s[m[1]:], "(")
			looks := strings.Contains(w, "_") || innerCapital(w) || called || len(parts) > 1 && i > 0 && unicode.IsUpper([]rune(w)[0])
			if keywords[w] || !code && (!looks || len(w) < 3) || i < len(parts)-1 && p.own.imports(w) {
				continue
			}
			of := ""
			if i > 0 {
				of = parts[i-1]
			}
			add(of, w, identifier)
		}
	}
}

// innerCapital says that a word has a capital behind a small letter.
func innerCapital(w string) bool {
	small := false
	for _, r := range w {
		if small && unicode.IsUpper(r) {
			return true
		}
		small = small || unicode.IsLower(r)
	}
	return false
}

// capitals adds runs of capitalised words that no sentence begins with.
func (p *picker) capitals(s string, add func(of, text string, kind kindOfName)) {
	words := wordForm.FindAllStringIndex(s, -1)
	upper := func(i int) bool {
		r, _ := utf8.DecodeRuneInString(s[words[i][0]:])
		return unicode.IsUpper(r)
	}
	for i := 0; i < len(words); {
		if !upper(i) {
			i++
			continue
		}
		j := i + 1
		for j < len(words) && j-i < 6 && strings.TrimLeft(s[words[j-1][1]:words[j][0]], " \n") == "" && (upper(j) || j+1 < len(words) && upper(j+1) && slices.Contains([]string{"of", "the", "and", "for", "de", "von"}, s[words[j][0]:words[j][1]])) {
			j++
		}
		begins := i == 0 || strings.ContainsAny(strings.TrimSpace(s[words[i-1][1]:words[i][0]]), ".!?:")
		if begins && j > i+1 && !innerCapital(s[words[i][0]:words[i][1]]) && text.DetectLanguage(s) != "de" && commonBeginning[strings.ToLower(s[words[i][0]:words[i][1]])] {
			i++
		}
		if w := ownerOf(s[words[i][0]:words[j-1][1]]); (!begins || j > i+1) && len(w) > 2 {
			add("", w, proper)
		}
		i = j
	}
}

// ownerOf is a name without the ending of a genitive: "Falcot's".
func ownerOf(w string) string {
	return strings.TrimSuffix(strings.TrimSuffix(w, "'s"), "’s")
}

var commonBeginning = setOf(`the a an this that these those in on at of for from to by with if when while as and but or it its we you he she they
	there here all any some no not both each every after before since until because though although however thus so then`)

// terms adds the words of a text in lower case, and pairs and triples of them.
func (p *picker) terms(s string, add func(of, text string, kind kindOfName)) {
	words, least := wordForm.FindAllStringIndex(s, -1), p.leastWorth()
	says := func(i int) bool {
		w := s[words[i][0]:words[i][1]]
		return len(w) >= 4 && p.worth(w) > least && w == strings.ToLower(w)
	}
	for n := 3; n >= 1; n-- {
		for i := 0; i+n <= len(words); i++ {
			run := s[words[i][0]:words[i+n-1][1]]
			if !says(i+n-1) || !says(i) || strings.ContainsAny(run, "\n.,;:()") {
				continue
			}
			add("", run, term)
		}
	}
}

// leastWorth is the idf that a word has which says something: at most one passage in
// thirty has it; in an index of few, few.
func (p *picker) leastWorth() float64 { return min(3.5, p.IDF("\x00")/3) }

// worth is the idf of the rarest word of a name.
func (p *picker) worth(name string) float64 {
	terms, err := p.Terms(name)
	if err != nil {
		return 0
	}
	most := 0.0
	for _, t := range terms {
		most = max(most, p.IDF(t.Text))
	}
	return most
}

// named picks where the names of the range are introduced.
func (p *picker) named(ctx context.Context) error {
	if p.first == len(p.own.sentences) {
		return nil
	}
	var open []name
	found := ""
	all := p.names()
	if p.isCode() {
		all = append(all, p.typedNames(all)...)
	}
	for _, n := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.Contains(found, " "+strings.ToLower(n.text)+" ") && n.kind == term {
			continue // a part of one that was found
		}
		in, first := p.introduced(p.own, n)
		switch {
		case in.strength >= strong:
			p.introduce(p.own, in, n, defined)
			found += " " + strings.ToLower(n.text) + " "
		case in.strength == medium:
			p.introduce(p.own, in, n, local)
		default:
			if first >= 0 && first < p.first && n.kind == proper {
				p.addSentence(p.own, first, mentioned, "where "+n.text+" is first named")
			}
			if n.kind != term || strings.Contains(n.text, " ") { // also what was only named before
				open = append(open, n)
			}
		}
	}
	slices.SortStableFunc(open, func(a, b name) int {
		return cmp.Or(cmp.Compare(btoi(b.kind == short), btoi(a.kind == short)), cmp.Compare(b.worth, a.worth))
	})
	return p.elsewhere(ctx, open[:min(len(open), mostElsewhere)])
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
