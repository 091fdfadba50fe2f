package browser

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const question = "how does the garbage collector relate to finalizers?"

// The one screen: what a model gets, where it is from, why, what was left out, and whether it still holds.
func TestContext(t *testing.T) {
	needs(t)
	p := open(t, serve(t, t.TempDir(), []string{docs(t)}))
	p.sees("Ask in your own words")
	p.state("welcome")
	p.ask(question)
	p.until(`document.querySelectorAll(".span").length > 2`)
	p.sees("verified")
	p.state("context")

	var text, receipt string
	p.get(`[...document.querySelectorAll(".text .span")].map((e) => e.textContent).join("")`, &text)
	if len(text) < 200 {
		t.Errorf("the context shows %d bytes", len(text))
	}
	p.get(`document.activeElement.blur()`, nil)
	var at, next int
	selected := `[...document.querySelectorAll(".span")].findIndex((e) => e.classList.contains("selected"))`
	p.get(selected, &at)
	p.press("k")
	p.press("k")
	p.press("j")
	p.get(selected, &next)
	if at < 0 || next != max(at-2, 0)+1 {
		t.Errorf("from passage %d the keys k, k, j lead to %d", at, next)
	}
	p.sees("What its score is made of")
	p.press("d")
	p.until(`document.querySelectorAll(".dropped .drop").length > 3 && !document.querySelector(".dropped .drop:nth-child(3) .pale").textContent.startsWith("…")`)
	p.get(`document.querySelector(".dropped .drop button").focus()`, nil)
	p.sees("Why not ")
	p.until(`/No room|It says nearly|It meets no/.test(document.querySelector(".why").innerText) && document.querySelector(".why .bars")`)
	p.state("dropped")
	p.press("d")
	p.until(`document.querySelector(".why h2").innerText.startsWith("Why 1")|| !document.querySelector(".why h2").innerText.startsWith("Why not")`)
	p.press("o")
	p.until(`document.querySelector("#source mark")`)
	p.state("source")
	p.press(kb.Escape)
	p.until(`document.querySelector("#source").hidden`)

	// The budget packs again, and never gives more than it has.
	var before, after int
	p.get(`document.querySelectorAll(".span").length`, &before)
	p.get(`(() => { const s = document.querySelector("input[type=range]"); s.value = 75; s.dispatchEvent(new Event("input")); })()`, nil)
	p.until(`location.hash.includes("budget=")`)
	p.until(`document.querySelectorAll(".span").length > ` + itoa(before))
	p.get(`document.querySelectorAll(".span").length`, &after)
	p.sees("verified")
	p.state("budget")

	// The address is the screen: Back, and a colleague's tab.
	p.get(`location.href`, &receipt)
	other := open(t, receipt)
	other.until(`document.querySelectorAll(".span").length === ` + itoa(after))

	p.get(`document.activeElement.blur()`, nil)
	p.press("?")
	p.sees("the receipt: save, sign, check")
	p.state("keys")
}

func itoa(n int) string {
	return strconv.Itoa(n)
}

// A page of a PDF file with the sentence's box, a table, and names that look like markup.
func TestSources(t *testing.T) {
	needs(t)
	folder := handbook(t)
	address := serve(t, t.TempDir(), []string{folder})
	p := open(t, address)
	p.get(`location.hash = "budget=120"`, nil)
	p.ask("what does retention mean in the contract?")
	p.until(`document.querySelector(".span")`)
	p.state("handbook")
	p.get(`[...document.querySelectorAll(".doc .name")].find((e) => e.title.endsWith(".pdf")).click()`, nil)
	p.until(`document.querySelector("#source canvas") && document.querySelector("#source .box rect")`)
	p.sees(" of 2")
	p.click("Next page")
	p.sees("page 2 of 2")
	p.click("Page before")
	p.sees("page 1 of 2")
	time.Sleep(time.Second)
	var dark bool // something is drawn
	p.get(`(() => { const c = document.querySelector("#source canvas"); const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; for (let i = 0; i < d.length; i += 4) if (d[i] + d[i+1] + d[i+2] < 200 && d[i+3] > 0) return true; return false; })()`, &dark)
	if !dark {
		t.Error("the page of the PDF file is empty")
	}
	p.state("pdf")
	p.press(kb.Escape)

	p.ask("days of the archive class in Hall 2")
	p.until(`[...document.querySelectorAll(".doc .name")].some((e) => e.title.endsWith(".csv"))`)
	p.get(`[...document.querySelectorAll(".doc .name")].find((e) => e.title.endsWith(".csv")).click()`, nil)
	p.until(`document.querySelector("#source table")`)
	p.state("table")
	p.press(kb.Escape)

	p.ask("mistletoe markup")
	p.sees("onerror")
	var made int
	p.get(`document.querySelectorAll("main img, main script").length`, &made)
	if made != 0 {
		t.Error("a document became markup")
	}
}

func TestSearch(t *testing.T) {
	needs(t)
	p := open(t, serve(t, t.TempDir(), []string{docs(t), handbook(t)}))
	p.click("Search")
	p.sees("Search for words")
	p.ask("memory model")
	p.until(`document.querySelectorAll(".hits li").length > 5`)
	p.state("search")
	var n int
	p.get(`document.querySelectorAll(".chip").length`, &n)
	if n < 2 {
		t.Error("there are no chips to narrow by")
	}
	p.get(`document.activeElement.blur()`, nil)
	p.press("j")
	p.press("o")
	p.until(`document.querySelector("#source mark")`)
	p.press(kb.Escape)
	p.get(`document.querySelector(".chip").click()`, nil)
	p.until(`location.hash.includes("filter=")`)
	p.until(`document.querySelector(".chip.on")`)
	p.state("filtered")
	p.click("all ✕")
	p.until(`!document.querySelector(".chip.on")`)
	p.ask("qqxyzzyqq")
	p.sees("Nothing matches")
	p.state("nohit")
	p.expected = append(p.expected, "400", "422")
	p.get(`location.hash = "view=search&q=memory&filter=" + encodeURIComponent("lang = ")`, nil)
	p.until(`document.querySelector(".note.bad")`)
	p.state("badfilter")
}

func TestAsk(t *testing.T) {
	needs(t)
	slow := make(chan struct{})
	how := "answer"
	url := model(t, func(ctx context.Context, delta func(string)) {
		delta("Backups are kept for 90 days [1]. ")
		if how == "slow" {
			select {
			case <-slow:
			case <-ctx.Done():
			}
		}
		delta("The archive class keeps them for seven years [1], and nobody asked the moon [9].\n\nIn short: ")
		delta("all of it can be read in Dr. Hall's shed! ")
		delta("Ask whoever is on call. [1]")
	})
	p := open(t, serve(t, t.TempDir(), []string{handbook(t)}, "--llm", url, "--llm-model", "made"))
	p.click("Ask")
	p.ask("how long are backups kept?")
	p.sees("nobody asked the moon")
	p.until(`document.querySelectorAll(".cite").length >= 2 && document.querySelectorAll("mark.bad").length === 1`)
	p.sees("It cites 1 source that is not there")
	p.sees("1 sentence, underlined, names no source")
	var bare []string // what is underlined
	p.get(`[...document.querySelectorAll(".unsupported")].map((e) => e.textContent)`, &bare)
	if len(bare) != 1 || bare[0] != "In short: all of it can be read in Dr. Hall's shed!" {
		t.Errorf("underlined: %q", bare)
	}
	p.state("ask")
	p.get(`document.querySelector(".cite").click()`, nil)
	p.until(`!document.querySelector("#source").hidden`)
	p.press(kb.Escape)
	how = "slow"
	p.ask("how long do backups stay in the archive class?")
	p.until(`document.querySelector(".reply")?.innerText.includes("90 days")`)
	p.state("slow")
	p.click("Stop")
	p.sees("Stopped.")
	close(slow)

	none := open(t, serve(t, t.TempDir(), []string{handbook(t)}))
	none.click("Ask")
	none.ask("how long are backups kept?")
	none.sees("No model is connected")
	none.state("nomodel")

	down := open(t, serve(t, t.TempDir(), []string{handbook(t)}, "--llm", "http://127.0.0.1:1/v1", "--llm-model", "made"))
	down.expected = append(down.expected, "50")
	down.click("Ask")
	down.ask("how long are backups kept?")
	down.click("Ask again")
	down.until(`document.querySelector(".answer .bad")`)
	down.state("modeldown")
}

// Who asks before the page knows its collections asks under what the link says.
func TestEarly(t *testing.T) {
	needs(t)
	p := open(t, "about:blank")
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`const fetches = fetch; fetch = async (...a) => (await new Promise((done) => setTimeout(done, 500)), fetches(...a));`).Do(ctx)
		return err
	}), chromedp.Navigate(serve(t, t.TempDir(), []string{handbook(t)})+"#budget=64"))
	p.ask("how long are backups kept?")
	p.sees("of 64 tokens")
}

func TestWindow(t *testing.T) {
	needs(t)
	p := open(t, serve(t, t.TempDir(), []string{docs(t), handbook(t)}))
	p.click("Window")
	p.sees("A window that lasts")
	p.state("windowstart")
	p.click("Start")
	p.sees("Ask a question above")
	p.ask("how long are backups kept?")
	p.until(`document.querySelectorAll(".piece").length > 0`)
	p.ask(question)
	p.until(`document.querySelectorAll(".piece").length > 2 && ![...document.querySelectorAll(".piecetext")].some((e) => e.textContent === "…")`)
	p.click("Pin")
	p.until(`document.querySelector(".part.pinned")`)
	p.get(`[...document.querySelectorAll(".piece button")].filter((e) => e.innerText === "Fold" && !e.disabled)[0].click()`, nil)
	p.until(`document.querySelector(".piece.folded")`)
	p.get(`(() => { const f = document.querySelector("input[placeholder='find in the window']"); f.value = "finalizer"; f.dispatchEvent(new Event("change")); })()`, nil)
	p.sees("places:")
	p.state("window")
	p.click("Restore")
	p.until(`!document.querySelector(".piece.folded")`)
	p.do(chromedp.Reload())
	p.until(`document.querySelectorAll(".piece").length > 2`)
	p.click("End this window")
	p.sees("A window that lasts")
}

func TestDocuments(t *testing.T) {
	needs(t)
	p := open(t, serve(t, t.TempDir(), nil))
	p.sees("Nothing is indexed yet")
	p.state("empty")
	p.click("Add documents")
	p.sees("Drop files here")
	folder := write(t, t.TempDir(), map[string]string{"hello.md": "# Hello\n\nA file that was dropped speaks of quinces.\n", "broken.pdf": "%PDF-1.4 this is none"})
	p.do(chromedp.SetUploadFiles("#files", []string{filepath.Join(folder, "hello.md"), filepath.Join(folder, "broken.pdf")}, chromedp.ByQuery))
	p.sees("1 added")
	p.sees("skipped")
	p.until(`document.querySelectorAll(".list tbody tr").length >= 1`)
	p.state("documents")
	p.click("Context")
	p.ask("quinces")
	p.sees("A file that was dropped")
	dropped := filepath.Join(write(t, t.TempDir(), map[string]string{"medlar.md": "# Medlar\n\nMedlars are eaten when they are soft.\n"}), "medlar.md")
	for _, kind := range []input.DispatchDragEventType{input.DragEnter, input.DragOver, input.Drop} { // anywhere on the page
		p.do(input.DispatchDragEvent(kind, 300, 500, &input.DragData{Items: []*input.DragDataItem{}, Files: []string{dropped}, DragOperationsMask: 1}))
	}
	p.sees("1 added")
	p.until(`[...document.querySelectorAll(".list tbody button.name")].some((e) => e.title.includes("medlar.md"))`)
	p.click("Context")
	p.ask("medlars")
	p.sees("when they are soft")
	p.click("Documents")
	p.until(`document.querySelectorAll(".list tbody button.name").length >= 1`)
	p.click("Health")
	p.until(`document.querySelector(".charts canvas")`)
	time.Sleep(4500 * time.Millisecond) // two points make a line
	p.state("health")
}

func TestKeys(t *testing.T) {
	needs(t)
	home := t.TempDir()
	folder := handbook(t)
	out, err := tamis(t, home, "serve", "key", "add", "--scope", "read", "reader", "--keys", filepath.Join(home, "keys.json")).Output()
	if err != nil {
		t.Fatal(err, string(out))
	}
	var key string
	for _, w := range strings.Fields(string(out)) {
		if strings.HasPrefix(w, "tamis_") {
			key = w
		}
	}
	p := open(t, serve(t, home, []string{folder}, "--keys", filepath.Join(home, "keys.json")))
	p.expected = append(p.expected, "401")
	p.sees("asks for a key")
	p.state("key")
	p.do(chromedp.SendKeys(`input[type=password]`, key+"\r", chromedp.ByQuery))
	p.sees("Ask in your own words")
	p.ask("how long are backups kept?")
	p.sees("90 days")
	if err := os.Remove(filepath.Join(home, "keys.json")); err != nil {
		t.Fatal(err)
	}
}
