package read

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestWeb: pages in a file, beside a folder of what belongs to them, and under names
// that lie.
func TestWeb(t *testing.T) {
	page := "<html><head><title>Mill</title></head><body><p>The mill grinds.</p></body></html>"
	answer := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
	warc := fmt.Sprintf("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://mill.org\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", len(answer), answer)
	dir := tree(t, map[string]string{
		"a.warc.gz": zipped(warc), "saved.html": page, "saved_files/frame.html": page, "saved_files/x.txt": "x", "other_files/y.txt": "kept", "z.txt": page, "p.php": page + "<?php f(); ?>",
		"k.html": "MIME-Version: 1.0\nSnapshot-Content-Location: x\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n" + page + "\n--b--\n",
	})
	docs, skipped := readAll(t, Options{}, dir, dir)
	var got []string
	for id, d := range docs {
		got = append(got, id+" "+d.Type)
		if d.Type == "html" && (d.Source != "The mill grinds." || d.Title != "Mill") {
			t.Errorf("%s: %q %q", id, d.Title, d.Source)
		}
	}
	slices.Sort(got)
	want := "a.warc.gz!/http://mill.org html, k.html mhtml, other_files/y.txt text, p.php code, saved.html html, z.txt html"
	if s := strings.Join(got, ", "); s != want || len(skipped) != 0 {
		t.Errorf("%s\nskipped %q", s, skipped)
	}
}
