package words

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/text"
)

// said is a word of a text as the baselines read it.
type said struct {
	text, term string // term is "" of a word without content
	sentence   int
	breaks     bool // punctuation stands before it
}

// read divides a text into words and sentences.
func read(a *text.Analyzer, s string) (words []said, sentences int) {
	broken := true
	for _, field := range strings.Fields(s) {
		w := strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		front := strings.Index(field, w)
		if w == "" {
			broken = true
			continue
		}
		term := strings.Join(a.Terms(nil, w), "-")
		words = append(words, said{w, term, sentences, broken || front > 0})
		rest := field[front+len(w):]
		broken = rest != ""
		if strings.ContainsAny(rest, ".?!") {
			sentences++
		}
	}
	return words, sentences + 1
}

// grams are the phrases of one to three words that begin and end with content.
func grams(words []said, f func(from, to int)) {
	for i := range words {
		for j := i; j < len(words) && j < i+3; j++ {
			if j > i && words[j].breaks {
				break
			}
			if words[i].term != "" && words[j].term != "" {
				f(i, j+1)
			}
		}
	}
}

// ranked are phrases by their scores, the greatest first.
func ranked(scores map[string]float64) (list []string) {
	for p := range scores {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return list[:min(len(list), 20)]
}

func phraseOf(words []said) string {
	var b []string
	for _, w := range words {
		b = append(b, strings.ToLower(w.text))
	}
	return strings.Join(b, " ")
}

// baselines are plain forms of known methods.
func baselines(a *text.Analyzer, idf func(string) float64) map[string]func(s string) []string {
	return map[string]func(s string) []string{
		// Phrases of up to three words by the frequency of the phrase and the idf of its words.
		TFIDF: func(s string) []string {
			words, _ := read(a, s)
			scores := map[string]float64{}
			grams(words, func(i, j int) {
				for _, w := range words[i:j] {
					scores[phraseOf(words[i:j])] += idf(w.term) / float64(j-i)
				}
			})
			return ranked(scores)
		},
		TextRank: func(s string) []string { return textRank(a, s) },
		YAKE:     func(s string) []string { return yake(a, s) },
	}
}

// textRank ranks words by a walk over those that stand beside each other (Mihalcea and Tarau
// 2004, window 2), and runs of words with content by the sum of theirs. Without parts of speech.
func textRank(a *text.Analyzer, s string) []string {
	words, _ := read(a, s)
	near := map[string]map[string]float64{}
	link := func(x, y string) {
		if near[x] == nil {
			near[x] = map[string]float64{}
		}
		near[x][y]++
	}
	last := ""
	for _, w := range words {
		if w.breaks {
			last = ""
		}
		if w.term == "" {
			continue
		}
		if last != "" && last != w.term {
			link(last, w.term)
			link(w.term, last)
		}
		last = w.term
	}
	rank := map[string]float64{}
	for w := range near {
		rank[w] = 1
	}
	for range 30 {
		next := map[string]float64{}
		for w := range near {
			next[w] = .15
		}
		for w, to := range near {
			total := 0.0
			for _, n := range to {
				total += n
			}
			for x, n := range to {
				next[x] += .85 * rank[w] * n / total
			}
		}
		rank = next
	}
	scores := map[string]float64{}
	for i := 0; i < len(words); {
		j := i
		sum := 0.0
		for ; j < len(words) && words[j].term != "" && (j == i || !words[j].breaks); j++ {
			sum += rank[words[j].term]
		}
		if j > i {
			scores[phraseOf(words[i:j])] = math.Round(1e9*sum) / 1e9
		}
		i = max(j, i+1)
	}
	return ranked(scores)
}

// yake scores words by their place, frequency, spread over sentences and neighbours
// (Campos et al. 2020), and phrases of up to three by the product of their words.
func yake(a *text.Analyzer, s string) []string {
	words, sentences := read(a, s)
	type facts struct {
		count, upper int
		places       []int
		in           map[int]bool
		left, right  map[string]bool
		l, r         int
	}
	of := map[string]*facts{}
	for i, w := range words {
		k := strings.ToLower(w.text)
		f := of[k]
		if f == nil {
			f = &facts{in: map[int]bool{}, left: map[string]bool{}, right: map[string]bool{}}
			of[k] = f
		}
		f.count++
		f.places = append(f.places, w.sentence)
		f.in[w.sentence] = true
		if unicode.IsUpper([]rune(w.text)[0]) && !w.breaks {
			f.upper++
		}
		if i > 0 && !w.breaks {
			f.left[strings.ToLower(words[i-1].text)] = true
			f.l++
		}
		if i+1 < len(words) && !words[i+1].breaks {
			f.right[strings.ToLower(words[i+1].text)] = true
			f.r++
		}
	}
	mean, n, most := 0.0, 0.0, 0
	for _, w := range words {
		if w.term != "" {
			f := of[strings.ToLower(w.text)]
			mean += float64(f.count)
			n++
			most = max(most, f.count)
		}
	}
	mean /= max(n, 1)
	score := func(word string) float64 {
		f := of[word]
		pos := math.Log(math.Log(3 + float64(f.places[len(f.places)/2])))
		freq := float64(f.count) / (mean + 1)
		rel := 1 + (ratio(len(f.left), f.l)+ratio(len(f.right), f.r))*float64(f.count)/float64(max(most, 1))
		spread := float64(len(f.in)) / float64(sentences)
		upper := float64(f.upper) / (1 + math.Log(float64(f.count)))
		return (pos + 1e-3) * rel / (upper + freq/rel + spread/rel)
	}
	product, sum, count := map[string]float64{}, map[string]float64{}, map[string]float64{}
	grams(words, func(i, j int) {
		p := phraseOf(words[i:j])
		if count[p]++; count[p] > 1 {
			return
		}
		product[p] = 1
		for _, w := range words[i:j] {
			if w.term == "" {
				continue
			}
			v := score(strings.ToLower(w.text))
			product[p] *= v
			sum[p] += v
		}
	})
	scores := map[string]float64{}
	for p := range product {
		scores[p] = -product[p] / (count[p] * (1 + sum[p]))
	}
	return ranked(scores)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
