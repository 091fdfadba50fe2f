package score

import (
	"regexp"
	"strings"
)

// tongue is how a language asks what a thing is, and says it.
type tongue struct {
	// asks matches questions; its group is the thing.
	asks []*regexp.Regexp
	// says matches the sentence that says what %s is; begins, articles it may begin with.
	says []string
	// parts are words that the name of no thing has: the question asks for something of one.
	parts *regexp.Regexp
}

const (
	opening = `["“”„«»'‘’‚` + "`" + `]{0,2}\s?`
	thing   = opening + `([^?"“”„«»]+?)\s?["“”»«'‘’` + "`" + `]{0,2}`
)

func asking(forms ...string) (all []*regexp.Regexp) {
	for _, f := range forms {
		all = append(all, regexp.MustCompile(`(?i)^\s*`+strings.ReplaceAll(f, "THING", thing)+`\s*\??\s*$`))
	}
	return all
}

// tongues are those beside English.
var tongues = []tongue{
	{ // German
		asks: asking(`(?:und )?(?:was|wer) (?:genau )?(?:ist|sind|war|waren)(?: (?:eigentlich|genau))?(?: (?:ein|eine|einen|der|die|das))? THING`,
			`was (?:bedeutet|heißt|bezeichnet|meint)(?: (?:ein|eine|der|die|das|der begriff))? THING`, `wofür steht(?: (?:die abkürzung|der begriff))? THING`,
			`was versteht man unter(?: (?:einem|einer|dem|der|den))? THING`, `(?:definition|bedeutung) (?:von|des begriffs) THING`),
		says: []string{
			`(?:(?:der|die|das|ein|eine|diese[rs]?) )?NAME (?:ist|sind|war|waren)(?:, [^,.;]{1,40},)?(?: \pL+){0,2} (?:ein|eine|einer|eines|der|die|das|kurz|Software|Abkürzung|sowohl|jene[rs]?|dafür)(?:\PL|$)`,
			`(?:(?:der|die|das|ein|eine) )?NAME (?:bedeutet|bezeichnet|bezeichnen|steht für|stehen für|beschreibt|dient|dienen|besteht aus|umfasst|ermöglicht|entspricht)(?:\PL|$)`,
			`(?:unter|als)(?: (?:ein|eine|einem|einer|dem|der))? NAME (?:versteht|bezeichnet|wird|werden)(?:\PL|$)`,
			`bei(?: (?:dem|der|den|einem|einer))? NAME handelt es sich(?:\PL|$)`},
		parts: regexp.MustCompile(`(?i)(?:^|\s)(?:des|von|vom|im|in|für|mit|bei|zur|zum|zwischen|dies\pL*|es|mein\pL*|dein\pL*|falsch|wenn|unterschied|hauptstadt)(?:\s|$)`),
	},
	{ // French
		asks: asking(`(?:et )?qu['’]est[- ]ce qu(?:e |['’])(?:c['’]est qu(?:e |['’]))?(?:(?:le|la|les|un|une|des|du) |l['’])?THING`,
			`(?:c['’]est quoi|qui (?:est|était|sont)) (?:(?:le|la|les|un|une|des) |l['’])?THING`, `que (?:signifie(?:nt)?|veut dire|désigne)(?: (?:le (?:terme|mot|sigle)|l['’]acronyme|l['’]abréviation))? (?:(?:le|la|les|un|une) |l['’])?THING`,
			`(?:définition|signification) (?:du terme |du mot |d['’]une? |de (?:la |l['’])?|du |des |d['’])THING`),
		says: []string{
			`(?:(?:le|la|les|un|une|ce|cette) |l['’])?NAME (?:est|sont|était|étaient|fut)(?:, [^,.;]{1,40},)?(?: \pL+){0,1} (?:(?:un|une|des|le|la|les|du|ce|celui|celle|en)(?:\PL|$)|l['’]|d['’])`,
			`(?:(?:le|la|les|un|une) |l['’])?NAME (?:signifie|désigne|désignent|représente|décrit|correspond|consiste|permet|permettent|constitue|regroupe|se compose|sert)(?:\PL|$)`,
			`(?:on appelle|le terme|le sigle|le mot)(?: (?:le|la|un|une))? NAME(?:\PL|$)`},
		parts: regexp.MustCompile(`(?i)(?:^|\s)(?:de|du|des|dans|pour|avec|sur|entre|en|ce|cette|ça|mon|ton|votre|se|qui|que)(?:\s|$)|(?:^|\s)d['’]`),
	},
	{ // Spanish
		asks: asking(`¿?\s*(?:y )?(?:qué|que|quién|quien) (?:es|son|era|fue|eran)(?: exactamente)?(?: (?:un|una|el|la|los|las|unos|unas))? THING`,
			`¿?\s*(?:qué|que) (?:significan?|quiere decir|se entiende por)(?: (?:un|una|el|la|el término|la palabra|las siglas))? THING`,
			`¿?\s*a qué se refiere(?: (?:un|una|el|la|el término))? THING`, `(?:definición|significado) (?:de(?: (?:la|los|las|un|una))?|del) THING`),
		says: []string{
			`(?:(?:el|la|los|las|un|una|este|esta) )?NAME (?:es|son|era|eran|fue)(?:, [^,.;]{1,40},)?(?: \pL+){0,1} (?:un|una|unos|unas|el|la|los|las|lo|otra?|aquel|aquella)(?:\PL|$)`,
			`(?:(?:el|la|los|las|un|una) )?NAME (?:significan?|se refiere a|denota|designa|describe|consiste|representa|corresponde|permite|permiten|constituye|sirve)(?:\PL|$)`,
			`(?:se llama|se denomina|el término|la sigla)(?: (?:el|la|un|una))? NAME(?:\PL|$)`},
		parts: regexp.MustCompile(`(?i)(?:^|\s)(?:de|del|en|para|con|por|entre|este|esta|esto|eso|mi|tu|su|se|que)(?:\s|$)`),
	},
}

// definedIn is the thing whose definition a question asks for in a language beside English, and
// what says it; "" for none.
func definedIn(question string) (name string, t *tongue) {
	for i := range tongues {
		t := &tongues[i]
		for _, ask := range t.asks {
			if m := ask.FindStringSubmatch(question); m != nil {
				name := strings.TrimSpace(m[1])
				if len(strings.Fields(name)) <= mostDefined && !t.parts.MatchString(name) {
					return name, t
				}
			}
		}
	}
	return "", nil
}

// saying is what matches a sentence that says what a thing is. What stands between its name
// and the verb may be a bracket, an apposition, another name for it.
func (t *tongue) saying(name string) *regexp.Regexp {
	name = opening + regexp.QuoteMeta(name) + `["“”»«'’` + "`" + `]{0,2}(?:s|es|n|en|e)?(?: ?\([^)]{1,80}\))?(?:,? [^,.;:]{1,60},|,)?`
	forms := make([]string, len(t.says))
	for i, s := range t.says {
		forms[i] = strings.ReplaceAll(s, "NAME", name)
	}
	return regexp.MustCompile(`(?i)(?:^|[.!?:]\s+|\n\s*)(?:` + strings.Join(forms, "|") + `)`)
}
