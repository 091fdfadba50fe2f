package score

import (
	"context"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/unit"
)

func TestDefinedIn(t *testing.T) {
	for question, want := range map[string]string{
		"Was ist APT?": "APT",
		"Was ist eigentlich ein virtuelles Paket":  "virtuelles Paket",
		"Was sind Semaphore?":                      "Semaphore",
		"Wer war Ada Lovelace?":                    "Ada Lovelace",
		"Was bedeutet „Pinning“?":                  "Pinning",
		"Wofür steht LVM?":                         "LVM",
		"Was versteht man unter einem Dämon?":      "Dämon",
		"Was ist die Hauptstadt von Frankreich?":   "",
		"Was ist der Unterschied zum Kernel?":      "",
		"Wie ist das möglich?":                     "",
		"Qu'est-ce que le noyau ?":                 "noyau",
		"Qu’est-ce qu’un démon ?":                  "démon",
		"qu'est-ce que c'est que dpkg":             "dpkg",
		"Que signifie « LVM » ?":                   "LVM",
		"Que veut dire le sigle APT ?":             "APT",
		"C'est quoi l'épinglage ?":                 "épinglage",
		"Qu'est-ce que la capitale de la France ?": "",
		"Qu'est-ce qui ne va pas ?":                "",
		"¿Qué es APT?":                             "APT",
		"que son los semáforos":                    "semáforos",
		"¿Quién fue Ada Lovelace?":                 "Ada Lovelace",
		"¿Qué significa la palabra «daemon»?":      "daemon",
		"¿Cuál es la capital?":                     "",
		"¿Qué es lo que pasa en Madrid?":           "",
		"What is APT?":                             "",
		"":                                         "",
	} {
		if got, _ := definedIn(question); got != want {
			t.Errorf("%q asks for %q, want %q", question, got, want)
		}
	}
}

func TestDefinitionIn(t *testing.T) {
	for _, c := range []struct {
		question, text string
		want           float64
	}{
		{"Was ist APT?", "APT ist eine Gruppe von Programmen.", 1},
		{"Was ist APT?", "Es ist alt. APT (Advanced Packaging Tool) ist ein großes Projekt.", 1},
		{"Was ist LVM?", "LVM, der Logical Volume Manager, ist ein weiterer Ansatz.", 1},
		{"Was ist ein Dämon?", "Als Dämon bezeichnet man ein Programm im Hintergrund.", 1},
		{"Was ist ein Dämon?", "Bei einem Dämon handelt es sich um ein Programm.", 1},
		{"Was ist ls?", "ls - Verzeichnisinhalte auflisten", 1},
		{"Was ist APT?", "APT is a tool.", 1},
		{"Was ist APT?", "APT ist schnell.", 0},
		{"Was ist APT?", "Mit APT ist eine Installation einfach.", 0},
		{"Wie geht APT?", "APT ist ein Werkzeug.", 0},
		{"Qu'est-ce que le noyau ?", "Le noyau est l'élément central.", 1},
		{"Qu'est-ce que APT ?", "APT désigne un ensemble d'outils.", 1},
		{"Qu'est-ce qu'un démon ?", "Un démon (daemon) est un programme non invoqué.", 1},
		{"Qu'est-ce que APT ?", "APT est rapide.", 0},
		{"¿Qué es LVM?", "LVM, el gestor de volúmenes lógicos, es otra forma de abstraer.", 1},
		{"¿Qué es un demonio?", "Los demonios son los programas del fondo.", 1},
		{"¿Qué es APT?", "APT es rápido.", 0},
	} {
		units := &unit.Set{Units: []unit.Unit{{Text: c.text, Kind: corpus.Paragraph}}}
		out := make([]Features, 1)
		if err := (definition{}).Score(context.Background(), &Question{Text: c.question}, units, out); err != nil {
			t.Fatal(err)
		}
		if out[0][Defines] != c.want {
			t.Errorf("%q, %q: %v", c.question, c.text, out[0][Defines])
		}
	}
}
