package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func seal(key, iv, data []byte) []byte {
	c, _ := aes.NewCipher(key)
	out := append(bytes.Clone(data), make([]byte, (aes.BlockSize-len(data)%aes.BlockSize)%aes.BlockSize)...)
	cipher.NewCBCEncrypter(c, fit(iv, aes.BlockSize)).CryptBlocks(out, out)
	return out
}

// agileFile encrypts a package in the agile way.
func agileFile(plain []byte, password string, spins int) (info, data []byte) {
	salt, keySalt, secret := bytes.Repeat([]byte{1}, 16), bytes.Repeat([]byte{2}, 16), bytes.Repeat([]byte{3}, 32)
	h := sha512.New()
	master := spin(h, keySalt, password, spins)
	box := func(block, content []byte) string {
		return base64.StdEncoding.EncodeToString(seal(fit(sum(h, master, block), 32), keySalt, content))
	}
	input := bytes.Repeat([]byte{4}, 16)
	b64 := base64.StdEncoding.EncodeToString
	xml := fmt.Sprintf(`<encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password"><keyData keyBits="256" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue=%q/><keyEncryptors><keyEncryptor><p:encryptedKey spinCount="%d" keyBits="256" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="SHA512" saltValue=%q encryptedVerifierHashInput=%q encryptedVerifierHashValue=%q encryptedKeyValue=%q/></keyEncryptor></keyEncryptors></encryption>`,
		b64(salt), spins, b64(keySalt), box(forInput, input), box(forValue, sum(h, input)), box(forKey, secret))
	info = append([]byte{4, 0, 4, 0, 0x40, 0, 0, 0}, xml...)
	data = binary.LittleEndian.AppendUint64(nil, uint64(len(plain)))
	for i := 0; len(plain) > 0; i++ {
		n := binary.LittleEndian.AppendUint32(nil, uint32(i))
		part := plain[:min(4096, len(plain))]
		data = append(data, seal(secret, sum(h, salt, n), part)...)
		plain = plain[len(part):]
	}
	return info, data
}

// standardFile encrypts a package in the standard way.
func standardFile(plain []byte, password string) (info, data []byte) {
	s := &standard{salt: bytes.Repeat([]byte{5}, 16), keyBytes: 16}
	h := sha1.New()
	key := sum(h, spin(h, s.salt, password, 50_000), make([]byte, 4))
	b := bytes.Repeat([]byte{0x36}, 64)
	for i, c := range key {
		b[i] ^= c
	}
	c, _ := aes.NewCipher(sum(h, b)[:16])
	ecb := func(p []byte) []byte {
		p = append(bytes.Clone(p), make([]byte, (16-len(p)%16)%16)...)
		for i := 0; i < len(p); i += 16 {
			c.Encrypt(p[i:], p[i:])
		}
		return p
	}
	u32 := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	verifier := bytes.Repeat([]byte{6}, 16)
	info = bytes.Join([][]byte{{3, 0, 2, 0}, u32(0x24), u32(32), u32(0x24), u32(0), u32(0x660E), u32(0x8004), u32(128), u32(0x18), u32(0), u32(0), u32(16), s.salt, ecb(verifier), u32(20), ecb(sum(h, verifier))}, nil)
	return info, append(binary.LittleEndian.AppendUint64(nil, uint64(len(plain))), ecb(plain)...)
}

// TestOpen: the right password opens, others do not, and what would take long or is
// not whole is refused.
func TestOpen(t *testing.T) {
	plain := []byte(strings.Repeat("The package. ", 900))
	for name, seal := range map[string]func() ([]byte, []byte){
		"agile":    func() ([]byte, []byte) { return agileFile(plain, "pässword", 100) },
		"standard": func() ([]byte, []byte) { return standardFile(plain, "pässword") },
	} {
		info, data := seal()
		if got, err := Open(info, data, []string{"wrong", "pässword"}); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
		if _, err := Open(info, data, []string{"wrong"}); !errors.Is(err, ErrPassword) {
			t.Errorf("%s: %v", name, err)
		}
		for n := range 40 {
			if _, err := Open(info[:len(info)*n/40], data, nil); err == nil || errors.Is(err, ErrPassword) && name == "agile" {
				t.Errorf("%s cut to %d of 40: %v", name, n, err)
			}
		}
	}
	info, data := agileFile(plain, readOnly, 1)
	if got, err := Open(info, data, nil); err != nil || !bytes.Equal(got, plain) {
		t.Error(err)
	}
	info = bytes.Replace(info, []byte(`spinCount="1"`), []byte(`spinCount="99999999"`), 1)
	if _, err := Open(info, data, nil); err == nil || !strings.Contains(err.Error(), "hashed") {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	a, b := agileFile([]byte("x"), "p", 1)
	f.Add(a, b)
	f.Fuzz(func(t *testing.T, info, data []byte) {
		if len(info) > 2 && info[2] == 2 || bytes.Count(info, []byte("0")) > 20 || bytes.Contains(info, []byte("00")) {
			return // many rounds of hashing
		}
		_, _ = Open(info, data, []string{"p"})
	})
}
