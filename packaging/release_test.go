package packaging

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/go/packages"

	"github.com/tamis-search/tamis/packaging/bomschema"
)

var (
	dist    = flag.String("dist", "", "folder with a release that was built, to be checked instead of one that the test builds")
	release = flag.String("release", "v0.0.0-test", "its version")
)

// Those of one kind of archive each are built whole in every run.
var (
	allTargets  = []string{"darwin/amd64", "darwin/arm64", "linux/amd64", "linux/arm64", "windows/amd64", "windows/arm64"}
	someTargets = []string{"linux/amd64", "windows/arm64"}
)

// TestRelease builds a release by its script and looks into what comes out: sums, archives,
// static programs, manual pages, completions, licences and bills of materials. It builds some targets
// whole, and checks the types of the others; TAMIS_HEAVY=full builds all of them whole.
//
//	go test . -run '^TestRelease$' -args -dist DIR -release v0.1.0   checks what was built
func TestRelease(t *testing.T) {
	dir, targets := *dist, allTargets
	if dir == "" {
		dir = t.TempDir()
		if os.Getenv("TAMIS_HEAVY") != "full" {
			targets = someTargets
		}
		cmd := exec.Command("./release", *release, dir)
		cmd.Env = append(os.Environ(), "TARGETS="+strings.Join(targets, " "))
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%d targets built in %v", len(targets), time.Since(start).Round(time.Second))
		typed(t, targets)
	}
	sums := checkedSums(t, dir)
	if len(sums) != 2*len(targets) {
		t.Errorf("SHA256SUMS has %v", sums)
	}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			system, machine, _ := strings.Cut(target, "/")
			name := fmt.Sprintf("tamis_%s_%s_%s", strings.TrimPrefix(*release, "v"), system, machine)
			archive := name + ".tar.gz"
			if system == "windows" {
				archive = name + ".zip"
			}
			for _, file := range []string{archive, name + ".cdx.json"} {
				if !slices.Contains(sums, file) {
					t.Fatalf("SHA256SUMS does not have %s", file)
				}
			}
			files := unpack(t, filepath.Join(dir, archive), name)
			bill, err := os.ReadFile(filepath.Join(dir, name+".cdx.json"))
			if err != nil {
				t.Fatal(err)
			}
			checkFiles(t, files, system)
			checkProgram(t, files[program(system)], system, machine)
			checkBill(t, bill, files[program(system)], files["THIRD_PARTY_NOTICES"])
		})
	}
}

// typed checks the types of the program, and of all that it is made of, for all targets but some:
// a quarter of a minute each, and compiling takes three.
func typed(t *testing.T, but []string) {
	t.Helper()
	for _, target := range allTargets {
		if slices.Contains(but, target) {
			continue
		}
		system, machine, _ := strings.Cut(target, "/")
		start := time.Now()
		loaded, err := packages.Load(&packages.Config{
			Mode: packages.LoadAllSyntax &^ packages.NeedTypesInfo,
			Dir:  "..",
			Env:  append(os.Environ(), "GOOS="+system, "GOARCH="+machine, "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=readonly"),
		}, "./cmd/tamis")
		if err != nil {
			t.Fatal(err)
		}
		packages.Visit(loaded, nil, func(p *packages.Package) {
			for _, err := range p.Errors {
				t.Errorf("%s: %v", target, err)
			}
		})
		t.Logf("%s checked in %v", target, time.Since(start).Round(time.Second))
	}
}

func program(system string) string {
	if system == "windows" {
		return "tamis.exe"
	}
	return "tamis"
}

// checkedSums compares the sums with the files and returns the names of these.
func checkedSums(t *testing.T, dir string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what SHA256SUMS says", name)
		}
		names = append(names, name)
	}
	return names
}

// unpack is what an archive holds below its one folder. Its files belong to root, can be read
// by all, and are of one time.
func unpack(t *testing.T, archive, folder string) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	files, times := map[string][]byte{}, map[time.Time]bool{}
	add := func(name string, mode os.FileMode, at time.Time, r io.Reader) {
		rest, ok := strings.CutPrefix(name, folder+"/")
		if !ok || path.Clean(name) != name {
			t.Fatalf("%s stands outside its folder", name)
		}
		want := os.FileMode(0o644)
		if rest == "tamis" || rest == "tamis.exe" {
			want = 0o755
		}
		if mode.Perm() != want {
			t.Errorf("%s has mode %o, not %o", name, mode.Perm(), want)
		}
		if files[rest], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		times[at.UTC()] = true
	}
	if strings.HasSuffix(archive, ".zip") {
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			add(f.Name, f.Mode(), f.Modified, r)
			r.Close()
		}
	} else {
		g, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for r := tar.NewReader(g); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Uid != 0 || h.Gid != 0 || h.Uname != "" && h.Uname != "root" {
				t.Errorf("%s is %s's (%d, %d)", h.Name, h.Uname, h.Uid, h.Gid)
			}
			if h.Typeflag == tar.TypeReg {
				add(h.Name, h.FileInfo().Mode(), h.ModTime, r)
			}
		}
	}
	if len(times) != 1 {
		t.Errorf("files of %d times", len(times))
	}
	return files
}

// checkFiles: an archive has all that it is to have, and nothing else.
func checkFiles(t *testing.T, files map[string][]byte, system string) {
	t.Helper()
	want := []string{"CHANGELOG.md", "LICENSE", "README.md", "THIRD_PARTY_NOTICES", program(system),
		"completions/_tamis", "completions/tamis.bash", "completions/tamis.fish", "completions/tamis.ps1"}
	if system == "linux" {
		want = append(want, "tamis.service")
	}
	pages := 0
	for name, data := range files {
		if page := strings.HasPrefix(name, "man/tamis") && strings.HasSuffix(name, ".1"); page {
			pages++
			if !bytes.Contains(data, []byte(`"tamis `+*release+`" "tamis"`)) {
				t.Errorf("%s is not of %s", name, *release)
			}
		} else if !slices.Contains(want, name) {
			t.Errorf("%s is in the archive", name)
		}
		if len(data) < 500 {
			t.Errorf("%s has %d bytes", name, len(data))
		}
	}
	for _, name := range append(want, "man/tamis.1", "man/tamis-context.1", "man/tamis-serve-key-add.1") {
		if files[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if pages < 30 {
		t.Errorf("%d manual pages", pages)
	}
}

// checkProgram: the program is for its system and machine, needs no library there, does not say where it was built, and
// runs, where this is such a machine.
func checkProgram(t *testing.T, data []byte, system, machine string) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if info.Main.Path != "github.com/tamis-search/tamis" || settings["GOOS"] != system || settings["GOARCH"] != machine || settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("built of %s with %v", info.Main.Path, settings)
	}
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(here+"/")) {
		t.Errorf("the program names %s", here)
	}
	var needs []string
	switch system {
	case "linux":
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		needs, _ = f.ImportedLibraries()
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				needs = append(needs, "a dynamic linker")
			}
		}
	case "darwin":
		f, err := macho.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		libraries, err := f.ImportedLibraries()
		if err != nil {
			t.Error(err)
		}
		for _, l := range libraries {
			// The system's interface there is a library.
			if !strings.HasPrefix(l, "/usr/lib/lib") && !strings.HasPrefix(l, "/System/Library/Frameworks/") {
				needs = append(needs, l)
			}
		}
	case "windows":
		f, err := pe.NewFile(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}[machine]; f.Machine != want {
			t.Errorf("the program is for machine %#x", f.Machine)
		}
	}
	if len(needs) > 0 {
		t.Errorf("the program needs %v", needs)
	}
	if system != runtime.GOOS || machine != runtime.GOARCH {
		return
	}
	file := filepath.Join(t.TempDir(), program(system))
	if err := os.WriteFile(file, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(file, "version").CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "tamis "+*release+" go") {
		t.Errorf("%v: %s", err, out)
	}
}

// listed is a component of a bill of materials.
type listed struct {
	Name, Version string
	Licenses      []any
}

// checkBill: the bill of materials is valid, is of this program, and names all that is in it; the notices have the licence of each.
func checkBill(t *testing.T, bill, program, notices []byte) {
	t.Helper()
	if err := bomschema.Valid(bill); err != nil {
		t.Errorf("%.2000v", err)
	}
	var doc struct {
		Metadata struct {
			Component struct {
				Version string
				Hashes  []struct{ Content string }
			}
		}
		Components []listed
	}
	if err := json.Unmarshal(bill, &doc); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(program)
	if c := doc.Metadata.Component; c.Version != *release || len(c.Hashes) != 1 || c.Hashes[0].Content != hex.EncodeToString(sum[:]) {
		t.Errorf("the bill is of %+v", c)
	}
	has := map[string]bool{}
	for _, c := range doc.Components {
		has[c.Name+" "+c.Version] = len(c.Licenses) > 0
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"std " + strings.TrimPrefix(info.GoVersion, "go")}
	for _, m := range info.Deps {
		want = append(want, m.Path+" "+m.Version)
	}
	for _, part := range []string{"pdfjs-dist", "uplot", "pdfium", "tiktoken"} {
		i := slices.IndexFunc(doc.Components, func(c listed) bool { return c.Name == part })
		if i < 0 {
			t.Errorf("the bill does not have %s", part)
			continue
		}
		want = append(want, part+" "+doc.Components[i].Version)
	}
	for _, w := range want {
		if !has[w] {
			t.Errorf("the bill does not have %s with its licence", w)
		}
		if !bytes.Contains(notices, []byte("\n"+w+" (")) {
			t.Errorf("the notices do not have %s", w)
		}
	}
}
