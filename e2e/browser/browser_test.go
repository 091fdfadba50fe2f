package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axe is axe-core of Deque Systems, under the Mozilla Public License 2.0 (testdata/axe.LICENSE).
//
//go:embed testdata/axe.min.js
var axe string

// a tab is a page of the browser with what its console said.
type tab struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	wrong    []string
	expected []string // parts of errors that a journey brings about
}

// newBrowser starts a Chromium with one tab.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("lang", "en-US"), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("Chromium does not start (apt-get install chromium): %v", err)
	}
	return ctx
}

func needs(t *testing.T) {
	t.Helper()
	if os.Getenv("TAMIS_BROWSER") == "" {
		t.Skip("TAMIS_BROWSER=1 runs the page in Chromium")
	}
}

// open opens an address in a browser of its own.
func open(t *testing.T, address string) *tab {
	t.Helper()
	ctx := newBrowser(t)
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(ev any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			p.wrong = append(p.wrong, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
				var said []string
				for _, a := range e.Args {
					said = append(said, string(a.Value)+a.Description)
				}
				p.wrong = append(p.wrong, strings.Join(said, " "))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				p.wrong = append(p.wrong, e.Entry.Text+" "+e.Entry.URL)
			}
		}
	})
	p.do(log.Enable(), emulation.SetDeviceMetricsOverride(1440, 900, 1, false), chromedp.Navigate(address))
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
	each:
		for _, w := range p.wrong {
			for _, e := range p.expected {
				if strings.Contains(w, e) {
					continue each
				}
			}
			t.Errorf("on the console: %s", w)
		}
	})
	return p
}

func (p *tab) do(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// get evaluates an expression of JavaScript, which may be a promise.
func (p *tab) get(expression string, into any) {
	p.t.Helper()
	await := func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }
	if err := chromedp.Run(p.ctx, chromedp.Evaluate(expression, into, await)); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// until waits for an expression to hold.
func (p *tab) until(expression string) {
	p.t.Helper()
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(30 * time.Millisecond) {
		var holds bool
		p.get("Boolean("+expression+")", &holds)
		if holds {
			return
		}
		if time.Now().After(end) {
			p.picture("failed")
			var text string
			p.get("document.body.innerText.slice(0, 600)", &text)
			p.t.Fatalf("this never holds: %s\nthe page says:\n%s", expression, text)
		}
	}
}

// sees waits for a text.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.until("document.body.innerText.includes(" + quoted(text) + ")")
}

func quoted(s string) string { b, _ := json.Marshal(s); return string(b) }

// press types keys where the focus is.
func (p *tab) press(keys string) { p.t.Helper(); p.do(chromedp.KeyEvent(keys)) }

// click clicks the first button or link with a text or a name.
func (p *tab) click(name string) {
	p.t.Helper()
	find := `[...document.querySelectorAll("button, a, summary")].find((e) => e.checkVisibility() && ((e.getAttribute("aria-label") || "") === NAME || e.innerText.trim() === NAME || e.innerText.trim().includes(NAME)))`
	find = strings.ReplaceAll(find, "NAME", quoted(name))
	p.until(find)
	p.get(find+".click()", nil)
}

// ask types a question and sends it.
func (p *tab) ask(question string) {
	p.t.Helper()
	p.until(`document.querySelector("#question")`)
	p.get(`document.querySelector("#question").focus(); document.querySelector("#question").select()`, nil)
	p.press(question + "\r")
}

// picture keeps pictures of what is seen where $TAMIS_SCREENSHOTS says: both themes, wide and on a phone.
func (p *tab) picture(name string) {
	p.t.Helper()
	folder := os.Getenv("TAMIS_SCREENSHOTS")
	if folder == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"wide", 1440, 900}, {"phone", 390, 844}} {
		for _, theme := range []string{"light", "dark"} {
			var png []byte
			p.do(scheme(theme), emulation.SetDeviceMetricsOverride(size.width, size.height, 1, false), chromedp.Sleep(200*time.Millisecond), chromedp.ActionFunc(func(ctx context.Context) (err error) {
				ctx, stop := context.WithTimeout(ctx, 20*time.Second)
				defer stop()
				png, err = page.CaptureScreenshot().Do(ctx)
				return err
			}))
			if err := os.MkdirAll(folder, 0o755); err != nil {
				p.t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", name, size.name, theme)), png, 0o644); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	p.do(scheme("light"), emulation.SetDeviceMetricsOverride(1440, 900, 1, false))
}

func scheme(theme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}})
}

// state looks at a state of the page: axe finds nothing in either theme, and it fits into a phone.
func (p *tab) state(name string) {
	p.t.Helper()
	p.picture(name)
	var there bool
	if p.get(`typeof axe === "object"`, &there); !there {
		p.get(axe, nil)
	}
	for _, theme := range []string{"light", "dark"} {
		p.do(scheme(theme))
		var found []string
		p.get(`axe.run(document, {resultTypes: ["violations"], rules: {region: {enabled: true}}}).then((r) => r.violations.flatMap((v) => v.nodes.slice(0, 4).map((n) => v.id + " (" + v.impact + "): " + n.html.slice(0, 160) + " " + n.failureSummary)))`, &found)
		for _, f := range found {
			p.t.Errorf("%s, %s: axe: %s", name, theme, f)
		}
	}
	var over float64
	p.do(scheme("light"), emulation.SetDeviceMetricsOverride(390, 844, 1, false))
	p.get("document.documentElement.scrollWidth - innerWidth", &over)
	if over > 0 {
		p.t.Errorf("%s: on a phone %v pixels stand out at the side", name, over)
	}
	p.do(emulation.SetDeviceMetricsOverride(1440, 900, 1, false))
}
