package serving

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/guard"
)

// defaultKeys is the key file of whoever runs the server.
func defaultKeys() string {
	home, err := os.UserConfigDir()
	if err != nil {
		return "tamis-keys.json"
	}
	return filepath.Join(home, "tamis", "keys.json")
}

func (a *App) keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Add, list and remove the keys of a server's callers",
		Long: `A key says who asks: what they may do (read, write, admin), of which collections,
and as a member of which groups they see documents with access lists. A running
server heeds a change within a second. Keys are sent as Authorization: Bearer KEY.

The file has salted hashes alone, so that a key is shown once, when it is made.`,
		Args: flags.Subcommand,
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	var path string
	cmd.PersistentFlags().StringVar(&path, "keys", "", "the key file (default: keys.json in your configuration folder of tamis)")
	open := func() (*guard.Keys, error) {
		if path == "" {
			path = defaultKeys()
		}
		return guard.OpenKeys(path)
	}
	cmd.AddCommand(a.keyAdd(open), a.keyList(open), a.keyRemove(open))
	return cmd
}

func (a *App) keyAdd(open func() (*guard.Keys, error)) *cobra.Command {
	var k guard.Key
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "add [--scope read|write|admin] [--collections a,b] [--groups x,y] NAME",
		Short: "Make a key and print it, once",
		Long: `add makes a key and prints it; nobody can print it again. A second key of the same
name and rights may stand beside the first while programs change from one to the other;
tamis serve key remove ID then takes the old one back.`,
		Example: `  tamis serve key add --scope read --collections notes --groups staff reader
  tamis serve key add --scope admin --expires 720h me`,
		Args: flags.Exact("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := open()
			if err != nil {
				return err
			}
			k.Name = args[0]
			if !cmd.Flags().Changed("collections") {
				k.Collections = nil
			}
			if expires < 0 {
				return flags.Usagef("--expires %v lies in the past", expires)
			}
			if expires > 0 {
				at := time.Now().Add(expires).UTC().Truncate(time.Second)
				k.Expires = &at
			}
			key, err := keys.Add(k)
			if err != nil {
				return flags.UsageError{Err: err}
			}
			_, err = fmt.Fprintln(a.Out, key)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&k.Scope, "scope", "read", "what the key allows: read, write or admin")
	f.StringSliceVar(&k.Collections, "collections", nil, "the collections that it knows of (default: all)")
	f.StringSliceVar(&k.Groups, "groups", nil, "groups whose documents it sees, besides those that everybody may see")
	f.DurationVar(&expires, "expires", 0, "how long it is good, such as 720h (default: for ever)")
	return cmd
}

func (a *App) keyList(open func() (*guard.Keys, error)) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the keys, without their secrets",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := open()
			if err != nil {
				return err
			}
			list, err := keys.List()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
			for _, k := range list {
				collections, groups, until := "all collections", "no group", "for ever"
				if k.Collections != nil {
					collections = strings.Join(k.Collections, ",")
				}
				if len(k.Groups) > 0 {
					groups = strings.Join(k.Groups, ",")
				}
				if k.Expires != nil {
					until = "until " + k.Expires.Format(time.RFC3339)
					if k.Expired(time.Now()) {
						until = "expired " + k.Expires.Format(time.RFC3339)
					}
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, screen.Name(k.Name), k.Scope, screen.Line(collections), screen.Line(groups), until)
			}
			return w.Flush()
		},
	}
}

func (a *App) keyRemove(open func() (*guard.Keys, error)) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME|ID",
		Short: "Take back the keys of a name, or one by its ID",
		Args:  flags.Exact("NAME|ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := open()
			if err != nil {
				return err
			}
			n, err := keys.Remove(args[0])
			if err == nil && n == 0 {
				err = fmt.Errorf("no key %s; tamis serve key list shows them", screen.Name(args[0]))
			}
			if err == nil && !a.Quiet() {
				_, err = fmt.Fprintf(a.Out, "removed %d\n", n)
			}
			return err
		},
	}
}
