package dates

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/corpus"
)

// tuesday is the day of the documents below.
var tuesday = time.Date(2024, 3, 5, 0, 0, 0, 0, time.UTC)

func TestFind(t *testing.T) {
	for _, tt := range []struct{ lang, text, want string }{
		{"en", "We met yesterday.", "yesterday 2024-03-04"},
		{"en", "Yesterday's build failed, today's is fine.", "Yesterday 2024-03-04, today 2024-03-05"},
		{"en", "The day before yesterday and the day after tomorrow", "The day before yesterday 2024-03-03, the day after tomorrow 2024-03-07"},
		{"en", "It was sent last Tuesday, and last Monday", "last Tuesday 2024-02-27, last Monday 2024-03-04"},
		{"en", "Next Tuesday or next Wednesday; this Friday", "Next Tuesday 2024-03-12, next Wednesday 2024-03-06, this Friday 2024-03-08"},
		{"en", "the plan for next week, as last month", "next week 2024-03-11/2024-03-17, last month 2024-02"},
		{"en", "Sales of last year, of last March and next May", "last year 2023, last March 2023-03, next May 2024-05"},
		{"en", "three days ago; a week ago; two months ago; 10 years ago", "three days ago 2024-03-02, a week ago 2024-02-27, two months ago 2024-01, 10 years ago 2014"},
		{"en", "We will meet in two weeks, or two weeks from now.", "in two weeks 2024-03-19, two weeks from now 2024-03-19"},
		// What may mean something else.
		{"en", "He did it in two weeks. The next day, on Tuesday, in the last week of the war", ""},
		{"en", "This may be, and at the end of the last year of school", ""},
		{"en", "last\n\nweek and last, week", ""},
		{"en", "> we met yesterday\nand today", "today 2024-03-05"},
		{"de", "Gestern, vorgestern und übermorgen", "Gestern 2024-03-04, vorgestern 2024-03-03, übermorgen 2024-03-07"},
		{"de", "letzte Woche, nächsten Monat, am nächsten Freitag, vor drei Tagen, in zwei Wochen", "letzte Woche 2024-02-26/2024-03-03, nächsten Monat 2024-04, nächsten Freitag 2024-03-08, vor drei Tagen 2024-03-02, in zwei Wochen 2024-03-19"},
		{"de", "Guten Morgen! Bis morgen. In den letzten Wochen am Morgen", "morgen 2024-03-06"},
		{"fr", "hier, avant-hier, la semaine dernière, mardi prochain, il y a trois jours, mars dernier", "hier 2024-03-04, avant-hier 2024-03-03, semaine dernière 2024-02-26/2024-03-03, mardi prochain 2024-03-12, il y a trois jours 2024-03-02, mars dernier 2023-03"},
		{"ja", "yesterday", ""},
	} {
		var got []string
		for _, f := range Find(tt.text, tt.lang, tuesday) {
			got = append(got, tt.text[f.Start:f.End]+" "+f.String())
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s: %q: %s; want %s", tt.lang, tt.text, s, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	for lang, want := range map[string]string{"en": "4 March 2024 2024-03-04", "de": "4 März 2024 2024-03-04", "fr": "4 mars 2024 2024-03-04"} {
		f := Found{First: tuesday.AddDate(0, 0, -1), Last: tuesday.AddDate(0, 0, -1)}
		if got := f.Words(lang); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	week := Find("next week", "en", tuesday)[0]
	if got := week.Words("en"); got != "11 March – 17 March 2024 2024-03-11 2024-03-17" {
		t.Error(got)
	}
}

func TestOf(t *testing.T) {
	for value, want := range map[string]string{
		"2024-03-05": "2024-03-05", "2024-03-05T23:59:00-08:00": "2024-03-05", "Tue, 5 Mar 2024 10:00:00 +0100": "2024-03-05", "5 March 2024": "2024-03-05",
		"2024": "", "soon": "", "": "",
	} {
		day, ok := Of(&corpus.Document{Metadata: map[string]any{"date": value}, ModTime: tuesday})
		if ok != (want != "") || ok && day.Format(time.DateOnly) != want {
			t.Errorf("%q is %v, %v", value, day, ok)
		}
	}
}

// TestProperties: of any text, what is found stands in it, in order, and apart; it counts from
// the day alone, and what is last comes before it, what is next after.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lang := rapid.SampledFrom([]string{"en", "de", "fr"}).Draw(t, "lang")
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"yesterday", "last", "next", "this", "week", "Tuesday", "March", "may", "in", "two", "9", "days", "ago", "will", "the", " ", "\n", "\n\n", "> ", ".", "’s",
			"morgen", "letzte", "Woche", "vor", "Tagen", "hier", "la", "semaine", "dernière", "il", "y", "a", "\xff", "日本"})).Draw(t, "pieces")
		text := strings.Join(pieces, rapid.SampledFrom([]string{" ", "", "  "}).Draw(t, "between"))
		day := time.Unix(rapid.Int64Range(-60e9, 250e9).Draw(t, "day"), 0).UTC().Truncate(24 * time.Hour)
		end := 0
		for _, f := range Find(text, lang, day) {
			if f.Start < end || f.End <= f.Start || f.End > len(text) || f.Last.Before(f.First) {
				t.Fatalf("%q: %+v after %d", text, f, end)
			}
			end = f.End
			said := strings.Join(strings.Fields(strings.ToLower(text[f.Start:f.End])), " ")
			switch {
			case strings.HasPrefix(said, "last ") && !f.Last.Before(day), strings.HasPrefix(said, "next ") && !f.First.After(day):
				t.Fatalf("%s of %s is %s", said, day.Format(time.DateOnly), f)
			case strings.HasSuffix(said, "tuesday") && f.First.Weekday() != time.Tuesday, strings.HasSuffix(said, " week") && (f.First.Weekday() != time.Monday || f.Last.Sub(f.First) != 6*24*time.Hour):
				t.Fatalf("%s is %s", said, f)
			}
			if again := Find(text[f.Start:f.End], lang, day.AddDate(0, 0, 7)); said == "last tuesday" && !again[0].First.Equal(f.First.AddDate(0, 0, 7)) {
				t.Fatalf("a week later %s is %s, not a week after %s", said, again[0], f)
			}
			if f.Words(lang) == "" || !strings.Contains(f.Words(lang), fmt.Sprint(f.Last.Year())) {
				t.Fatal(f.Words(lang))
			}
		}
	})
}
