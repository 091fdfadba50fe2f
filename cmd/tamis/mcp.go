package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/classifying"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/install"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/mcp"
	"github.com/tamis-search/tamis/server/sessions"
)

// agents are the flags of tamis mcp, which its installation keeps.
type agents struct {
	about    string
	folders  []string
	as       []string
	readOnly bool
	asAsked  bool
	window   int
	model    encoding.Flag
	labels   classifying.Served
}

func (a *app) mcpCommand() *cobra.Command {
	var (
		o          agents
		listen     string
		structured bool
	)
	cmd := &cobra.Command{
		Use:   "mcp [--index DIR] [--as GROUP,...] [--read-only] [--allow FOLDER] [--http ADDR]",
		Short: "Serve the index to agents over the Model Context Protocol",
		Long: `mcp answers an agent on standard input and output, or with --http several at
http://ADDR/mcp. It has the tools context, search, open, session and add, and classify where
--classify or --label-field names examples; no reply is longer than the budget that was
asked for, and each ends with what the window has used.

An agent sees the documents without an access list; with --as also those of these groups.
It may add notes, and files under the folders that --allow names; --read-only leaves that
out. The index may be written by another process meanwhile.

tamis mcp install CLIENT puts the server into the configuration of a client.`,
		Example: `  tamis mcp install claude-code
  tamis mcp --index ~/notes/.tamis --about "meeting notes since 2019" --read-only
  tamis mcp --classify tickets.jsonl
  tamis mcp --http 127.0.0.1:8471`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.serveAgents(cmd.Context(), &o, listen, structured)
		},
	}
	f := cmd.PersistentFlags()
	f.StringVar(&o.about, "about", "", "what the documents are, in a few words: agents choose tools by it (default: their folder)")
	f.StringSliceVar(&o.folders, "allow", nil, "folder whose files agents may add")
	f.StringSliceVar(&o.as, "as", nil, "see the documents of these groups too")
	f.BoolVar(&o.readOnly, "read-only", false, "agents add nothing")
	f.BoolVar(&o.asAsked, "as-asked", false, "take each question by itself, with nothing that earlier ones named")
	f.IntVar(&o.window, "window", 0, "most tokens that one agent's window holds (default 32768)")
	o.model.AddAsking(f)
	o.labels.Add(f, "the tool classify")
	cmd.Flags().StringVar(&listen, "http", "", "serve over HTTP at this address of this machine, such as 127.0.0.1:8471")
	cmd.Flags().BoolVar(&structured, "structured", false, "send structured content too, for programs; many agents then see that alone")
	cmd.AddCommand(a.mcpInstallCommand(&o))
	return cmd
}

// folderOf is the folder whose index this is: names are shown from there.
func folderOf(index string) string { return filepath.Dir(absolutePath(index)) }

func (a *app) serveAgents(ctx context.Context, o *agents, listen string, structured bool) error {
	opener, err := a.elsewhere()
	if err != nil {
		return err
	}
	models := encoding.Kept{Flag: &o.model}
	defer models.Close()
	named, err := models.Named(ctx)
	if err != nil {
		return fmt.Errorf("--model: %w", err)
	}
	lo := library.Options{Use: func(_ string, ix engine.Index) {
		if err := models.Use(ctx, ix, a.warn); err != nil {
			a.warn("%v", err)
		}
	}}
	mo := mcp.Options{About: o.about}
	if opener != nil {
		lo.Elsewhere = map[string]library.Opener{library.Default: opener}
		mo.About = cmp.Or(mo.About, "those of an index in a cluster")
	} else {
		index := absolutePath(a.indexDir())
		lo.Collections = map[string]string{library.Default: index}
		mo.Names, mo.About = []string{folderOf(index)}, cmp.Or(mo.About, "those under "+folderOf(index))
	}
	l := library.New(lo)
	mo.Library, mo.Sessions = l, sessions.New(1000, 24*time.Hour)
	mo.Caller = &access.Caller{Name: "local", Scope: access.Write, Groups: o.as}
	mo.ReadOnly, mo.Folders, mo.Window, mo.Structured, mo.AsAsked = o.readOnly, o.folders, o.window, structured, o.asAsked
	mo.Version, mo.Log = version(), slog.New(slog.NewTextHandler(a.errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if mo.Labels, err = o.labels.Giver(ctx, labels.Options{Library: l, Encoder: named, Model: models.Used}, a.warn); err != nil {
		return errors.Join(err, l.Close())
	}
	s, err := mcp.New(mo)
	if err == nil && listen != "" {
		err = a.agentsOverHTTP(ctx, s, listen)
	} else if err == nil {
		if a.terminal != nil {
			a.note("this speaks with programs on standard input; tamis mcp install CLIENT tells one of it. End it with Ctrl+C")
		}
		err = s.Stdio(ctx, a.in, a.raw)
	}
	return errors.Join(err, l.Close())
}

func (a *app) agentsOverHTTP(ctx context.Context, s *mcp.Server, listen string) error {
	at, _, err := server.Listen(listen, false)
	if errors.Is(err, server.ErrPublic) {
		return flags.UsageError{Err: fmt.Errorf("--http: %s is seen by other machines: tamis serve serves them, with keys, at /mcp", listen)}
	}
	if err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	fmt.Fprintf(a.out, "http://%s/mcp\n", at.Addr())
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp.Local(s.Handler()))
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace/2)
		defer cancel()
		_ = web.Shutdown(drain) // what goes on after it ends with the process
	}()
	if err := web.Serve(at); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (a *app) mcpInstallCommand(o *agents) *cobra.Command {
	var yes, print bool
	cmd := &cobra.Command{
		Use:       "install CLIENT",
		Short:     "Put the server into the configuration of a client, after showing it",
		Long:      "install shows what it would put into the configuration file of a client, and does so when that\nis agreed to, or with --yes. Other entries and comments stay as they are; what the file was\nis kept beside it. Clients: " + strings.Join(install.Clients(), ", ") + ".",
		Example:   "  tamis mcp install cursor --index ~/notes/.tamis\n  tamis mcp install codex --read-only --yes",
		ValidArgs: install.Clients(),
		Args:      flags.Exact("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := a.agentServer(cmd, o)
			if err != nil {
				return err
			}
			change, err := install.Plan(args[0], server)
			if err != nil {
				return flags.UsageError{Err: err}
			}
			if print {
				_, err := fmt.Fprintln(a.out, change.Entry)
				return err
			}
			if change.Same() {
				_, err := fmt.Fprintf(a.out, "%s has it already: %s\n", change.Client, screen.Name(change.File))
				return err
			}
			fmt.Fprintf(a.out, "%s: into %s\n\n%s\n\n", change.Client, screen.Name(change.File), change.Entry)
			if !yes {
				fmt.Fprint(a.out, "Write it? [y/N] ")
				answer, _ := bufio.NewReader(a.in).ReadString('\n')
				if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
					return errors.New("nothing was written; --yes writes without asking, --print only prints")
				}
			}
			if err := change.Write(); err != nil {
				return err
			}
			_, err = fmt.Fprintln(a.out, "Written. Start the client again.")
			return err
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "write without asking")
	cmd.Flags().BoolVar(&print, "print", false, "print the entry and write nothing")
	return cmd
}

// agentServer is how a client starts this program, wherever it is itself.
func (a *app) agentServer(cmd *cobra.Command, o *agents) (install.Server, error) {
	program, err := os.Executable()
	if err != nil {
		return install.Server{}, err
	}
	index := a.indexDir()
	if !a.clustered() {
		index = absolutePath(index)
	}
	if _, err := os.Stat(index); err != nil && !a.clustered() {
		a.warn("there is no index at %s yet: tamis index --index %s PATH makes it", screen.Name(index), screen.Name(index))
	}
	args := []string{"mcp", "--index", index}
	for _, name := range []string{"about", "as", "model", "window"} {
		if f := cmd.Flag(name); f != nil && f.Changed {
			args = append(args, "--"+name, strings.Trim(f.Value.String(), "[]"))
		}
	}
	for _, folder := range o.folders {
		args = append(args, "--allow", absolutePath(folder))
	}
	if o.readOnly {
		args = append(args, "--read-only")
	}
	if o.asAsked {
		args = append(args, "--as-asked")
	}
	labels, err := o.labels.Args()
	args = append(args, labels...)
	return install.Server{Name: "tamis", Command: program, Args: args}, err
}
