package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of tamis",
		Args:  exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			version, goVersion := "(devel)", ""
			if info, ok := debug.ReadBuildInfo(); ok {
				if info.Main.Version != "" {
					version = info.Main.Version
				}
				goVersion = info.GoVersion
			}
			_, err := fmt.Fprintln(a.out, "tamis", version, goVersion)
			return err
		},
	}
}
