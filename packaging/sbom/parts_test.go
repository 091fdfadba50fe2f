package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/packaging/bomschema"
)

const partsFile = "../parts.json"

// embedding is a package that embeds files, as go list tells.
type embedding struct {
	ImportPath, Dir string
	EmbedFiles      []string
	Module          *struct {
		Path, Version string
		Main          bool
	}
}

// embedded is what the program embeds, as paths: relative to the list of parts for its own
// files, to their module for the others. modules are the latter's folders.
func embedded(t *testing.T) (files, modules map[string]string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,EmbedFiles,Module", "./cmd/tamis")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files, modules = map[string]string{}, map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p embedding
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return files, modules
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module == nil {
			continue // of the standard library
		}
		for _, name := range p.EmbedFiles {
			rest := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, p.Module.Path), "/")
			key := filepath.ToSlash(filepath.Join(rest, name))
			if p.Module.Main {
				key = "../" + key
			} else {
				modules[p.Module.Path] = strings.TrimSuffix(p.Dir, filepath.FromSlash("/"+rest))
				key = p.Module.Path + ": " + key
			}
			files[key] = filepath.Join(p.Dir, name)
		}
	}
}

func partsList(t *testing.T) (parts []part) {
	t.Helper()
	data, err := os.ReadFile(partsFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		t.Fatal(err)
	}
	return parts
}

// TestParts: each file that the program embeds is a part by the list, ours, or of a module
// whose licence it is under; and the list names nothing else.
func TestParts(t *testing.T) {
	files, _ := embedded(t)
	listed := map[string]bool{}
	for _, p := range partsList(t) {
		for name := range p.Files {
			if p.Module != "" {
				name = p.Module + ": " + name
			}
			listed[name] = true
			if files[name] == "" {
				t.Errorf("%s names %s, which the program does not embed", partsFile, name)
			}
		}
	}
	for name := range files {
		dir, _ := filepath.Split(name)
		ours := dir == "../server/web/static/" || name == "../eval/scorecard/page.html" || name == "../train/features/page.html" || name == "../eval/lens/page.html" || strings.HasPrefix(name, "../server/web/static/vendor/") && strings.HasSuffix(name, ".LICENSE")
		// The defaults of protobuf's editions are of the module that has them.
		theirs := name == "google.golang.org/protobuf: internal/editiondefaults/editions_defaults.binpb"
		if !listed[name] && !ours && !theirs {
			t.Errorf("the program embeds %s, of which %s says nothing", name, partsFile)
		}
	}
}

// TestVersions: the versions are those that the files, or their module, state.
func TestVersions(t *testing.T) {
	files, modules := embedded(t)
	const pdfium = "github.com/klippa-app/go-pdfium: internal/pdfium_wasm/pdfium.wasm"
	says := map[string][2]string{ // of a part: the file that says its version, and how
		"pdfjs-dist":    {files["../server/web/static/vendor/pdf.min.mjs"], "pdfjsVersion = %s\n"},
		"uplot":         {files["../server/web/static/vendor/uPlot.esm.js"], "(v%s)"},
		"tiktoken":      {filepath.Join("..", "..", "text", "tokens", "tokens.go"), "as tiktoken 0.14 has them"},
		"pdfium":        {filepath.Join(modules["github.com/klippa-app/go-pdfium"], ".github", "workflows", "go.yml"), "PDFIUM_EXPERIMENTAL_VERSION: \"%s\""},
		"icu":           {files[pdfium], "N6icu_%s7UObjectE"},
		"libjpeg-turbo": {files[pdfium], "libjpeg-turbo version %s "},
		"agg":           {filepath.Join("..", "licences", "agg23.txt"), "Version %s\n"},
	}
	var check func(parts []part)
	check = func(parts []part) {
		for _, p := range parts {
			if version := "@" + p.Version; p.Version != "" && !strings.HasSuffix(p.PURL, version) || p.Version == "" && strings.Contains(p.PURL, "@") {
				t.Errorf("%s %s is %s", p.Name, p.Version, p.PURL)
			}
			check(p.Parts)
			where, ok := says[p.Name]
			if !ok {
				if p.Version != "" {
					t.Errorf("nothing says that %s is %s", p.Name, p.Version)
				}
				continue
			}
			want := where[1]
			if strings.Contains(want, "%s") {
				want = fmt.Sprintf(want, p.Version)
			}
			if data, err := os.ReadFile(where[0]); err != nil || !bytes.Contains(data, []byte(want)) {
				t.Errorf("%s %s: no %q in %s (%v)", p.Name, p.Version, want, where[0], err)
			}
		}
	}
	check(partsList(t))
}

// TestOtherParts: what has changed, is not in the program, or is of a module that the program
// does not have is refused, with what it is.
func TestOtherParts(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"LICENSE": "do as you like", "in.bin": "embedded", "out.bin": "forgotten"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const digest = "f5b2dbb0abeb6e8a7e4e8b4f7d1d0dfb9b4b5d62c3f6e3f7b3f8f7b7c5e0f3a1"
	for list, want := range map[string]string{
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "files": {"in.bin": "SUM"}}`:              "",
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "files": {"out.bin": "SUM"}}`:             "x: out.bin is not in the program",
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "files": {"in.bin": "` + digest + `"}}`:   "x: in.bin has changed",
		`{"name": "x", "licence": "MIT", "texts": []}`:                                                   "x: no licence",
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "module": "example.org/none"}`:            "does not have module example.org/none",
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "parts": [{"name": "y"}]}`:                "x: y: no licence",
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "file": {}}`:                              `unknown field "file"`,
		`{"name": "x", "licence": "MIT", "texts": ["LICENSE"], "files": {"none.bin": "` + digest + `"}}`: "none.bin",
	} {
		for _, name := range []string{"in.bin", "out.bin"} {
			if strings.Contains(list, name) {
				list = strings.Replace(list, "SUM", sumOf(t, filepath.Join(dir, name)), 1)
			}
		}
		path := filepath.Join(dir, "parts.json")
		if err := os.WriteFile(path, []byte("["+list+"]"), 0o644); err != nil {
			t.Fatal(err)
		}
		parts, err := readParts(path, info, "", []byte("a program with what is embedded in it"))
		if want == "" && (err != nil || len(parts) != 1 || len(works(parts)) != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(data)
}

// TestPartsDocument: parts, what they were compiled of and their files stand in a document that
// the schema takes, and their licences in the notices.
func TestPartsDocument(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	list := filepath.Join(dir, "parts.json")
	// Of what this test embeds: itself, in a way.
	own := `{"name": "fixture", "version": "2", "purl": "pkg:generic/fixture@2", "licence": "BSD-3-Clause AND Apache-2.0", "texts": ["LICENSE"], "files": {"f": "` + digestOf([]byte(fixture)) + `"},
		"parts": [{"name": "within", "purl": "pkg:generic/within", "licence": "LicenseRef-AGG-2.3", "texts": ["LICENSE"]}, {"name": "table", "kind": "data", "purl": "pkg:generic/table", "licence": "MIT", "texts": ["LICENSE"]}]}`
	for name, text := range map[string]string{list: "[" + own + "]", filepath.Join(dir, "LICENSE"): "these are the terms", filepath.Join(dir, "f"): fixture} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	notices := filepath.Join(dir, "notices")
	if err := run(program, "v1.2.3", list, notices, &out); err != nil {
		t.Fatal(err)
	}
	if err := bomschema.Valid(out.Bytes()); err != nil {
		t.Errorf("%v\n%s", err, out.Bytes())
	}
	for _, want := range []string{`"pkg:generic/fixture@2"`, `"pkg:generic/within"`, `"LicenseRef-AGG-2.3"`, digestOf([]byte(fixture))} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in the document", want)
		}
	}
	text, err := os.ReadFile(notices)
	if err != nil || strings.Count(string(text), "these are the terms") != 3 || !strings.Contains(string(text), "\nwithin (LicenseRef-AGG-2.3)\n") {
		t.Errorf("the notices have the terms %d times (%v)", strings.Count(string(text), "these are the terms"), err)
	}
}

// fixture stands in this test's program, as an embedded file would.
const fixture = "what a program embeds stands in it byte for byte, so that it can be looked for"
