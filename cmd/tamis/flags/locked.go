package flags

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Locked are the flags for files that do not open by themselves.
type Locked struct {
	passwords []string
	file      string
	OCR       string // a command
}

// Add makes the flags.
func (l *Locked) Add(f *pflag.FlagSet) {
	f.StringArrayVar(&l.passwords, "password", nil, "try this on encrypted files (repeatable)")
	f.StringVar(&l.file, "password-file", "", "try each line of this file on encrypted files")
	f.StringVar(&l.OCR, "ocr", "", "read the pictures of scanned pages with this command")
}

// Words are the passwords.
func (l *Locked) Words() ([]string, error) {
	all := l.passwords
	if l.file != "" {
		data, err := os.ReadFile(l.file)
		if err != nil {
			return nil, fmt.Errorf("--password-file: %w", err)
		}
		for line := range strings.Lines(string(data)) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				all = append(all, line)
			}
		}
	}
	return all, nil
}
