package attending

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// What the suites of models that are trained here do not take is refused before anything is trained.
func TestTrainedFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"with --suite compressed there are r4s64, r16s64, r128s128, r2s20, r16s16":                        {"--suite", "compressed", "--policies", "nsa"},
		"with --suite trained there are dense, nsa, hsa, hsa-window, ssa, dma, memory, memory-crossbatch": {"--suite", "trained", "--policies", "r4s64"},
		"--shares holds 2":                                    {"--suite", "compressed", "--shares", "2"},
		"--shares does not go with --suite trained":           {"--suite", "trained", "--shares", "0.5"},
		"--tasks does not go with --suite all":                {"--suite", "all", "--tasks", "recall"},
		"--model needs --text":                                {"--suite", "all", "--model", "some.gguf"},
		"and 8 questions":                                     {"--suite", "all", "--lengths", "100"},
		"--text does not go with --suite compressed":          {"--suite", "compressed", "--text", "book.txt"},
		"with --suite compressed there are recall":            {"--suite", "compressed", "--tasks", "needle"},
		"with --suite compressed and 16 questions":            {"--suite", "compressed", "--lengths", "100"},
		"there are frontier, trained, compressed and all":     {"--suite", "everything"},
		"--models is for --suite trained, compressed and all": {"--models", "here"},
	} {
		c := Console{Out: io.Discard, JSON: func(v any) error { return json.NewEncoder(io.Discard).Encode(v) }}
		cmd := c.Command()
		cmd.SetArgs(args)
		cmd.SetErr(io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
