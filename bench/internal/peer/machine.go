package peer

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine says where and when something was measured.
type Machine struct {
	Date string `json:"date"`
	CPU  string `json:"cpu"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// ThisMachine describes the machine and the moment.
func ThisMachine() Machine {
	return Machine{time.Now().Format(time.DateOnly), cpuName(), runtime.NumCPU(), runtime.Version()}
}

// cpuName is the model name that Linux gives, else the architecture.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
