package synthetic

import (
	"fmt"
	"strings"
)

// What keys, values and sentences are drawn from.
var (
	adjectives = list(`amber ancient bitter blunt brisk broad calm careful cheap clever coarse cobalt crimson crooked damp dense dim distant
dusty eager faint fierce flat fragile frosty gentle gilded glossy grim hollow humble idle ivory jagged keen late lean limp lofty lonely loud marble meek mellow
modest muddy narrow nimble noble odd pale patient placid polished proud quiet rapid rare rough rusty sable scarlet shallow sharp silent slender sober solemn
sour stark steady steep stern stout sturdy subtle sudden tawny tender thorny tidy timid tired upright vast velvet vivid wary weary wicker wild windy wooden`)
	nouns = list(`anchor anvil apron arch attic axle badge barn basin beacon bench bolt bottle bridge broom bucket cabin candle canoe carpet cart
cellar chain chapel chisel clock coal comet copper cradle crate curtain dial ditch drum easel engine fence ferry flask flute forge fountain garden gate glove
granary hammer harbour harness hatch hedge hinge hook inkwell island jar kettle kiln ladder lamp lantern ledger lens lever loft loom mast meadow mill mirror
mitten needle nettle oar orchard organ oven paddle pantry parcel pebble pillar plough pocket pulley quarry quill raft rail ribbon river roof rope saddle sail
saw scale shelf shovel shutter sieve sledge spindle spoon spring stable staircase statue stove tailor tally tavern thimble tower trellis trunk tunnel turnip
valley vault violin wagon wall well wharf wheel whistle willow window workshop yard`)
	// people write essays; heroes are asked for, and stand in no filling sentence.
	people = list(`Ansel Birte Casimir Dorothea Egbert Friederike Gerold Hedwig Ignaz Jolanthe Konrad Leopold Mechthild Norbert Ottilie Philipp
Quirin Roswitha Sigmund Theres Ulrich Valentin Walburga Xaver`)
	heroes = list(`Adaeze Bakari Chiamaka Davor Eleni Faiza Goran Hyejin Itzel Jamila Kaveh Lucija Matteus Nilufar Oyelaran Parisa Qasim Renske
Sorcha Tomasz Uchenna Venkat Wanjiru Ximena Yiannis Zlatka Ailbhe Bohdan Ceren Dilnoza Emeka Fumiko Gulnara Haruki Ilinca Joaquim Katarzyna Lwazi Mirela Nobuhle
Ondrej Piotrek Rajesh Saoirse Tadeusz Umida Vesna Wojtek Yerlan Zawadi`)
	places = list(`Altmoor Birkenau Dornfeld Eschental Fernholt Grauwacht Hinterbach Ilmenrod Kaltwasser Lindenkamp Moosach Niederau Oberkirch
Pfahlheim Quellstedt Rotenfels Steinbrueck Talheim Unterwald Vogelsang Weidenau Zellhof`)
	verbs = list(`carried cleaned described examined found hid kept measured mended moved noticed painted praised repaired replaced sketched sold
stored traded watched weighed`)
)

func list(s string) []string { return strings.Fields(s) }

func (m *maker) pick(from []string) string { return from[m.IntN(len(from))] }

// once draws with draw until it gets what this item has not had.
func (m *maker) once(draw func() string) string {
	for {
		if s := draw(); !m.used[s] {
			m.used[s] = true
			return s
		}
	}
}

// key is a name of two words, number one of seven digits, uuid one of version 4: no
// two of an item are the same.
func (m *maker) key() string {
	for range 1000 {
		if s := m.pick(adjectives) + "-" + m.pick(nouns); !m.used[s] {
			m.used[s] = true
			return s
		}
	}
	return m.once(func() string { return m.pick(adjectives) + "-" + m.pick(adjectives) + "-" + m.pick(nouns) })
}

func (m *maker) number() string {
	return m.once(func() string { return fmt.Sprint(1_000_000 + m.IntN(9_000_000)) })
}

func (m *maker) uuid() string {
	return m.once(func() string {
		a, b := m.Uint64(), m.Uint64()
		return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", uint32(a>>32), uint16(a>>16), uint16(a)&0xfff, uint16(b>>48)&0x3fff|0x8000, b&(1<<48-1))
	})
}

// coined is a word of n letters that nobody uses, consonant after vowel.
func (m *maker) coined(n int) string {
	return m.once(func() string {
		b := make([]byte, n)
		for i := range b {
			letters := "bcdfghjklmnprstvwz"
			if i%2 == 1 {
				letters = "aeiou"
			}
			b[i] = letters[m.IntN(len(letters))]
		}
		return string(b)
	})
}

// letters is a word of n letters without a rule.
func (m *maker) letters(n int) string {
	return m.once(func() string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('a' + m.IntN(26))
		}
		return string(b)
	})
}

// some draws n different ones.
func (m *maker) some(from []string, n int) []string {
	out := make([]string, n)
	for i, k := range m.Perm(len(from))[:n] {
		out[i] = from[k]
	}
	return out
}

// templates of filling sentences: A an adjective, N a noun, W a person, P a place, V
// what was done.
var templates = []string{
	"The A N of P had been V by W long before the A N was built.",
	"W V a A N and said little about the N beside it.",
	"Nobody in P remembers why the N was V, but the A N still stands.",
	"In the evening W walked from the N to the A N, and back again.",
	"A A N is worth more than two N and a N, as they say in P.",
	"When the rain came, W V the N; the A N stayed where it was.",
	"There was a N in P that W V every autumn.",
	"Between the A N and the N lay a path that only W knew.",
	"W wrote that the N was A, the N A, and the people of P kind.",
	"What the N lacked in size it made up for with a A N.",
	"Some V the N for its A N, others for the view of P.",
	"The N was A then, and W had just V the last N.",
	"Years later W came back to P and found the A N V by strangers.",
	"It took three days to move the A N past the N of P.",
	"If the N had not been so A, W would have V it at once.",
	"The market of P sold a N, a A N and now and then a N.",
	"W asked for a A N, and was given a N instead.",
	"Behind the A N somebody had V a N with great care.",
	"On the road to P one passes a N, a A N and the ruins of a N.",
	"The children of P called it the A N, although it was only a N.",
	"W learned to mend a N by watching how others V the A N.",
	"Of all the N in P, this A one was V most often.",
	"A letter from P mentions the A N, but not the N that W V.",
	"They agreed that the N should be V before the A N arrived.",
}

// sentence fills a template.
func (m *maker) sentence() string {
	var b strings.Builder
	t := templates[m.IntN(len(templates))]
	for i, w := range strings.Split(t, " ") {
		if i > 0 {
			b.WriteByte(' ')
		}
		head := strings.TrimRight(w, ".,;")
		from := map[string][]string{"A": adjectives, "N": nouns, "W": people, "P": places, "V": verbs}[head]
		if from == nil || i == 0 && head == "A" {
			b.WriteString(w)
			continue
		}
		b.WriteString(m.pick(from))
		b.WriteString(w[len(head):])
	}
	return b.String()
}
