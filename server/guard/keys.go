package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tamis-search/tamis/server/access"
)

// ErrKey: a key that is not known, or no longer.
var ErrKey = errors.New("unknown key")

const (
	// prefix of every key: secrets of this form are found by scanners.
	prefix = "tamis_"
	// A key file is looked at again after so long.
	lookAgain = time.Second
	idBytes   = 6
	keyBytes  = 32
)

// Key is what a key file says of one key. The key itself is prefix, ID, "_" and a secret of
// 256 random bits, of which the file has a salted SHA-256 alone. A slow hash is for
// passwords, which can be guessed: nobody tries 2^256 secrets however fast each is tried,
// and a slow one would let strangers spend the server's time.
type Key struct {
	// ID says which key is meant; it is no secret.
	ID string `json:"id"`
	// Name is who asks. Several keys may have one name while they are rotated; they have
	// the same rights then, since what belongs to a caller belongs to the name.
	Name        string     `json:"name"`
	Scope       string     `json:"scope"`
	Collections []string   `json:"collections"` // null: all
	Groups      []string   `json:"groups"`
	Salt        []byte     `json:"salt"`
	Hash        []byte     `json:"hash"`
	Created     time.Time  `json:"created"`
	Expires     *time.Time `json:"expires,omitempty"`
}

// Caller is who asks with this key.
func (k *Key) caller() *access.Caller {
	scope, _ := scopeOf(k.Scope)
	return &access.Caller{Name: k.Name, Scope: scope, Collections: k.Collections, Groups: k.Groups}
}

// Expired says that the key is of no use any more.
func (k *Key) Expired(now time.Time) bool { return k.Expires != nil && !now.Before(*k.Expires) }

func scopeOf(name string) (access.Scope, error) {
	for s := access.Read; s <= access.Admin; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("unknown scope %q: it is read, write or admin", name)
}

func (k *Key) check() error {
	if k.Name == "" || len(k.Name) > 64 || strings.ContainsFunc(k.Name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return fmt.Errorf("key name %q: at most 64 visible ASCII characters, no space", k.Name)
	}
	_, err := scopeOf(k.Scope)
	return err
}

func hashOf(salt []byte, secret string) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(secret))
	return h.Sum(nil)
}

type keyFile struct {
	Keys []Key `json:"keys"`
}

// Keys are those of a file, which is read again when it has changed: a key that is added or
// removed is so within a second. It is safe for concurrent use.
type Keys struct {
	path string

	mu     sync.Mutex
	looked time.Time
	mark   mark
	file   keyFile
	err    error
}

// mark tells one state of a file from another.
type mark struct {
	size  int64
	mtime time.Time
	mode  fs.FileMode
}

// OpenKeys reads a key file; one that is not there has no keys.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	_, err := k.List()
	return k, err
}

// List returns the keys.
func (k *Keys) List() ([]Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.looked = time.Time{}
	k.read()
	return slices.Clone(k.file.Keys), k.err
}

// read reads the file if it was not looked at lately and has changed. A file that cannot be
// read leaves no key: nobody comes in by what may have been taken back.
func (k *Keys) read() {
	now := time.Now()
	if !k.looked.IsZero() && now.Sub(k.looked) < lookAgain {
		return
	}
	k.looked = now
	info, err := os.Stat(k.path)
	if err == nil {
		m := mark{info.Size(), info.ModTime(), info.Mode()}
		if m == k.mark && k.err == nil {
			return
		}
		k.mark = m
	}
	k.file, k.err = keyFile{}, nil
	if errors.Is(err, fs.ErrNotExist) {
		k.mark = mark{}
		return
	}
	if err == nil {
		k.file, err = readKeys(k.path)
	}
	if err != nil {
		k.file, k.err = keyFile{}, fmt.Errorf("key file: %w", err)
	}
}

func readKeys(path string) (keyFile, error) {
	var f keyFile
	info, err := os.Stat(path)
	if err != nil {
		return f, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return f, fmt.Errorf("%s can be read by others: chmod 600 it", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return keyFile{}, fmt.Errorf("%s: %w", path, err)
	}
	for i := range f.Keys {
		if err := f.Keys[i].check(); err != nil {
			return keyFile{}, fmt.Errorf("%s: %w", path, err)
		}
		if len(f.Keys[i].Hash) != sha256.Size || len(f.Keys[i].Salt) == 0 {
			return keyFile{}, fmt.Errorf("%s: key %s has no hash", path, f.Keys[i].ID)
		}
	}
	return f, nil
}

// Find is who asks with a key. Errors: ErrKey, and those of the file.
func (k *Keys) Find(key string) (*access.Caller, error) {
	k.mu.Lock()
	k.read()
	keys, err := k.file.Keys, k.err
	k.mu.Unlock()
	if err != nil {
		return nil, err
	}
	id, secret, ok := strings.Cut(strings.TrimPrefix(key, prefix), "_")
	if !ok || !strings.HasPrefix(key, prefix) {
		return nil, ErrKey
	}
	var found *Key
	for i := range keys {
		if keys[i].ID == id {
			found = &keys[i]
		}
	}
	if found == nil {
		return nil, ErrKey
	}
	if subtle.ConstantTimeCompare(hashOf(found.Salt, secret), found.Hash) != 1 || found.Expired(time.Now()) {
		return nil, ErrKey
	}
	return found.caller(), nil
}

// Any says whether there are keys, or a file of which nobody knows.
func (k *Keys) Any() bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read()
	return len(k.file.Keys) > 0 || k.err != nil
}

// Add makes a key of a name, scope, collections and groups, and returns it: it is not kept.
func (k *Keys) Add(n Key) (key string, err error) {
	if err := n.check(); err != nil {
		return "", err
	}
	random := make([]byte, idBytes+keyBytes+16)
	_, _ = rand.Read(random) // it never fails
	n.ID = fmt.Sprintf("%x", random[:idBytes])
	secret := base64.RawURLEncoding.EncodeToString(random[idBytes : idBytes+keyBytes])
	n.Salt = random[idBytes+keyBytes:]
	n.Hash = hashOf(n.Salt, secret)
	n.Created = time.Now().UTC().Truncate(time.Second)
	err = k.change(func(f *keyFile) error {
		for _, o := range f.Keys {
			if o.Name != n.Name || o.Expired(n.Created) {
				continue
			}
			if o.Scope != n.Scope || !same(o.Collections, n.Collections) || !same(o.Groups, n.Groups) || (o.Collections == nil) != (n.Collections == nil) {
				return fmt.Errorf("there is a key %q with other rights: take another name, or remove it first", n.Name)
			}
		}
		f.Keys = append(f.Keys, n)
		return nil
	})
	return prefix + n.ID + "_" + secret, err
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Remove takes back the keys of a name, or the one of an ID, and says how many there were.
func (k *Keys) Remove(nameOrID string) (n int, err error) {
	err = k.change(func(f *keyFile) error {
		before := len(f.Keys)
		f.Keys = slices.DeleteFunc(f.Keys, func(o Key) bool { return o.Name == nameOrID || o.ID == nameOrID })
		n = before - len(f.Keys)
		return nil
	})
	return n, err
}

// change writes the file as do leaves it, as a whole: who reads it sees the old or the new,
// and two who change it at once, in any process, do so one after the other.
func (k *Keys) change(do func(*keyFile) error) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return err
	}
	lock, err := lockFile(k.path + ".lock")
	if err != nil {
		return fmt.Errorf("key file %s: %w", k.path, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	f, err := readKeys(k.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key file: %w", err)
	}
	if err := do(&f); err != nil {
		return err
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(k.path), ".keys-*") // 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(append(data, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), k.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	k.looked = time.Time{}
	return nil
}

// lockTime is how long a change waits for another.
const lockTime = 10 * time.Second

// lockFile waits for the lock that a file stands for. The system gives it back with the
// process; the file stays, since who removed it could remove another's.
func lockFile(path string) (io.Closer, error) {
	for end := time.Now().Add(lockTime); ; time.Sleep(10 * time.Millisecond) {
		lock, err := vfs.Default.Lock(path)
		switch {
		case err == nil:
			return lock, nil
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
			return nil, err
		case time.Now().After(end):
			return nil, fmt.Errorf("somebody else is changing it: try again: %w", err)
		}
	}
}
