package screen

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// Page shows a text on a terminal, as it is: through a pager where the screen has
// too few rows.
func Page(terminal *os.File, text []byte) error {
	width, height, err := term.GetSize(int(terminal.Fd()))
	if err == nil && rows(text, width) >= height && pipe(terminal, bytes.NewReader(text), pager()) {
		return nil
	}
	_, err = terminal.Write(text)
	return err
}

// pager is the pager and its arguments; none for no pager.
func pager() []string {
	for _, name := range []string{"TAMIS_PAGER", "PAGER"} {
		if s, ok := os.LookupEnv(name); ok {
			if s = strings.TrimSpace(s); s == "" || s == "cat" {
				return nil
			}
			return strings.Fields(s)
		}
	}
	return []string{"less"}
}

// pipe gives a pager something to show, and says whether it did. One that is
// left early is no failure.
func pipe(terminal *os.File, page io.Reader, command []string) bool {
	if len(command) == 0 {
		return false
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = page, terminal, os.Stderr
	cmd.Env = os.Environ()
	if os.Getenv("LESS") == "" {
		cmd.Env = append(cmd.Env, "LESS=FRX") // as git has it: end when all fits, show colours, leave the text there
	}
	if cmd.Start() != nil {
		return false
	}
	_ = cmd.Wait()
	return true
}

// rows is how many rows a text takes on a screen, about: every rune counts for a
// column.
func rows(text []byte, width int) int {
	n := 0
	for line := range bytes.Lines(text) {
		columns, styled := 0, false
		for len(line) > 0 {
			r, size := utf8.DecodeRune(line)
			switch {
			case r == '\x1b':
				styled = true
			case styled:
				styled = r != 'm'
			default:
				columns++
			}
			line = line[size:]
		}
		n += max(1, (columns+max(width, 1)-1)/max(width, 1))
	}
	return n
}
