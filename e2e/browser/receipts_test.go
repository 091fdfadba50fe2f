package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A receipt is copied, saved, signed and checked; and when a source changes, the page and
// the receipt say which.
func TestReceipts(t *testing.T) {
	needs(t)
	home, folder, downloads := t.TempDir(), handbook(t), t.TempDir()
	p := open(t, serve(t, home, []string{folder}, "--sign", filepath.Join(home, "sign.pem")))
	p.do(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(downloads),
		browser.SetPermission(&browser.PermissionDescriptor{Name: "clipboard-read"}, browser.PermissionSettingGranted),
		browser.SetPermission(&browser.PermissionDescriptor{Name: "clipboard-write"}, browser.PermissionSettingGranted))
	p.ask("how long are backups kept?")
	p.sees("verified")
	p.get(`document.activeElement.blur()`, nil)

	var clip string
	pasted := func(what string) string {
		p.t.Helper()
		p.until(`document.querySelector("#said")?.innerText === "Copied."`)
		p.get(`void (document.querySelector("#said").textContent = "")`, nil)
		p.get(`navigator.clipboard.readText()`, &clip)
		if clip == "" {
			t.Errorf("%s: nothing is copied", what)
		}
		return clip
	}
	p.press("c")
	if text := pasted("text"); !strings.HasPrefix(text, "[1]") || !strings.Contains(text, "kept for 90 days") {
		t.Errorf("the copied text is %q", text)
	}
	p.get(`(() => { const s = document.querySelector("select[aria-label='Copy as']"); s.value = "xml"; s.dispatchEvent(new Event("change")); })()`, nil)
	if text := pasted("XML"); !strings.HasPrefix(text, "<") {
		t.Errorf("the copied XML is %q", text)
	}
	p.press("r")
	p.sees("The receipt of this context")
	p.until(`[...document.querySelectorAll("dialog button")].some((e) => e.innerText === "Save signed" && e.checkVisibility())`)
	p.get(`[...document.querySelectorAll("dialog button")].find((e) => e.innerText === "Copy").click()`, nil)
	var receipt struct{ Text, Digest string }
	if err := json.Unmarshal([]byte(pasted("receipt")), &receipt); err != nil || len(receipt.Digest) != 64 {
		t.Errorf("the copied receipt: %v, %q", err, clip)
	}
	p.state("receipt")

	p.click("Save")
	plain := arrives(t, filepath.Join(downloads, "receipt.json"))
	p.click("Save signed")
	signed := arrives(t, filepath.Join(downloads, "receipt.signed.json"))
	if out, err := tamis(t, home, "receipt", "verify", signed).CombinedOutput(); err != nil {
		t.Errorf("tamis receipt verify: %v\n%s", err, out)
	}
	check := func(file string) { p.do(chromedp.SetUploadFiles("#receipt", []string{file}, chromedp.ByQuery)) }
	check(plain)
	p.sees("Nobody has signed it.")
	p.sees("The sources here give the same text, byte by byte.")
	check(signed)
	p.sees("Signed with this server's key")
	p.state("checked")
	p.expected = append(p.expected, "409", "422") // what does not hold
	b, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	altered := filepath.Join(write(t, t.TempDir(), map[string]string{"altered.json": strings.Replace(string(b), "kept for 90 days", "kept for 95 days", 1), "none.json": "[1, 2"}), "altered.json")
	check(altered)
	p.sees("Its signature does not hold")
	check(filepath.Join(filepath.Dir(altered), "none.json"))
	p.sees("none.json is no receipt.")
	p.press(kb.Escape)
	p.until(`!document.querySelector("dialog")`)

	// The file changes: the index still has what it had, and says that the file is another.
	policy := filepath.Join(folder, "policy/backup.md")
	b, err = os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, []byte(strings.Replace(string(b), "90 days", "30 days", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	p.get(`[...document.querySelectorAll(".doc .name")].find((e) => e.title.endsWith("backup.md")).click()`, nil)
	p.until(`document.querySelector("#source mark")`)
	p.click("Original")
	p.sees("the file has changed since it was indexed")
	p.press(kb.Escape)
	p.click("Verify")
	p.sees("Verified: built again from the sources")
	// The index follows: what was quoted is named, on the page and of the saved receipt.
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		out, err := tamis(t, home, "index", "--index", filepath.Join(home, "index"), folder).CombinedOutput()
		if err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	p.click("Verify")
	p.sees("a source has changed")
	p.sees("backup.md has changed, or is gone")
	p.until(`document.querySelector(".span.stale")`)
	p.state("changed")
	p.press("r")
	p.until(`document.querySelector("dialog")`)
	check(signed)
	p.until(`document.querySelector(".checked")?.innerText.includes("backup.md has changed, or is gone")`)
	p.press(kb.Escape)
	p.click("Pack again")
	p.sees("30 days")
	p.sees("✓ verified")
	p.until(`!document.querySelector(".stale") && document.querySelector(".changed").hidden`)

	p.click("tamis") // whoever was sent a receipt has no question
	p.click("Check a receipt")
	check(signed)
	p.until(`document.querySelector(".checked")?.innerText.includes("backup.md has changed, or is gone")`)
}

// arrives waits for a file to be downloaded.
func arrives(t *testing.T, file string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return file
		}
	}
	t.Fatalf("%s does not come", filepath.Base(file))
	return ""
}
