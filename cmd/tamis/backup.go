package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
)

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup [--index DIR] TARGET",
		Short: "Copy the index into a new directory, also while it is written",
		Long: `backup copies the index as it is at one moment into the new directory TARGET, with
all that was acknowledged before. It takes no lock. A backup is an index: search
it with --index TARGET, or copy it back with tamis restore.`,
		Example: "  tamis backup /mnt/backups/notes-monday",
		Args:    flags.Exact("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.noIndex(tamis.Backup(cmd.Context(), a.indexDir(), args[0]))
		},
	}
}

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "restore [--index DIR] BACKUP",
		Short:   "Copy a backup back into a new index directory",
		Long:    "restore copies a backup into the index directory, which must not exist.",
		Example: "  tamis restore --index ~/.tamis-notes /mnt/backups/notes-monday",
		Args:    flags.Exact("BACKUP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := tamis.Backup(cmd.Context(), args[0], a.indexDir())
			if errors.Is(err, tamis.ErrNotFound) {
				return fmt.Errorf("no backup at %s", args[0])
			}
			return err
		},
	}
}

func (a *app) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compact [--index DIR]",
		Short: "Merge all segments and give the bytes of deleted documents back",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			ix, err := a.open()
			if err != nil {
				return err
			}
			defer ix.Close()
			return ix.Compact(cmd.Context())
		},
	}
}
