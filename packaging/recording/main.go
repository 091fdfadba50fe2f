// Command recording draws what a command prints as a terminal, an SVG image that plays: its
// lines appear as they came, with pauses of at most a second and a half.
//
//	recording [-rows N] COMMAND > recording.svg
//
// Where motion is not wanted (prefers-reduced-motion) all of it is there at once.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	columns = 100
	charW   = 8.4
	lineH   = 18
	pause   = 1500 * time.Millisecond
)

type line struct {
	at   time.Duration // after the one before
	text string
}

func main() {
	rows := flag.Int("rows", 40, "most lines")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: recording [-rows N] COMMAND")
		os.Exit(2)
	}
	lines, err := record(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
	if len(lines) > *rows {
		lines = append(lines[:*rows-1], line{text: "…"})
	}
	draw(os.Stdout, flag.Arg(0), lines)
}

// record runs a command in a shell and keeps its output with the times at which it came.
func record(command string) ([]line, error) {
	cmd := exec.Command("bash", "-c", command)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var lines []line
	last := time.Now()
	s := bufio.NewScanner(out)
	for s.Scan() {
		text := strings.ReplaceAll(s.Text(), "\t", "    ")
		if utf8.RuneCountInString(text) > columns {
			text = string([]rune(text)[:columns-1]) + "…"
		}
		lines = append(lines, line{min(time.Since(last), pause), text})
		last = time.Now()
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	return lines, cmd.Wait()
}

func draw(out io.Writer, command string, lines []line) {
	w, h := int(columns*charW)+32, (len(lines)+2)*lineH+44
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="What %s prints">
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #d6deeb; white-space: pre; }
.prompt { fill: #7fdbca; } .question { fill: #ffcb6b; font-weight: bold; } .quiet { fill: #8a9bb0; }
.l { animation: show .01s steps(1) both; } @keyframes show { from { visibility: hidden } to { visibility: visible } }
@media (prefers-reduced-motion: reduce) { .l { animation: none; } }
</style>
<rect width="%d" height="%d" rx="8" fill="#101820"/>
<circle cx="20" cy="18" r="5" fill="#ff6159"/><circle cx="38" cy="18" r="5" fill="#ffbe2f"/><circle cx="56" cy="18" r="5" fill="#29c941"/>
<text x="16" y="52"><tspan class="prompt">$ </tspan>%s</text>
`, w, h, html.EscapeString(command), w, h, html.EscapeString(command))
	at := 600 * time.Millisecond
	for i, l := range lines {
		at += l.at + 40*time.Millisecond
		class := "l"
		switch {
		case strings.HasPrefix(l.text, "? "):
			class += " question"
			at += pause // time to read what stands above
		case strings.Contains(l.text, "tokens (") || strings.HasPrefix(l.text, "replayed "):
			class += " quiet"
		}
		if l.text != "" {
			fmt.Fprintf(out, "<text class=\"%s\" style=\"animation-delay:%.2fs\" x=\"16\" y=\"%d\">%s</text>\n", class, at.Seconds(), 52+(i+1)*lineH, html.EscapeString(l.text))
		}
	}
	fmt.Fprintln(out, "</svg>")
}
