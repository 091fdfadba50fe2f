package odf

import (
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// decrypt says how the parts of a package are read: as they are, or with a password.
func decrypt(p *parts.Package, o *format.Options) (scan, error) {
	plain := func(name string, each func(s *xmlscan.Scanner) error) error { return p.Scan(name, canon, each) }
	const manifest = "META-INF/manifest.xml"
	if !p.Has(manifest) {
		return plain, nil
	}
	locked := false
	err := p.Scan(manifest, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && string(s.Name()) == "manifest:encryption-data" {
				locked = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if locked {
		return nil, p.File.SkipAs(format.Encrypted, "it is encrypted: give its password by --password")
	}
	return plain, nil
}
