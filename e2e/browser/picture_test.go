package browser

import (
	"context"
	"os"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestPicture makes the picture of the README:
//
//	TAMIS_BROWSER=1 TAMIS_PICTURE=$PWD/../../docs/page.png go test -run TestPicture .
func TestPicture(t *testing.T) {
	needs(t)
	file := os.Getenv("TAMIS_PICTURE")
	if file == "" {
		t.Skip("TAMIS_PICTURE names the file")
	}
	p := open(t, serve(t, t.TempDir(), []string{docs(t)})+"#budget=500&q=when+is+a+receive+from+a+channel+synchronized+before+the+send+completes%3F")
	p.sees("verified")
	var png []byte
	p.do(scheme("light"), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().Do(ctx)
		return err
	}))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}
