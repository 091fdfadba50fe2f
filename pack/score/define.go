package score

import (
	"context"
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/unit"
)

// definition sets Defines: 1 for a unit that says what the thing is that the question asks for,
// in such words as "dpkg is the program that …", "APT stands for …", or as an entry of a glossary
// or the line of names of a manual page has it. Questions of that form have one word or two that
// count, and these stand in every sentence about the thing: nothing else tells the sentence
// apart that says what it is. In English, German, French and Spanish; texts in English answer
// questions in any of them, since names stay what they are.
type definition struct{}

// What asks for a definition, or for what an option or a command does, which its entry in a
// list says. "What is the …" asks for something of a thing, not what it is.
var defining = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^\s*(?:so |and |but )?wh(?:at|o)(?: exactly)?(?: is| are| was| were|'s|’s)(?: meant by)?(?: an?)? ["“”'‘’` + "`" + `]?([^?"“”]+?)["“”'‘’` + "`" + `]?(?: exactly)?\s*\??\s*$`),
	regexp.MustCompile(`(?i)^\s*what do(?:es)?(?: the (?:term|word|acronym|abbreviation))? ["“”'‘’` + "`" + `]?([^?"“”]+?)["“”'‘’` + "`" + `]? (?:mean|stand for)\s*\??\s*$`),
	regexp.MustCompile(`(?i)^\s*what do(?:es)?(?: the)?(?: \S+)?? (?:option|flag|switch|setting|directive|parameter|variable|command|function|method|keyword|key|field) ["“”'‘’` + "`" + `]?(\S+?)["“”'‘’` + "`" + `]? do\s*\??\s*$`),
	regexp.MustCompile(`(?i)^\s*what do(?:es)?(?: the)? ["“”'‘’` + "`" + `]?([^?"“”]+?)["“”'‘’` + "`" + `]?(?: (?:option|flag|switch|setting|directive|parameter|variable|command|function|method|keyword|key|field))? do\s*\??\s*$`),
	regexp.MustCompile(`(?i)^\s*(?:define|definition of|meaning of)(?: an?)? ["“”'‘’` + "`" + `]?([^?"“”]+?)["“”'‘’` + "`" + `]?\s*\??\s*$`),
}

// mostDefined is how many words a thing has whose definition is asked for.
const mostDefined = 4

// within are words that no name of a thing has, and whose: the question asks for something else.
var within = regexp.MustCompile(`(?i)\b(?:the|of|in|for|to|on|at|by|with|from|between|this|that|these|those|it|they|you|your|my|i|we|wrong|when|if|does|do)\b|\w['’]s?(?:\s|$)`)

// defined is the thing whose definition a question asks for, "" for none.
func defined(question string) string {
	for _, ask := range defining {
		if m := ask.FindStringSubmatch(question); m != nil {
			if thing := strings.TrimSpace(m[1]); len(strings.Fields(thing)) <= mostDefined && !within.MatchString(thing) {
				return thing
			}
		}
	}
	return ""
}

func (definition) Score(ctx context.Context, q *Question, units *unit.Set, out []Features) error {
	var native *regexp.Regexp // in another language than English
	thing := defined(q.Text)
	if thing == "" {
		other, t := definedIn(q.Text)
		if t == nil {
			return ctx.Err()
		}
		thing, native = other, t.saying(other)
	}
	name := regexp.QuoteMeta(thing)
	says := regexp.MustCompile(`(?i)(?:^|[.!?:]\s+|\n\s*)(?:(?:an?|the) )?["“'‘` + "`" + `]?` + name + `["”'’` + "`" + `]?(?:s|es)?(?: ?\([^)]{1,60}\))?(?:, [^,.;:]{1,60},|,)? ` +
		`(?:(?:is|are|was|were)(?:, [\w ]{1,20},)? (?:an?|another|the|one|any|short for|what|software|both|(?:created|designed|used|meant|intended|made) (?:to|for|as))\b|(?:means|stands? for|refers? to|denotes?|describes?|consists? of)\b)`)
	entry := regexp.MustCompile(`(?i)^(?:\W{0,4})(?:-\w(?: \w+)?, )?` + name + `(?: ?[(<\[][^()<>\[\]\n]{1,60}[)>\]]){0,3}(?:\s+[-–—]+\s|\s*:\s|\s*\n)`)
	for i := range out {
		u := &units.Units[i]
		if u.Kind != corpus.TableRow && (says.MatchString(u.Text) || native != nil && native.MatchString(u.Text) || u.Kind != corpus.Code && entry.MatchString(u.Text)) {
			out[i][Defines] = 1
		}
	}
	return ctx.Err()
}
