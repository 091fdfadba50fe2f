package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// part is something in a program that is no module of Go: what it embeds, and what that was
// compiled of in turn. Nothing but a list of ours says of it whose it is, so that the list
// is compared with the program.
type part struct {
	Name    string            `json:"name"`
	Version string            `json:"version"` // "" where nothing tells
	PURL    string            `json:"purl"`
	Licence string            `json:"licence"` // SPDX: an identifier or an expression
	Kind    string            `json:"kind"`    // "data", or "" for a library
	Texts   []string          `json:"texts"`   // files with its licence
	Module  string            `json:"module"`  // of Go, that has the files; "" for the program's own
	Files   map[string]string `json:"files"`   // what is embedded, with its SHA-256
	Parts   []part            `json:"parts"`   // what it was compiled of

	read []text
}

// readParts reads the list of what a program embeds. Files lie relative to it, or to their module.
// One that is not in the program byte for byte is an error, and so is one that has changed:
// another version may stand under other terms.
func readParts(path string, info *debug.BuildInfo, cache string, program []byte) ([]part, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var parts []part
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&parts); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range parts {
		if err := parts[i].resolve(filepath.Dir(path), info, cache, program); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, parts[i].Name, err)
		}
	}
	return parts, nil
}

func (p *part) resolve(dir string, info *debug.BuildInfo, cache string, program []byte) error {
	for _, name := range p.Texts {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		p.read = append(p.read, text{filepath.Base(name), string(data)})
	}
	if len(p.read) == 0 || p.Licence == "" {
		return errors.New("no licence")
	}
	from := dir
	if p.Module != "" {
		at := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == p.Module })
		if at < 0 {
			return fmt.Errorf("the program does not have module %s", p.Module)
		}
		var err error
		if from, err = moduleDir(cache, p.Module, info.Deps[at].Version); err != nil {
			return err
		}
	}
	for name, want := range p.Files {
		data, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if sum := digestOf(data); sum != want {
			return fmt.Errorf("%s has changed (SHA-256 %s): see which version it is, and under what terms", name, sum)
		}
		if !bytes.Contains(program, data) {
			return fmt.Errorf("%s is not in the program", name)
		}
	}
	for i := range p.Parts {
		if err := p.Parts[i].resolve(dir, info, cache, program); err != nil {
			return fmt.Errorf("%s: %w", p.Parts[i].Name, err)
		}
	}
	return nil
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// component is the part in a bill of materials, with what it was compiled of.
func (p *part) component() cdx.Component {
	c := cdx.Component{
		BOMRef: p.PURL, Type: cdx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: p.PURL, Scope: cdx.ScopeRequired,
	}
	if p.Kind != "" {
		c.Type = cdx.ComponentType(p.Kind)
	}
	// An expression, also of one identifier: the schema's own list of them is older than some.
	c.Licenses = &cdx.Licenses{{Expression: p.Licence}}
	var within []cdx.Component
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		within = append(within, cdx.Component{
			BOMRef: p.PURL + "#" + filepath.Base(name), Type: cdx.ComponentTypeFile, Name: filepath.Base(name),
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: p.Files[name]}},
		})
	}
	for i := range p.Parts {
		within = append(within, p.Parts[i].component())
	}
	if len(within) > 0 {
		c.Components = &within
	}
	return c
}

// works are the parts, and all that they were compiled of, as works whose licences are passed on.
func works(parts []part) (all []module) {
	for _, p := range parts {
		all = append(all, module{path: p.Name, version: p.Version, licences: []string{p.Licence}, texts: p.read})
		all = append(all, works(p.Parts)...)
	}
	return all
}
