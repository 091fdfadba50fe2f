// Package crypt opens files of Office Open XML that are encrypted with a password
// ([MS-OFFCRYPTO] 2.3.4): the package is a stream of an OLE file, EncryptedPackage,
// behind its length of eight bytes; the stream EncryptionInfo says how, in the agile
// way (XML, since Office 2010) or the standard one (a structure, Office 2007).
package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"unicode/utf16"

	"github.com/tamis-search/tamis/internal/xmlscan"
)

// ErrPassword says that no password fits.
var ErrPassword = errors.New("no password fits")

// maxSpin bounds how often a password is hashed; programs write 100,000.
const maxSpin = 2_000_000

// readOnly is the password of workbooks that are only kept from being changed.
const readOnly = "VelvetSweatshop"

// Open decrypts a package by the first password that fits.
func Open(info, data []byte, passwords []string) ([]byte, error) {
	if len(info) < 8 || len(data) < 8 {
		return nil, errors.New("its encryption is not whole")
	}
	size := binary.LittleEndian.Uint64(data)
	data = data[8:]
	if size > uint64(len(data)) {
		return nil, errors.New("its encrypted package is cut")
	}
	major, minor := binary.LittleEndian.Uint16(info), binary.LittleEndian.Uint16(info[2:])
	var try func(password string) (func([]byte) error, error)
	switch {
	case major == 4 && minor == 4:
		a, err := agileOf(info[8:])
		if err != nil {
			return nil, err
		}
		try = a.try
	case minor == 2:
		s, err := standardOf(info)
		if err != nil {
			return nil, err
		}
		try = s.try
	default:
		return nil, fmt.Errorf("its way of encryption (%d.%d) is not known", major, minor)
	}
	for _, p := range append([]string{readOnly}, passwords...) {
		decrypt, err := try(p)
		if errors.Is(err, ErrPassword) {
			continue
		}
		if err != nil {
			return nil, err
		}
		plain := bytes.Clone(data[:len(data)/aes.BlockSize*aes.BlockSize])
		if err := decrypt(plain); err != nil {
			return nil, err
		}
		return plain[:min(size, uint64(len(plain)))], nil
	}
	return nil, ErrPassword
}

func utf16le(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func sum(h hash.Hash, parts ...[]byte) []byte {
	h.Reset()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// spin hashes a password with its salt, and that again with a count n times.
func spin(h hash.Hash, salt []byte, password string, n int) []byte {
	key := sum(h, salt, utf16le(password))
	var count [4]byte
	for i := range n {
		binary.LittleEndian.PutUint32(count[:], uint32(i))
		h.Reset()
		h.Write(count[:])
		h.Write(key)
		key = h.Sum(key[:0])
	}
	return key
}

// agile is what the XML says.
type agile struct {
	hash     func() hash.Hash
	salt     []byte // of the segments
	keyBytes int

	keyHash      func() hash.Hash
	keySalt      []byte
	spins        int
	size         int // of the key that opens the others
	input, value []byte
	key          []byte
}

var hashes = map[string]func() hash.Hash{"SHA1": sha1.New, "SHA-1": sha1.New, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New}

func agileOf(src []byte) (*agile, error) {
	a := &agile{}
	var err error
	get := func(s *xmlscan.Scanner, name string) []byte {
		b, bad := base64.StdEncoding.DecodeString(s.Attr(name))
		if bad != nil {
			err = fmt.Errorf("its encryption has a wrong %s", name)
		}
		return b
	}
	s := xmlscan.New(bytes.NewReader(src), map[string]string{"http://schemas.microsoft.com/office/2006/encryption": "", "http://schemas.microsoft.com/office/2006/keyEncryptor/password": "p"})
	for s.Next() {
		if s.Kind != xmlscan.Start {
			continue
		}
		switch string(s.Name()) {
		case "keyData", "p:encryptedKey":
			if s.Attr("cipherAlgorithm") != "AES" || s.Attr("cipherChaining") != "ChainingModeCBC" || hashes[s.Attr("hashAlgorithm")] == nil {
				return nil, fmt.Errorf("its cipher is not known: %s, %s, %s", s.Attr("cipherAlgorithm"), s.Attr("cipherChaining"), s.Attr("hashAlgorithm"))
			}
			bits, _ := strconv.Atoi(s.Attr("keyBits"))
			if string(s.Name()) == "keyData" {
				a.hash, a.salt, a.keyBytes = hashes[s.Attr("hashAlgorithm")], get(s, "saltValue"), bits/8
				continue
			}
			a.keyHash, a.keySalt, a.size = hashes[s.Attr("hashAlgorithm")], get(s, "saltValue"), bits/8
			a.spins, _ = strconv.Atoi(s.Attr("spinCount"))
			a.input, a.value, a.key = get(s, "encryptedVerifierHashInput"), get(s, "encryptedVerifierHashValue"), get(s, "encryptedKeyValue")
		}
	}
	switch {
	case s.Err() != nil:
		return nil, s.Err()
	case err != nil:
		return nil, err
	case a.hash == nil || a.keyHash == nil || a.keyBytes > 32 || len(a.input) == 0 || len(a.value) == 0 || len(a.key) < a.keyBytes:
		return nil, errors.New("its encryption is not whole")
	case a.spins < 0 || a.spins > maxSpin:
		return nil, fmt.Errorf("its password is hashed %d times, more than %d", a.spins, maxSpin)
	}
	return a, nil
}

// What tells the keys apart that come of a password.
var (
	forInput = []byte{0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79}
	forValue = []byte{0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e}
	forKey   = []byte{0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6}
)

// fit cuts or fills a key or a vector to n bytes.
func fit(b []byte, n int) []byte {
	b = bytes.Clone(b)
	for len(b) < n {
		b = append(b, 0x36)
	}
	return b[:n]
}

func cbc(key, iv, data []byte) error {
	c, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	if len(data)%aes.BlockSize != 0 {
		return errors.New("its encryption is not whole")
	}
	cipher.NewCBCDecrypter(c, fit(iv, aes.BlockSize)).CryptBlocks(data, data)
	return nil
}

func (a *agile) try(password string) (func([]byte) error, error) {
	h := a.keyHash()
	master := spin(h, a.keySalt, password, a.spins)
	open := func(block, data []byte) ([]byte, error) {
		data = bytes.Clone(data)
		return data, cbc(fit(sum(h, master, block), a.size), a.keySalt, data)
	}
	input, err := open(forInput, a.input)
	if err != nil {
		return nil, err
	}
	value, err := open(forValue, a.value)
	if err != nil {
		return nil, err
	}
	if want := sum(h, input); len(value) < len(want) || subtle.ConstantTimeCompare(want, value[:len(want)]) == 0 {
		return nil, ErrPassword
	}
	key, err := open(forKey, a.key)
	if err != nil {
		return nil, err
	}
	key = key[:a.keyBytes]
	return func(data []byte) error {
		const segment = 4096
		h := a.hash()
		var n [4]byte
		for i := 0; len(data) > 0; i++ {
			binary.LittleEndian.PutUint32(n[:], uint32(i))
			part := data[:min(segment, len(data))]
			if err := cbc(key, sum(h, a.salt, n[:]), part); err != nil {
				return err
			}
			data = data[len(part):]
		}
		return nil
	}, nil
}

// standard is what the structure says.
type standard struct {
	salt, verifier, value []byte
	keyBytes              int
}

func standardOf(info []byte) (*standard, error) {
	u32 := func(at int) int {
		if at+4 > len(info) {
			return 0
		}
		return int(binary.LittleEndian.Uint32(info[at:]))
	}
	header := u32(8)
	at := 12 + header
	if header < 32 || header > 4096 || at+72 > len(info) || u32(at) != 16 {
		return nil, errors.New("its encryption is not whole")
	}
	if id := u32(12 + 8); id != 0x660E && id != 0x660F && id != 0x6610 {
		return nil, fmt.Errorf("its cipher (%#x) is not known", id)
	}
	return &standard{salt: info[at+4 : at+20], verifier: info[at+20 : at+36], value: info[at+40 : at+72], keyBytes: u32(12+16) / 8}, nil
}

func (s *standard) try(password string) (func([]byte) error, error) {
	h := sha1.New()
	key := sum(h, spin(h, s.salt, password, 50_000), make([]byte, 4))
	derive := func(fill byte) []byte {
		b := bytes.Repeat([]byte{fill}, 64)
		for i, c := range key {
			b[i] ^= c
		}
		return sum(h, b)
	}
	long := append(derive(0x36), derive(0x5c)...)
	if s.keyBytes > len(long) {
		return nil, errors.New("its encryption is not whole")
	}
	c, err := aes.NewCipher(long[:s.keyBytes])
	if err != nil {
		return nil, err
	}
	decrypt := func(data []byte) error {
		for ; len(data) >= aes.BlockSize; data = data[aes.BlockSize:] {
			c.Decrypt(data, data)
		}
		return nil
	}
	verifier, value := bytes.Clone(s.verifier), bytes.Clone(s.value)
	_, _ = decrypt(verifier), decrypt(value)
	if subtle.ConstantTimeCompare(sum(h, verifier), value[:sha1.Size]) == 0 {
		return nil, ErrPassword
	}
	return decrypt, nil
}
