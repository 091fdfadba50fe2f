// Package tiers runs tests again in processes that lack some vector instructions, so that no
// kernel shows in what they say.
package tiers

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Without runs a test of this program where a feature of the processor is switched off, by
// its name in golang.org/x/sys/cpu, and fails where that test does or does not log want.
func Without(t *testing.T, feature, test, want string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=cpu."+feature+"=off")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) {
		t.Errorf("without %s: %v: want %s\n%s", feature, err, want, out)
	}
}
