package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ErrPublic: other machines would see the address, and there are no keys.
var ErrPublic = errors.New("is seen by other machines, and there are no keys: make one with tamis serve key add NAME, or listen at 127.0.0.1")

// Listen listens at an address. public says that other machines can reach it; that takes
// keys.
func Listen(address string, keyed bool) (l net.Listener, public bool, err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, false, fmt.Errorf("%s: an address is HOST:PORT, such as 127.0.0.1:8227: %w", address, err)
	}
	ip, err := netip.ParseAddr(host)
	public = host != "localhost" && (err != nil || !ip.IsLoopback())
	if public && !keyed {
		return nil, true, fmt.Errorf("%s %w", address, ErrPublic)
	}
	if l, err = net.Listen("tcp", address); err != nil {
		return nil, public, err
	}
	// What a name stands for is the system's to say.
	if a, err := netip.ParseAddrPort(l.Addr().String()); err != nil || !a.Addr().IsLoopback() {
		if !keyed {
			return nil, true, errors.Join(fmt.Errorf("%s %w", address, ErrPublic), l.Close())
		}
		public = true
	}
	return l, public, nil
}

// TLS says where a server's certificate comes from.
type TLS struct {
	// Cert and Key are PEM files, read again when they change.
	Cert, Key string
	// ACMEHosts are names for which certificates are got from the authority whose directory is
	// at ACMEDirectory (Let's Encrypt's where it is ""), and whose terms whoever names them
	// accepts; Cache is the folder where they are kept.
	ACMEHosts            []string
	ACMEDirectory, Cache string
}

// wrap is l with TLS, l itself where none is asked for.
func (t TLS) wrap(l net.Listener) (net.Listener, error) {
	switch {
	case len(t.ACMEHosts) > 0 && t.Cert != "":
		return nil, errors.New("certificates come from files or by ACME, not both")
	case len(t.ACMEHosts) > 0:
		m := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(t.ACMEHosts...), Cache: autocert.DirCache(t.Cache)}
		if t.ACMEDirectory != "" {
			m.Client = &acme.Client{DirectoryURL: t.ACMEDirectory}
		}
		c := m.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return tls.NewListener(l, c), nil
	case t.Cert != "" || t.Key != "":
		p := &pair{cert: t.Cert, key: t.Key}
		if _, err := p.get(nil); err != nil {
			return nil, err
		}
		return tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: p.get}), nil
	}
	return l, nil
}

// pair is a certificate with its key, from files that may change.
type pair struct {
	cert, key string
	mu        sync.Mutex
	looked    time.Time
	changed   [2]time.Time
	loaded    *tls.Certificate
}

// get reads the files again when they have changed; where they do not go together yet, what
// was read before is good for a while more.
func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded != nil && time.Since(p.looked) < time.Second {
		return p.loaded, nil
	}
	p.looked = time.Now()
	var changed [2]time.Time
	for i, file := range []string{p.cert, p.key} {
		if info, err := os.Stat(file); err == nil {
			changed[i] = info.ModTime()
		}
	}
	if p.loaded != nil && changed == p.changed {
		return p.loaded, nil
	}
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		if p.loaded != nil {
			return p.loaded, nil
		}
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	p.loaded, p.changed = &c, changed
	return p.loaded, nil
}
