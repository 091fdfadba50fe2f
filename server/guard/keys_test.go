package guard

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/server/access"
)

func keyFileOf(t *testing.T) (*Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deep", "keys.json")
	k, err := OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return k, path
}

// again has the file looked at at the next use, as a second later.
func (k *Keys) again() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
}

func TestKeys(t *testing.T) {
	k, path := keyFileOf(t)
	if k.Any() {
		t.Error("keys from nothing")
	}
	key, err := k.Add(Key{Name: "reader", Scope: "read", Collections: []string{"a"}, Groups: []string{"staff"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := k.Find(key)
	if err != nil || c.Name != "reader" || c.Scope != access.Read || c.May(access.Read, "a") != nil || c.May(access.Write, "a") == nil || c.May(access.Read, "b") == nil || c.Groups[0] != "staff" {
		t.Fatal(c, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, secret, _ := strings.Cut(strings.TrimPrefix(key, prefix), "_")
	if strings.Contains(string(data), secret) || len(secret) != 43 {
		t.Errorf("the file holds the secret, or it is short: %q", secret)
	}
	for _, wrong := range []string{"", prefix, key[:len(key)-1], key + "A", strings.ToLower(key), key[len(prefix):], prefix + "_" + secret, prefix + "000000000000_" + secret} {
		if _, err := k.Find(wrong); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

// TestRotation: two keys of a name are good at once; other rights under one name are not.
func TestRotation(t *testing.T) {
	k, path := keyFileOf(t)
	a, err := k.Add(Key{Name: "bot", Scope: "write", Groups: []string{"x", "y"}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := k.Add(Key{Name: "bot", Scope: "write", Groups: []string{"y", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []Key{{Name: "bot", Scope: "read", Groups: []string{"x", "y"}}, {Name: "bot", Scope: "write"}, {Name: "bot", Scope: "write", Groups: []string{"x", "y"}, Collections: []string{}}} {
		if _, err := k.Add(other); err == nil {
			t.Errorf("%+v came under a name with other rights", other)
		}
	}
	// Another process takes the first back; this one heeds it.
	other, err := OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(a, prefix), "_")
	if n, err := other.Remove(id); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	k.again()
	if _, err := k.Find(a); !errors.Is(err, ErrKey) {
		t.Error("a key that was removed is good:", err)
	}
	if _, err := k.Find(b); err != nil {
		t.Error(err)
	}
	if n, err := k.Remove("bot"); n != 1 || err != nil {
		t.Error(n, err)
	}
}

// TestKeysAddedAtOnce: none is lost, whoever adds them.
func TestKeysAddedAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	const many = 24
	var all sync.WaitGroup
	made := make([]string, many)
	for i := range made {
		all.Go(func() {
			k, err := OpenKeys(path)
			if err == nil {
				made[i], err = k.Add(Key{Name: fmt.Sprint("n", i), Scope: "read"})
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	k, err := OpenKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range made {
		if c, err := k.Find(key); err != nil || c.Name != fmt.Sprint("n", i) {
			t.Errorf("key %d: %v", i, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	k, _ := keyFileOf(t)
	past, soon := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	old, err := k.Add(Key{Name: "old", Scope: "read", Expires: &past})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Find(old); !errors.Is(err, ErrKey) {
		t.Error("expired, and good:", err)
	}
	good, err := k.Add(Key{Name: "good", Scope: "read", Expires: &soon})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Find(good); err != nil {
		t.Error(err)
	}
	if _, err := k.Add(Key{Name: "old", Scope: "admin"}); err != nil {
		t.Error("an expired key holds its name:", err)
	}
}

// TestKeyFileFailsClosed: a file that others can read, or that is broken, lets nobody in.
func TestKeyFileFailsClosed(t *testing.T) {
	k, path := keyFileOf(t)
	key, err := k.Add(Key{Name: "a", Scope: "read"})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no JSON": "{", "scope": strings.Replace(string(whole), `"read"`, `"root"`, 1), "no hash": `{"keys":[{"id":"x","name":"a","scope":"read"}]}`,
		"name": strings.Replace(string(whole), `"name": "a"`, `"name": "a\nb"`, 1),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k.again()
		if _, err := k.Find(key); err == nil || errors.Is(err, ErrKey) || !k.Any() {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := k.Add(Key{Name: "b", Scope: "read"}); err == nil {
			t.Errorf("%s: written over", name)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	k.again()
	if _, err := k.Find(key); err != nil {
		t.Error("mended, and still closed:", err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		k.again()
		if _, err := k.Find(key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Error("others can read it:", err)
		}
	}
	for _, bad := range []Key{{Scope: "read"}, {Name: "a b", Scope: "read"}, {Name: "ü", Scope: "read"}, {Name: strings.Repeat("a", 65), Scope: "read"}, {Name: "x"}, {Name: "x", Scope: "root"}} {
		if _, err := k.Add(bad); err == nil {
			t.Errorf("%+v", bad)
		}
	}
}
