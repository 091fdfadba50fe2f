package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/server"
	"github.com/tamis-search/tamis/server/library"
)

func (a *app) serveCommand() *cobra.Command {
	var listen, collections string
	var groups []string
	cmd := &cobra.Command{
		Use:     "serve [--listen 127.0.0.1:PORT] [--index DIR | --collections DIR]",
		Short:   "Serve the index to programs and to a page, on this machine",
		Example: "  tamis serve\n  tamis serve --listen 127.0.0.1:8080 --collections ~/indexes",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := library.Options{Root: collections, Hold: true}
			if collections == "" {
				o.Collections = map[string]string{library.Default: a.indexDir()}
			}
			l := library.New(o)
			defer l.Close()
			s, err := server.New(server.Options{Library: l, Groups: groups, Log: slog.New(slog.NewTextHandler(a.errs, nil)), Version: version()})
			if err != nil {
				return err
			}
			at, err := server.Listen(listen)
			if err != nil {
				return flags.UsageError{Err: err}
			}
			fmt.Fprintf(a.out, "http://%s/\n", at.Addr())
			return s.Serve(cmd.Context(), at)
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8470", "address; port 0 is any that is free")
	f.StringVar(&collections, "collections", "", "serve the indexes in this folder, each by its name")
	f.StringSliceVar(&groups, "as", nil, "groups of whoever asks from this machine")
	return cmd
}
