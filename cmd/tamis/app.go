package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/library"
)

// app is what the subcommands share: the streams and the flags that all have.
type app struct {
	in        io.Reader
	raw       io.Writer // standard output, for programs
	out, errs io.Writer // that show what others wrote, on terminals: see package screen
	terminal  *os.File  // standard output, where it is a terminal
	progress  io.Writer // standard error, likewise; nil where it is none

	dir      string // of the index
	quiet    bool
	noPager  bool
	settings settings
}

func newApp(in io.Reader, out, errs io.Writer) *app {
	a := &app{in: in, raw: out, out: out, errs: errs}
	if isTerminal(out) {
		a.terminal = out.(*os.File)
		a.out = screen.NewWriter(out, colours())
	}
	if isTerminal(errs) {
		a.progress = errs
		a.errs = screen.NewWriter(errs, colours())
	}
	return a
}

// errNothing: what was asked for is not there. Exit code 1, and not a word with
// --quiet.
var errNothing = errors.New("nothing found")

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tamis",
		Short: "From a large corpus to the smallest context that still answers a question",
		Long: `tamis indexes folders and finds, for a question, the few lines that answer it,
each with its source, inside a token budget. No service, no weights, no
configuration; one binary.

Exit codes: 0 when it worked, 1 for a failure, for a named path that is not there
and for nothing found, 2 for wrong usage, 130 when it was interrupted.`,
		Example: `  tamis index ~/notes
  tamis search "backup rotation"
  tamis context --budget 800 "how often are backups rotated?"
  tamis ask --llm http://localhost:11434/v1 --model qwen3 "how often are backups rotated?"`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          flags.Subcommand,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := a.configure(cmd); err != nil {
				return err
			}
			return a.fitting(cmd)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.SetVersionTemplate("tamis {{.Version}}\n")
	cmd.SetFlagErrorFunc(flags.Wrong)
	f := cmd.PersistentFlags()
	f.Var(&flags.Once{Value: &a.dir}, "index", "index directory, or opensearch://HOST:PORT/NAME (default $TAMIS_INDEX, then the nearest .tamis here or in a folder above)")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print what was asked for and failures, no lists of sources, reports or progress")
	f.BoolVar(&a.noPager, "no-pager", false, "show long results on a terminal without $TAMIS_PAGER, $PAGER or less")
	cmd.AddCommand(
		a.indexCommand(), a.searchCommand(), a.contextCommand(), a.showCommand(), a.reviewCommand(), a.classifyCommand(), a.demoCommand(),
		a.evalCommand(), a.deleteCommand(), a.copyCommand(), a.checkCommand(), a.statsCommand(), a.compactCommand(), a.backupCommand(), a.restoreCommand(),
		a.readCommand(), a.formatsCommand(), a.encodeCommand(), a.streaming().Command(), a.modelsCommand(), a.trainCommand(), a.featuring().List(), a.serveCommand(), a.mcpCommand(), a.receiptCommand(), a.configCommand(), a.versionCommand(),
	)
	cmd.AddCommand(append(a.conversing(), a.outlining()...)...)
	flags.Complete(cmd)
	return cmd
}

const indexName = ".tamis"

// indexDir is the index that is meant: --index, $TAMIS_INDEX, that of the
// configuration, the nearest .tamis here or in a folder above, .tamis here.
func (a *app) indexDir() string {
	for _, dir := range []string{a.dir, os.Getenv("TAMIS_INDEX"), a.settings.index} {
		if dir != "" {
			return dir
		}
	}
	if dir := nearestIndex(); dir != "" {
		return dir
	}
	return indexName
}

// nearestIndex is the .tamis here or in a folder above, "" for none. One above
// that belongs to another user is not taken unasked: it may hold anything.
func nearestIndex() string {
	if s, err := os.Stat(indexName); err == nil && s.IsDir() {
		return indexName
	}
	wd, err := os.Getwd()
	if err != nil {
		return ""
	}
	for dir := filepath.Dir(wd); ; dir = filepath.Dir(dir) {
		at := filepath.Join(dir, indexName)
		if s, err := os.Stat(at); err == nil && s.IsDir() && ownFile(s) {
			return at
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// fitting refuses a command that works on a folder with the address of a cluster, which
// would name one.
func (a *app) fitting(cmd *cobra.Command) error {
	for ; cmd != nil && a.clustered(); cmd = cmd.Parent() {
		switch cmd.Name() {
		case "check", "compact", "backup", "restore":
			return errEmbedded
		}
	}
	return nil
}

// clustered says that the index that is meant lies in a cluster.
func (a *app) clustered() bool { return strings.HasPrefix(a.indexDir(), opensearch.Scheme) }

// anyIndex opens an index of any engine: one that must exist, beside whoever writes it,
// or one that is to be written.
func (a *app) anyIndex(ctx context.Context, write bool) (engine.Index, error) {
	if a.clustered() {
		return a.inCluster(ctx, a.indexDir(), opensearch.Options{MustExist: true, ReadOnly: !write})
	}
	if write {
		return a.open()
	}
	return a.openToRead(ctx)
}

// inCluster opens the index that an address names.
func (a *app) inCluster(ctx context.Context, address string, o opensearch.Options) (engine.Index, error) {
	name, at, err := opensearch.Parse(address)
	if err != nil {
		return nil, flags.Usagef("--index: %w", err)
	}
	at.MustExist, at.ReadOnly, at.Language, at.Vectors = o.MustExist, o.ReadOnly, o.Language, o.Vectors
	at.Warn = a.warn
	ix, err := opensearch.Open(ctx, name, at)
	if err != nil {
		return nil, err
	}
	return ix, nil
}

// elsewhere opens the index of a server that lies in a cluster; nil for one in a folder.
func (a *app) elsewhere() (library.Opener, error) {
	if !a.clustered() {
		return nil, nil
	}
	address := a.indexDir()
	if _, _, err := opensearch.Parse(address); err != nil {
		return nil, flags.Usagef("--index: %w", err)
	}
	return func(ctx context.Context, write bool) (engine.Index, error) {
		return a.inCluster(ctx, address, opensearch.Options{MustExist: !write, ReadOnly: !write})
	}, nil
}

// open opens an index that must exist, for writing.
func (a *app) open() (*tamis.Index, error) {
	if a.clustered() {
		return nil, errEmbedded
	}
	ix, err := tamis.Open(a.indexDir(), tamis.Options{MustExist: true})
	return ix, a.noIndex(err)
}

func (a *app) noIndex(err error) error {
	if errors.Is(err, tamis.ErrNotFound) {
		return fmt.Errorf("no index at %s: make one with tamis index PATH, or name one with --index", screen.Name(a.indexDir()))
	}
	return err
}

// openToRead opens an index that must exist, beside whoever writes it. What
// opening finds damaged is built anew before it returns, for good where the
// index is not being written.
func (a *app) openToRead(ctx context.Context) (*tamis.Index, error) {
	if os.Getenv("GOGC") == "" {
		// The process ends with its answer: at the default rate, collecting a heap of
		// a few MB is a fifth of what it does.
		debug.SetGCPercent(400)
	}
	if a.clustered() {
		return nil, errEmbedded
	}
	ix, err := tamis.OpenReadOnly(a.indexDir())
	if err != nil {
		return nil, a.noIndex(err)
	}
	if ix.Incomplete() > 0 {
		if own, err := a.open(); err == nil {
			_ = ix.Close() // it wrote nothing
			ix = own
		}
	}
	if err := ix.Ready(ctx); err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	for _, what := range ix.Damage() {
		a.warn("the index is damaged: %s; see tamis check", what)
	}
	return ix, nil
}

// errEmbedded is said of what only works on an embedded index.
var errEmbedded = fmt.Errorf("%w: this command is for an index in a folder, a cluster has snapshots and repairs of its own; tamis copy brings one into the other", engine.ErrLacks)

// warn says on standard error, in a line, what is not a failure.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintln(a.errs, "tamis: "+screen.Line(fmt.Sprintf(format, args...)))
}

// note is warn for what need not be known.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.warn(format, args...)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
