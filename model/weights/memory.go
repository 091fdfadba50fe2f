package weights

import (
	"bytes"
	"os"
	"strconv"
)

// FreeMemory is how much memory this process may take more, 0 where nothing says.
func FreeMemory() uint64 {
	free := uint64(0)
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range bytes.Lines(data) {
			if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "MemAvailable:" {
				n, _ := strconv.ParseUint(string(fields[1]), 10, 64)
				free = n << 10
			}
		}
	}
	most, used := number("/sys/fs/cgroup/memory.max"), number("/sys/fs/cgroup/memory.current")
	if most > 0 && (free == 0 || most-min(most, used) < free) {
		free = max(1, most-min(most, used))
	}
	return free
}

func number(file string) uint64 {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(string(bytes.TrimSpace(data)), 10, 64) // "max" is none
	return n
}
