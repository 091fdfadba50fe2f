package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
)

// release is the version that the linker wrote into a released program
// (packaging/release); the others have that of their module.
var release string

// version is that of this program and of the Go that built it.
func version() string {
	v := release
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(v, "(devel)")
	}
	return cmp.Or(v, info.Main.Version, "(devel)") + " " + info.GoVersion
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of tamis",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprintln(a.out, "tamis", version())
			return err
		},
	}
}
