package attest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func key(t testing.TB) *Key {
	t.Helper()
	k, err := Open(filepath.Join(t.TempDir(), "sub", "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const receipt = `{"question":"wie lange? \u00fc <b>","text":"[1] 90 days","budget":40,"tokens":7,"spans":[{"doc":"a","start":1,"end":9,"score":0.125,"digest":"ff"}]}`

func TestSigned(t *testing.T) {
	k := key(t)
	out, err := k.Sign([]byte(receipt), at)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Verify(out)
	if err != nil || s.Fingerprint != Fingerprint(k.Public()) || !s.Signed.Equal(at) {
		t.Fatal(s, err)
	}
	// Another form of the same JSON is the same receipt.
	var any map[string]any
	if err := json.Unmarshal(out, &any); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(any, " ", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(pretty); err != nil {
		t.Errorf("another form: %v", err)
	}
	again, err := key(t).Sign(out, at)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Verify(again); err != nil || s.Fingerprint == Fingerprint(k.Public()) || bytes.Count(again, []byte(`"signature"`)) != 1 {
		t.Errorf("signed again: %v %v", s, err)
	}
}

// TestEachEditIsSeen changes each byte of a signed receipt: none verifies but what says
// the same.
func TestEachEditIsSeen(t *testing.T) {
	out, err := key(t).Sign([]byte(receipt), at)
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	canonical, _ := json.Marshal(want)
	for i := range out {
		for _, x := range []byte{out[i] ^ 1, out[i] ^ 0x20, '0', '}', ' '} {
			edited := bytes.Clone(out)
			if edited[i] = x; bytes.Equal(edited, out) {
				continue
			}
			if _, err := Verify(edited); err != nil {
				continue
			}
			var got any
			if err := json.Unmarshal(edited, &got); err != nil {
				t.Fatal(err)
			}
			if same, _ := json.Marshal(got); !bytes.Equal(same, canonical) {
				t.Fatalf("byte %d as %q verifies: %s", i, x, edited)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	k := key(t)
	for _, c := range []struct {
		text string
		want error
	}{
		{receipt, ErrUnsigned},
		{`{"signature":{"algorithm":"none"}}`, ErrUnsigned},
		{`{"signature":7}`, ErrUnsigned},
		{`[1]`, ErrFormat}, {`null`, ErrFormat}, {``, ErrFormat}, {`{"a":1,"a":2}`, ErrFormat}, {`{"a":9007199254740993}`, ErrFormat}, {`{"a":1e400}`, ErrFormat},
		{"{\"a\":\"\xff\"}", ErrFormat}, {`{"a":1}{}`, ErrFormat}, {strings.Repeat(`{"a":`, 20000), ErrFormat},
	} {
		if _, err := Verify([]byte(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%.60s: %v, want %v", c.text, err, c.want)
		}
		if c.want == ErrFormat {
			if _, err := k.Sign([]byte(c.text), at); !errors.Is(err, ErrFormat) {
				t.Errorf("signing %.60s: %v", c.text, err)
			}
		}
	}
}

func TestKeyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	k, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(file)
	if err != nil || !again.Public().Equal(k.Public()) {
		t.Fatal("another key", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Error("a key that others can read:", err)
	}
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("what is no key")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(receipt))
	f.Add([]byte(`{"signature":{}}`))
	k := key(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = Verify(data)
		out, err := k.Sign(data, at)
		if err != nil {
			return
		}
		if _, err := Verify(out); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
