// Command sbom says of what a program that Go built consists: as a CycloneDX document,
// and as the licences of its modules, which those who pass the program on must pass on too.
//
//	sbom [-version V] [-parts FILE] [-notices FILE] PROGRAM > PROGRAM.cdx.json
//
// Modules are read from what the linker wrote into the program; only licences are looked up
// where the go command keeps the modules. What else is in the program, as files that it
// embeds, a list says (packaging/parts.json), and is looked for there. Nothing is fetched.
package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/licensecheck"
	xmodule "golang.org/x/mod/module"
)

func main() {
	version := flag.String("version", "", "version of the program (default: what its module says)")
	notices := flag.String("notices", "", "file to write the licences of all modules to")
	parts := flag.String("parts", "", "list of what the program embeds (default: nothing)")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sbom [-version V] [-parts FILE] [-notices FILE] PROGRAM")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *version, *parts, *notices, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(program, version, list, notices string, out io.Writer) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	root, cache, err := goFolders()
	if err != nil {
		return err
	}
	modules, err := licensed(info, root, cache)
	if err != nil {
		return err
	}
	var parts []part
	if list != "" {
		if parts, err = readParts(list, info, cache, data); err != nil {
			return err
		}
	}
	if notices != "" {
		if err := os.WriteFile(notices, notice(append(modules, works(parts)...)), 0o644); err != nil {
			return err
		}
	}
	bom := document(info, modules, parts, cmp.Or(version, info.Main.Version), filepath.Base(program), sha256.Sum256(data))
	return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
}

// module is one that a program is made of.
type module struct {
	path, version, sum string
	licences           []string // SPDX identifiers
	texts              []text
}

type text struct{ name, text string }

// licensed is the standard library and the modules of a program, with their licences.
// A module without a licence is an error: nobody may pass that program on.
func licensed(info *debug.BuildInfo, root, cache string) ([]module, error) {
	std := module{path: "std", version: strings.TrimPrefix(info.GoVersion, "go")}
	var err error
	if std.licences, std.texts, err = licences(root); err != nil {
		return nil, err
	}
	all := []module{std}
	for _, dep := range info.Deps {
		m := module{path: dep.Path, version: dep.Version, sum: dep.Sum}
		if r := dep.Replace; r != nil {
			m = module{path: r.Path, version: r.Version, sum: r.Sum}
		}
		dir, err := moduleDir(cache, m.path, m.version)
		if err != nil {
			return nil, err
		}
		if m.licences, m.texts, err = licences(dir); err != nil {
			return nil, fmt.Errorf("%s@%s: %w", m.path, m.version, err)
		}
		all = append(all, m)
	}
	return all, nil
}

// goFolders are where Go is installed and where it keeps modules.
func goFolders() (root, cache string, err error) {
	env, err := exec.Command("go", "env", "GOROOT", "GOMODCACHE").Output()
	if err != nil {
		return "", "", fmt.Errorf("go env: %w", err)
	}
	root, cache, _ = strings.Cut(strings.TrimSpace(string(env)), "\n")
	return root, cache, nil
}

// moduleDir is where the go command keeps a module, in its cache.
func moduleDir(cache, path, version string) (string, error) {
	p, err := xmodule.EscapePath(path)
	if err != nil {
		return "", err
	}
	v, err := xmodule.EscapeVersion(version)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, p+"@"+v)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("%s@%s is not in the module cache: build the program on this machine first: %w", path, version, err)
	}
	return dir, nil
}

// licences reads the files of a folder that state under what it may be used.
func licences(dir string) (ids []string, texts []text, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || strings.HasSuffix(name, ".GO") ||
			!slices.ContainsFunc([]string{"LICENSE", "LICENCE", "UNLICENSE", "COPYING", "NOTICE", "PATENTS"}, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, text{e.Name(), string(data)})
		for _, m := range licensecheck.Scan(data).Match {
			if !m.IsURL && !slices.Contains(ids, m.ID) && m.ID != "GooglePatentsFile" && m.ID != "GooglePatentClause" {
				ids = append(ids, m.ID)
			}
		}
	}
	if len(texts) == 0 {
		return nil, nil, errors.New("no licence in " + dir)
	}
	return ids, texts, nil
}

// notice is the licences of all works as one text.
func notice(modules []module) []byte {
	var b bytes.Buffer
	b.WriteString("tamis contains the following works, each under the licence that follows its name.\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "\n%s\n%s (%s)\n", strings.Repeat("=", 78), strings.TrimSpace(m.path+" "+m.version), strings.Join(m.licences, ", "))
		for _, t := range m.texts {
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", t.name, strings.TrimSpace(t.text))
		}
	}
	return b.Bytes()
}

// document is the bill of materials. It holds nothing that differs between two builds of
// the same sources: its serial number is made of the program's digest, its time is $SOURCE_DATE_EPOCH.
func document(info *debug.BuildInfo, modules []module, parts []part, version, name string, digest [sha256.Size]byte) *cdx.BOM {
	bom := cdx.NewBOM()
	id := bytes.Clone(digest[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // RFC 9562, version 8: bytes of our own making
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	settings := []cdx.Property{{Name: "go:version", Value: info.GoVersion}}
	for _, s := range info.Settings {
		if s.Value != "" && s.Key != "-ldflags" {
			settings = append(settings, cdx.Property{Name: "go:build:" + s.Key, Value: s.Value})
		}
	}
	main := "pkg:golang/" + info.Main.Path + "@" + version
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{
		BOMRef: main, Type: cdx.ComponentTypeApplication, Name: name, Version: version, PackageURL: main,
		Licenses:   &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		Hashes:     &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(digest[:])}},
		Properties: &settings,
	}}
	if at, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		bom.Metadata.Timestamp = time.Unix(at, 0).UTC().Format(time.RFC3339)
	}
	var components []cdx.Component
	var refs []string
	for _, m := range modules {
		c := cdx.Component{
			BOMRef: "pkg:golang/" + m.path + "@" + m.version, Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version,
			PackageURL: "pkg:golang/" + m.path + "@" + m.version, Scope: cdx.ScopeRequired,
		}
		var ids cdx.Licenses
		for _, id := range m.licences {
			ids = append(ids, cdx.LicenseChoice{License: &cdx.License{ID: id}})
		}
		if len(ids) > 0 {
			c.Licenses = &ids
		}
		// h1 is a digest of the module's files as the go command lists them.
		if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.sum, "h1:")); err == nil && len(sum) == sha256.Size {
			c.Properties = &[]cdx.Property{{Name: "go:sum", Value: m.sum}}
		}
		components = append(components, c)
		refs = append(refs, c.BOMRef)
	}
	for i := range parts {
		components = append(components, parts[i].component())
		refs = append(refs, parts[i].PURL)
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: main, Dependencies: &refs}}
	return bom
}
