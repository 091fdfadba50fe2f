package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// TestDrawn: the image is XML that shows each line as it was printed, nothing of it as markup.
func TestDrawn(t *testing.T) {
	lines, err := record(`printf 'one <b>\n\n? two & three\n'; printf 'x%.0s' {1..300}`)
	if err != nil || len(lines) != 4 {
		t.Fatal(lines, err)
	}
	var out bytes.Buffer
	draw(&out, "echo <", lines)
	var text strings.Builder
	for d := xml.NewDecoder(&out); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if c, ok := token.(xml.CharData); ok {
			text.Write(c)
		}
	}
	for _, want := range []string{"echo <", "one <b>", "? two & three", strings.Repeat("x", columns-1) + "…"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in %s", want, text.String())
		}
	}
	if _, err := record("exit 3"); err == nil {
		t.Error("a command that fails is drawn")
	}
}
