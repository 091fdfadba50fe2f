package turn

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func asked(t *testing.T, question string, before ...Exchange) string {
	t.Helper()
	a := Resolve(before, question)
	if a.Question != question {
		t.Errorf("%q became %q", question, a.Question)
	}
	return a.Text()
}

func q(question string, answers ...string) Exchange { return Exchange{question, answers} }

// TestResolve: what pronouns and what is left out stand for; whole questions stay as they are.
func TestResolve(t *testing.T) {
	cases := []struct {
		before []Exchange
		ask    string
		want   string
	}{
		{nil, "What are its symptoms?", "What are its symptoms?"},
		{[]Exchange{q("Tell me about lung cancer.")}, "What are its symptoms?", "What are its symptoms? (lung cancer)"},
		{[]Exchange{q("Tell me about lung cancer."), q("What are its symptoms?")}, "Can it be treated?", "Can it be treated? (lung cancer)"},
		{[]Exchange{q("Tell me about lung cancer.")}, "What is AppArmor?", "What is AppArmor?"},
		{[]Exchange{q("What is the sources.list file?")}, "What components can it have?", "What components can it have? (sources.list file)"},
		{[]Exchange{q("How do I pin a package?"), q("What is AppArmor?")}, "How do I enable it?", "How do I enable it? (AppArmor)"},
		{[]Exchange{q("What are profiles?")}, "How can I create one?", "How can I create one? (profiles)"},
		// The pronoun stands for what the question itself names.
		{[]Exchange{q("What is the moon made of?")}, "What is the Galileo system, and why is it important?", "What is the Galileo system, and why is it important?"},
		// Other languages are taken as they are.
		{[]Exchange{q("Was ist eine Wärmepumpe?")}, "Wie funktioniert sie und was kostet der Betrieb im Winter?", "Wie funktioniert sie und was kostet der Betrieb im Winter?"},
		{[]Exchange{q("")}, "", ""},
		{[]Exchange{q("???"), q("and?")}, "it?", "it?"},
	}
	for _, c := range cases {
		if got := asked(t, c.ask, c.before...); got != c.want {
			t.Errorf("after %v: %q, want %q", c.before, got, c.want)
		}
	}
}

// TestNumbersOfTurns: what is carried over names the turn that had it, in a conversation of
// which the middle is not looked at any more too.
func TestNumbersOfTurns(t *testing.T) {
	for _, n := range []int{1, recent, recent + 1, recent + 2, 3 * recent} {
		before := []Exchange{q("Tell me about lung cancer.")}
		for len(before) < n {
			before = append(before, q("Tell me about AppArmor."))
		}
		before[n-1] = q("Tell me about dogs.")
		a := Resolve(before, "What do they eat?")
		if len(a.Carried) != 1 || a.Carried[0].Turn != n || a.Carried[0].Text != "dogs" {
			t.Errorf("of %d turns: %+v", n, a.Carried)
		}
	}
}

// TestAnswers: what the answers named is carried over where a pronoun asks for it, and a
// question of what they spoke of is asked of the last subject.
func TestAnswers(t *testing.T) {
	reconfigure := q("Which command reconfigures a package?", "To reconfigure a package run dpkg-reconfigure as root. The LDAP server is another matter.")
	if got := asked(t, "What options does it take?", reconfigure); got != "What options does it take? (dpkg-reconfigure)" {
		t.Error(got)
	}
	author := q("Who was the author?", "The author of the book was Michael Ende. Michael Ende wrote it in 1979.")
	if got := asked(t, "What else did he write?", author); !strings.HasSuffix(got, "Michael Ende)") {
		t.Error(got)
	}
	armor := q("What is AppArmor?", "AppArmor confines programs. Its profiles say what a program may do; profiles are files.")
	a := Resolve([]Exchange{armor}, "What are profiles?")
	if len(a.Carried) != 1 || a.Carried[0].Text != "AppArmor" || a.Carried[0].Weight >= .7 {
		t.Errorf("%+v", a)
	}
	if got := asked(t, "What are kernels?", armor); got != "What are kernels?" {
		t.Error(got)
	}
}

// TestWeights: weights are between 0 and 1, and turns are numbered from 1, however many there
// are; thousands of turns cost no more than those that are looked at.
func TestWeights(t *testing.T) {
	var before []Exchange
	for i := range 5000 {
		before = append(before, q(fmt.Sprintf("What is the widget%d part of the engine?", i)))
	}
	begin := time.Now()
	a := Resolve(before, "How much does it cost?")
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	if len(a.Carried) == 0 {
		t.Fatal("nothing carried")
	}
	for _, c := range a.Carried {
		if c.Weight <= 0 || c.Weight > 1 || c.Turn < 1 || c.Turn > 5000 || c.Text == "" {
			t.Errorf("%+v", c)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("Tell me about makos.", "They live `where`? Mako Sharks.", "What do they eat?")
	f.Add("\xff\xfe it", "’s", "one")
	f.Fuzz(func(t *testing.T, first, answer, question string) {
		a := Resolve([]Exchange{{first, []string{answer}}, {question, nil}}, question)
		for _, c := range a.Carried {
			if c.Weight <= 0 || c.Weight > 1 {
				t.Errorf("%+v", c)
			}
		}
	})
}
