// Package attest signs receipts, so that who has one can tell whose it is and that it
// was not altered, without the index.
//
// A signed receipt is the receipt's JSON object with one more member:
//
//	"signature": {"algorithm": "Ed25519", "key": …, "fingerprint": …, "signed": …, "value": …}
//
// The key is the public one, its fingerprint the SHA-256 of its bytes, both in base64; signed
// is the time. The value signs the canonical form (RFC 8785) of the whole object without that
// member of signature, after the line "tamis receipt 1". A number that two receipts could
// write differently and canonical JSON the same, an integer beyond 2^53, is refused.
package attest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	// ErrUnsigned: a receipt has no signature, or one that this version cannot read.
	ErrUnsigned = errors.New("the receipt is not signed")
	// ErrAltered: a receipt is not what was signed.
	ErrAltered = errors.New("the receipt was altered after it was signed, or its signature was")
	// ErrFormat: it is no JSON object that can be signed.
	ErrFormat = errors.New("not a receipt that can be signed")
)

const (
	algorithm = "Ed25519"
	purpose   = "tamis receipt 1\n"
	member    = "signature"
)

// Signature says who signed a receipt, and when, by their word.
type Signature struct {
	Algorithm   string    `json:"algorithm"`
	Key         []byte    `json:"key"`
	Fingerprint string    `json:"fingerprint"`
	Signed      time.Time `json:"signed"`
	Value       []byte    `json:"value,omitempty"`
}

// Fingerprint names a public key, as ssh does: SHA256: and base64.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Sign returns a receipt, given as JSON, with a signature, in the place of one that it
// has. Error: ErrFormat.
func (k *Key) Sign(receipt []byte, at time.Time) ([]byte, error) {
	fields, err := object(receipt)
	if err != nil {
		return nil, err
	}
	s := Signature{Algorithm: algorithm, Key: k.Public(), Fingerprint: Fingerprint(k.Public()), Signed: at.UTC().Truncate(time.Second)}
	text, err := signed(fields, s)
	if err != nil {
		return nil, err
	}
	s.Value = ed25519.Sign(k.private, text)
	if fields[member], err = json.Marshal(s); err != nil {
		return nil, err
	}
	return compact(fields)
}

// Verify says who signed a receipt that is as it was then. Whose key that is, is for the
// caller to know. Errors: ErrUnsigned, ErrAltered, ErrFormat.
func Verify(receipt []byte) (*Signature, error) {
	fields, err := object(receipt)
	if err != nil {
		return nil, err
	}
	var s Signature
	switch raw, ok := fields[member]; {
	case !ok:
		return nil, ErrUnsigned
	case json.Unmarshal(raw, &s) != nil || !s.is(raw) || s.Algorithm != algorithm || len(s.Key) != ed25519.PublicKeySize:
		return nil, fmt.Errorf("%w in a way that this version knows", ErrUnsigned)
	}
	value := s.Value
	s.Value = nil
	text, err := signed(fields, s)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(s.Key, text, value) || s.Fingerprint != Fingerprint(s.Key) {
		return nil, ErrAltered
	}
	s.Value = value
	return &s, nil
}

// signed is what a signature is of.
func signed(fields map[string]jsontext.Value, s Signature) ([]byte, error) {
	of := map[string]jsontext.Value{}
	for name, value := range fields {
		of[name] = value
	}
	var err error
	if of[member], err = json.Marshal(s); err != nil {
		return nil, err
	}
	v, err := compact(of)
	if err != nil {
		return nil, err
	}
	whole := jsontext.Value(v)
	if err := whole.Canonicalize(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return append([]byte(purpose), whole...), nil
}

// object reads the members of a JSON object whose canonical form says all that it does.
func object(data []byte) (map[string]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		if t.Kind() == '0' && !exact(t.String()) {
			return nil, fmt.Errorf("%w: the number %.40s is beyond what JSON programs agree on", ErrFormat, t.String())
		}
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("%w: it is no JSON object", ErrFormat)
	}
	out := make(map[string]jsontext.Value, len(fields))
	for name, value := range fields {
		out[name] = jsontext.Value(value)
	}
	return out, nil
}

// exact says that no other number of its form has the same float64.
func exact(number string) bool {
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil {
		return -1<<53 <= n && n <= 1<<53
	}
	f, err := strconv.ParseFloat(number, 64)
	return err == nil && (f < 1<<53 && f > -1<<53)
}

// compact writes members as an object.
func compact(fields map[string]jsontext.Value) ([]byte, error) {
	raw := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		raw[name] = json.RawMessage(value)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// is says that a signature is written as it was made: package json takes names in any
// case, and base64 has more than one form of the same bytes.
func (s *Signature) is(raw jsontext.Value) bool {
	mine, err := json.Marshal(s)
	own, written := jsontext.Value(mine), raw.Clone()
	return err == nil && own.Canonicalize() == nil && written.Canonicalize() == nil && bytes.Equal(own, written)
}
