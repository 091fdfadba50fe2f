package packaging

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// image is what a Dockerfile of two stages makes: what the first one runs, and how the second is run.
type image struct {
	build                []string // the scripts of RUN
	user                 string
	env, entry, cmd, ask []string // ask is the health check
	dir                  string
}

// readDockerfile reads as much of the language as packaging/Dockerfile speaks.
func readDockerfile(t *testing.T, path string) (i image) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			text = append(text, line)
		}
	}
	stage := 0
	for line := range strings.Lines(strings.ReplaceAll(strings.Join(text, ""), "\\\n", " ")) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "FROM":
			if stage++; stage == 2 && rest != "scratch" {
				t.Fatalf("the image is made FROM %s", rest)
			}
		case "RUN":
			if stage != 1 {
				t.Fatalf("there is no shell to run %s", rest)
			}
			i.build = append(i.build, rest)
		case "USER":
			i.user = rest
		case "WORKDIR":
			i.dir = rest
		case "ENV":
			i.env = append(i.env, strings.Fields(rest)...)
		case "ENTRYPOINT":
			i.entry = list(t, rest)
		case "CMD":
			i.cmd = list(t, rest)
		case "HEALTHCHECK":
			_, ask, _ := strings.Cut(rest, " CMD ")
			i.ask = list(t, ask)
		case "COPY":
			if want := map[int]string{1: ". .", 2: "--from=build /out/ /"}[stage]; rest != want {
				t.Fatalf("COPY %s: this test knows of %s", rest, want)
			}
		case "", "ARG", "VOLUME", "EXPOSE", "STOPSIGNAL":
		default:
			t.Fatalf("this test does not know %s", word)
		}
	}
	return i
}

func list(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return words
}
