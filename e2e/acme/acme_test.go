package acme

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestCertificate: a server gets a certificate for the name that it was started with, by a
// challenge over TLS, and for no other; started again it has it still, without asking.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	for name, at := range map[string]string{"tamis": "../..", "pebble": ".", "pebble-challtestsrv": "."} {
		from := "github.com/letsencrypt/pebble/v2/cmd/" + name
		env := "GOWORK=off"
		if name == "tamis" {
			from, env = "./cmd/tamis", "GOWORK="
		}
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), from)
		build.Dir, build.Env = at, append(os.Environ(), "CGO_ENABLED=0", env)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	const name = "tamis.test"
	dns, names := free(t), free(t)
	directory, management, server := free(t), free(t), free(t)
	trusted := certify(t, dir)
	start(t, nil, filepath.Join(dir, "pebble-challtestsrv"), "-dnsserver", dns, "-management", names, "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
		"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "")
	_, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`{"pebble": {"listenAddress": %q, "managementListenAddress": %q, "certificate": %q, "privateKey": %q, "httpPort": 1, "tlsPort": %s}}`,
		directory, management, trusted, filepath.Join(dir, "key.pem"), port)
	if err := os.WriteFile(filepath.Join(dir, "pebble.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	stopPebble := start(t, []string{"PEBBLE_VA_NOSLEEP=1"}, filepath.Join(dir, "pebble"), "-config", filepath.Join(dir, "pebble.json"), "-dnsserver", dns)

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, trusted))
	ask := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	wait(t, "pebble", func() error {
		resp, err := ask.Get("https://" + management + "/roots/0")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if roots = x509.NewCertPool(); err == nil && !roots.AppendCertsFromPEM(b) {
			err = fmt.Errorf("no root: %s", b)
		}
		return err
	})
	serve := func() (stop func()) {
		return start(t, []string{"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "SSL_CERT_FILE=" + trusted}, filepath.Join(dir, "tamis"), "serve", "--index", filepath.Join(dir, "index"),
			"--listen", server, "--acme", name, "--acme-accept-terms", "--acme-directory", "https://"+directory+"/dir")
	}
	connect := func(name string) (*x509.Certificate, error) {
		d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Minute}, Config: &tls.Config{RootCAs: roots, ServerName: name}}
		c, err := d.Dial("tcp", server)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
	}
	stop := serve()
	var first *x509.Certificate
	wait(t, "a certificate", func() (err error) { first, err = connect(name); return err })
	if _, err := connect("other.test"); err == nil {
		t.Error("a certificate for a name that nobody gave")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}}
	req, err := http.NewRequest("GET", "https://"+server+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = name
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != 200 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error(resp.Status, resp.Header)
	}
	client.CloseIdleConnections()
	stop()
	stopPebble()
	serve()
	wait(t, "the certificate that is kept", func() error {
		again, err := connect(name)
		if err == nil && !again.Equal(first) {
			t.Error("another certificate")
		}
		return err
	})
}

// free is an address of this machine that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// wait tries until there is no error.
func wait(t *testing.T, what string, do func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if err = do(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

// start starts a program, which ends with the test or when it is stopped.
func start(t *testing.T, env []string, program string, args ...string) (stop func()) {
	t.Helper()
	c := exec.Command(program, args...)
	c.Env = append(os.Environ(), env...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait() // it was told to end
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(program), said.String()[max(0, said.Len()-3000):])
		}
	})
	return stop
}

// certify writes a certificate for this machine, which is its own authority, and its key.
func certify(t *testing.T, dir string) (cert string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "this machine"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "cert.pem")
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
