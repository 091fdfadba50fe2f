package attending

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/model/train"
)

// mostText is how many bytes of text are learned from at most.
const mostText = 256 << 20

// textOf is the text of a file, or of the files of a folder that are text, by their names; without a path it is what this program
// says of its commands.
func textOf(cmd *cobra.Command, path string) (*train.Text, error) {
	if path == "" {
		var b bytes.Buffer
		said(&b, cmd.Root())
		return train.NewText(b.Bytes())
	}
	var all []byte
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if hidden := strings.HasPrefix(entry.Name(), ".") && name != path; hidden && entry.IsDir() {
			return filepath.SkipDir
		} else if hidden || !entry.Type().IsRegular() && name != path || entry.IsDir() {
			return nil
		}
		if info, err := os.Stat(name); err != nil {
			return err
		} else if int64(len(all))+info.Size() > mostText {
			return fmt.Errorf("%s: text of more than %d MiB is not learned from: name a smaller folder", name, mostText>>20)
		}
		data, err := os.ReadFile(name)
		if err == nil && (name == path || utf8.Valid(data) && bytes.IndexByte(data, 0) < 0) {
			all = append(all, data...)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	text, err := train.NewText(all)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return text, err
}

// said writes what a command and those below say of themselves.
func said(b *bytes.Buffer, cmd *cobra.Command) {
	if cmd.Hidden {
		return
	}
	fmt.Fprintf(b, "# %s\n%s.\n\n%s\n\n%s\n\n%s\n", cmd.CommandPath(), cmd.Short, cmd.Long, cmd.Example, cmd.LocalNonPersistentFlags().FlagUsages())
	for _, below := range cmd.Commands() {
		said(b, below)
	}
}
