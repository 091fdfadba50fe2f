package odf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"

	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// locked is a part that is encrypted, as the manifest says.
type locked struct {
	algorithm, derivation, start, sums string
	vector, salt, sum                  []byte
	rounds, bytes                      int
}

const (
	// maxRounds bounds how often a password is hashed; programs write 100,000.
	maxRounds = 2_000_000
	// maxRatio is how many times its size a part may unpack to.
	maxRatio = 200
)

// decrypt says how the parts of a package are read: as they are, or with a password.
func decrypt(p *parts.Package, o *format.Options) (scan, error) {
	plain := func(name string, each func(s *xmlscan.Scanner) error) error { return p.Scan(name, canon, each) }
	const manifest = "META-INF/manifest.xml"
	if !p.Has(manifest) {
		return plain, nil
	}
	all := map[string]*locked{}
	err := p.Scan(manifest, canon, func(s *xmlscan.Scanner) error { return readManifest(s, all) })
	if err != nil {
		return nil, err
	}
	content := all["content.xml"]
	if content == nil {
		if all["encrypted-package"] != nil {
			return nil, p.File.SkipAs(format.Encrypted, "it is encrypted as a whole, as newer versions do by choice, which is not read")
		}
		return plain, nil
	}
	if why := content.unknown(); why != "" {
		return nil, p.File.SkipAs(format.Encrypted, "it is encrypted in a way that is not read: %s", why)
	}
	packed, err := p.Bytes("content.xml", o.MaxBytes)
	if err != nil {
		return nil, err
	}
	for _, password := range o.Passwords {
		if _, err := content.open(packed, password); err == nil {
			return func(name string, each func(s *xmlscan.Scanner) error) error {
				l := all[name]
				if l == nil {
					return plain(name, each)
				}
				return l.scan(p, name, password, o.MaxBytes, each)
			}, nil
		}
	}
	if len(o.Passwords) > 0 {
		return nil, p.File.SkipAs(format.Encrypted, "it is encrypted, and no password that was given opens it")
	}
	return nil, p.File.SkipAs(format.Encrypted, "it is encrypted: give its password by --password")
}

// readManifest finds the parts that are encrypted.
func readManifest(s *xmlscan.Scanner, all map[string]*locked) error {
	var l *locked
	name := ""
	get := func(name string) []byte {
		b, _ := base64.StdEncoding.DecodeString(s.Attr(name))
		return b
	}
	for s.Next() {
		if s.Kind != xmlscan.Start {
			continue
		}
		switch string(s.Name()) {
		case "manifest:file-entry":
			name, l = s.Attr("manifest:full-path"), nil
		case "manifest:encryption-data":
			l = &locked{start: "SHA1", sums: s.Attr("manifest:checksum-type"), sum: get("manifest:checksum"), bytes: 16}
			all[name] = l
		case "manifest:algorithm":
			if l != nil {
				l.algorithm, l.vector = s.Attr("manifest:algorithm-name"), get("manifest:initialisation-vector")
			}
		case "manifest:key-derivation":
			if l != nil {
				l.derivation, l.salt, l.rounds = s.Attr("manifest:key-derivation-name"), get("manifest:salt"), number(s.Attr("manifest:iteration-count"))
				if n := number(s.Attr("manifest:key-size")); n > 0 {
					l.bytes = n
				}
			}
		case "manifest:start-key-generation":
			if l != nil {
				l.start = s.Attr("manifest:start-key-generation-name")
			}
		}
	}
	return nil
}

// unknown says what of the encryption is not known.
func (l *locked) unknown() string {
	switch {
	case !strings.HasSuffix(l.algorithm, "-cbc") || !strings.Contains(l.algorithm, "#aes"):
		return fmt.Sprintf("cipher %q", l.algorithm)
	case !strings.HasSuffix(l.derivation, "PBKDF2") && !strings.HasSuffix(l.derivation, "#pbkdf2"):
		return fmt.Sprintf("key derivation %q", l.derivation)
	case l.rounds < 1 || l.rounds > maxRounds:
		return fmt.Sprintf("a password hashed %d times", l.rounds)
	case len(l.vector) != aes.BlockSize || l.bytes != 16 && l.bytes != 24 && l.bytes != 32:
		return "a key or vector of an unknown size"
	}
	return ""
}

var errPassword = errors.New("the password does not fit")

// open decrypts a part, which stays compressed.
func (l *locked) open(packed []byte, password string) ([]byte, error) {
	if why := l.unknown(); why != "" {
		return nil, errors.New("unknown " + why)
	}
	first := sha1.Sum([]byte(password))
	start := first[:]
	if strings.Contains(strings.ToLower(l.start), "sha256") {
		long := sha256.Sum256([]byte(password))
		start = long[:]
	}
	key, err := pbkdf2.Key(sha1.New, string(start), l.salt, l.rounds, l.bytes)
	if err != nil {
		return nil, err
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(packed) == 0 || len(packed)%aes.BlockSize != 0 {
		return nil, errors.New("its length is no multiple of a block's")
	}
	b := bytes.Clone(packed)
	cipher.NewCBCDecrypter(c, l.vector).CryptBlocks(b, b)
	pad := int(b[len(b)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, errPassword
	}
	b = b[:len(b)-pad]
	head := b[:min(len(b), 1024)]
	one, two := sha1.Sum(head), sha256.Sum256(head)
	sum := one[:]
	if strings.Contains(strings.ToLower(l.sums), "sha256") {
		sum = two[:]
	}
	if len(l.sum) > 0 && subtle.ConstantTimeCompare(sum, l.sum) == 0 {
		return nil, errPassword
	}
	return b, nil
}

// scan reads a part that is encrypted.
func (l *locked) scan(p *parts.Package, name, password string, limit int64, each func(s *xmlscan.Scanner) error) error {
	packed, err := p.Bytes(name, limit)
	if err != nil {
		return err
	}
	b, err := l.open(packed, password)
	if err != nil {
		return p.File.SkipAs(format.Damaged, "its part %s cannot be decrypted: %s", name, err)
	}
	most := int64(len(b))*maxRatio + 1<<20
	return p.ScanFrom(io.LimitReader(flate.NewReader(bytes.NewReader(b)), most), name, canon, each)
}
