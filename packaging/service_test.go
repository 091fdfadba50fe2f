//go:build linux

package packaging

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const binary = "/usr/local/bin/tamis"

// directives are those of the unit, by their names.
func directives(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile("tamis.service")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			found[name] = append(found[name], value)
		}
	}
	return found
}

// TestService: the program takes the variables that the unit sets, they lie in folders that it
// may write, and systemd knows every directive.
func TestService(t *testing.T) {
	d := directives(t)
	if d["ExecStart"][0] != binary+" serve" {
		t.Errorf("it starts %s", d["ExecStart"])
	}
	var env []string
	for _, line := range d["Environment"] {
		env = append(env, strings.Fields(line)...)
	}
	state := "/var/lib/" + strings.Fields(d["StateDirectory"][0])[0] + "/"
	set := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	for _, name := range []string{"TAMIS_SERVE_COLLECTIONS", "TAMIS_SERVE_KEYS"} {
		if !strings.HasPrefix(set[name], state) {
			t.Errorf("%s is %q, not in %s", name, set[name], state)
		}
	}
	if !strings.HasPrefix(set["TAMIS_SERVE_LISTEN"], "127.0.0.1:") {
		t.Errorf("it listens at %q before there are keys", set["TAMIS_SERVE_LISTEN"])
	}

	program := filepath.Join(t.TempDir(), "tamis")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "./cmd/tamis") // as releases are, whose packages are compiled already
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// What is no flag of tamis serve is an error, and what is stands in the table with its variable.
	config := exec.Command(program, "config", "serve")
	config.Dir, config.Env = t.TempDir(), append(env, "HOME="+t.TempDir())
	out, err := config.CombinedOutput()
	if err != nil {
		t.Errorf("tamis config serve: %v\n%s", err, out)
	}
	for name, value := range set {
		if strings.HasPrefix(name, "TAMIS_") && (!bytes.Contains(out, []byte("$"+name)) || !bytes.Contains(out, []byte(value))) {
			t.Errorf("%s=%s holds nothing:\n%s", name, value, out)
		}
	}
}

// TestServiceVerified asks systemd itself about the unit.
func TestServiceVerified(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: ", err)
	}
	unit, err := os.ReadFile("tamis.service")
	if err != nil {
		t.Fatal(err)
	}
	verify := func(unit string) (string, error) {
		path := filepath.Join(t.TempDir(), "tamis.service")
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
		return string(out), err
	}
	// The program is not installed where the test runs.
	installed := strings.ReplaceAll(string(unit), binary, "/bin/true")
	if out, err := verify(installed); err != nil || out != "" {
		t.Errorf("%v\n%s", err, out)
	}
	// It says no more than a warning of what it does not know.
	if out, _ := verify(strings.Replace(installed, "ProtectHome=", "ProtectHomes=", 1)); !strings.Contains(out, "ProtectHomes") {
		t.Errorf("a directive that there is none of passes: %s", out)
	}
}
