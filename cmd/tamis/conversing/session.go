package conversing

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/entities"
	"github.com/tamis-search/tamis/session/suggest"
	"github.com/tamis-search/tamis/session/turn"
)

// Session is tamis session with its subcommands.
func (a *App) Session() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "session",
		Short: "Ask question after question in a window that lasts",
		Long: `session keeps a window in a file: each question adds what answers it and is not shown
yet, and the whole never has more tokens than the window. A question that points back
("what are its options?") is asked with what earlier ones named; the line "asked as" says
what that was, and --as-asked turns it off. Pieces are folded, restored and pinned by the
number of their label; what is kept and what is folded moves later answers a little.`,
		Example: `  tamis session ask "what is a static pod?"
  tamis session ask "who starts it?"
  tamis session suggest
  tamis session pin 2 && tamis session fold 1`,
		Args: flags.Subcommand,
		RunE: func(cmd *cobra.Command, args []string) error {
			return flags.Usagef("say what to do: tamis session open, ask, list, fold, restore, pin, unpin, find, read, suggest, entities or end; see tamis session --help")
		},
	}
	cmd.AddCommand(a.open(), a.turn(), a.list(), a.find(), a.read(), a.suggest(), a.entities(), a.end(),
		a.change("fold", "Take pieces out of the window; the session remembers them", func(s *session.Session, id int) error { return s.Fold(id) }),
		a.change("restore", "Put folded pieces back, at the end of the window", func(s *session.Session, id int) error { _, err := s.Restore(id); return err }),
		a.change("pin", "Keep pieces from being folded to make room", func(s *session.Session, id int) error { return s.Pin(id, true) }),
		a.change("unpin", "Let pieces be folded again", func(s *session.Session, id int) error { return s.Pin(id, false) }))
	return cmd
}

// in opens the index and the session, and writes that again where do changes it.
func (a *App) in(cmd *cobra.Command, file string, resolve func() (tamis.Scope, error), begin, changes bool, do func(ix engine.Index, w *window, seen tamis.Scope) error) error {
	seen, err := resolve()
	if err != nil {
		return err
	}
	ix, err := a.Open(cmd.Context())
	if err != nil {
		return err
	}
	defer ix.Close()
	w, err := a.window(cmd.Context(), file, ix, seen, begin)
	if err != nil {
		return err
	}
	if err := do(ix, w, seen); err != nil || !changes {
		return err
	}
	return w.save()
}

func (a *App) open() *cobra.Command {
	var (
		file  string
		force bool
		o     session.Options
	)
	cmd := &cobra.Command{
		Use:     "open [--session FILE] [--window N]",
		Short:   "Begin a session with a window of a size",
		Example: "  tamis session open --window 16000 --session kernel.json",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			w := &window{file: fileOf(file)}
			if _, err := os.Stat(w.file); err == nil && !force {
				return fmt.Errorf("there is a session in %s: go on with tamis session ask, or begin anew with --force", screen.Name(w.file))
			}
			ix, err := a.Open(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			if w.Session, err = session.New(ix, o); err != nil {
				return flags.UsageError{Err: err}
			}
			return w.save()
		},
	}
	f := cmd.Flags()
	addFile(f, &file)
	f.IntVar(&o.Tokens, "window", defaults.Tokens, "tokens of the whole window")
	f.IntVar(&o.Turn, "turn", 0, "the most that one question may add (default a quarter of the window)")
	f.StringVar(&o.Counter, "tokenizer", "o200k_base", "what counts tokens: o200k_base, cl100k_base, words or bytes")
	f.BoolVar(&o.Keep, "keep", false, "never fold a piece to make room")
	f.BoolVar(&o.AsAsked, "as-asked", false, "take each question by itself, with nothing that earlier ones named")
	f.BoolVar(&force, "force", false, "forget the session that is there")
	return cmd
}

func (a *App) turn() *cobra.Command {
	var (
		file, known     string
		budget          int
		asAsked, asJSON bool
		resolve         func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:   "ask [--session FILE] [--budget N] [--as-asked] QUESTION",
		Short: "Add what answers a question and is not shown yet",
		Long: `ask prints what a question adds to the window. One that points back is asked with what
earlier questions named; "asked as" says what that was. tamis ask --session has a model
answer it.`,
		Example: "  tamis session ask \"what is a static pod?\"\n  tamis session ask --entities mine.json \"who starts it?\"",
		Args:    flags.Exact("QUESTION"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.in(cmd, file, resolve, true, true, func(ix engine.Index, w *window, seen tamis.Scope) error {
				done, err := a.use(cmd, ix)
				if err != nil {
					return err
				}
				defer done()
				options := []tamis.ContextOption{seen}
				if asAsked {
					options = append(options, tamis.Beside{})
				}
				t, err := w.Context(cmd.Context(), args[0], tamis.Budget{Tokens: budget}, options...)
				if err != nil {
					return a.Failed(tamis.Budget{Tokens: max(budget, 1)}, err)
				}
				if known != "" {
					if err := note(known, args[0]); err != nil {
						return err
					}
				}
				return a.printTurn(w, t, asJSON)
			})
		},
	}
	f := cmd.Flags()
	addFile(f, &file)
	f.IntVar(&budget, "budget", 0, "most tokens that the question adds (default that of the session)")
	f.BoolVar(&asAsked, "as-asked", false, "take the question by itself, with nothing that earlier ones named")
	f.StringVar(&known, "entities", os.Getenv("TAMIS_ENTITIES"), "keep what questions name in this file: it steers suggestions (default $TAMIS_ENTITIES, else nothing is kept)")
	resolve = a.Scope(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func note(file, question string) error {
	known, err := entities.Load(file)
	if err != nil {
		return err
	}
	known.Note(question)
	return known.Save(file)
}

// askedAs says what a question was taken to ask, where that is more than it says.
func (a *App) askedAs(asked *turn.Asked) {
	if asked != nil && len(asked.Carried) > 0 && !*a.Quiet {
		fmt.Fprintln(a.Errs, "asked as: "+screen.Line(asked.Text()))
	}
}

func (a *App) printTurn(w *window, t *session.Turn, asJSON bool) error {
	used := w.Window()
	if asJSON {
		return a.JSON(struct {
			receipt.Printed
			Folded []int      `json:"folded"`
			Asked  turn.Asked `json:"asked"`
			Used   int        `json:"used"`
			Left   int        `json:"left"`
		}{receipt.Of(t.Context, false), t.Folded, t.Asked, used.Tokens, used.Budget - used.Tokens})
	}
	a.askedAs(&t.Asked)
	if t.Text == "" {
		a.Note("nothing new matches: what was shown before is in the window (tamis session list)")
		return nil
	}
	fmt.Fprintln(a.Out, t.Text)
	if !*a.Quiet {
		fmt.Fprintln(a.Errs)
		if err := receipt.Sources(a.Errs, t.Context); err != nil {
			return err
		}
		fmt.Fprintf(a.Errs, "window: %d of %d tokens\n", used.Tokens, used.Budget)
	}
	if len(t.Folded) > 0 {
		a.Note("folded to make room: %s", labels(t.Folded))
	}
	if why := receipt.Doubt(t.Context); why != "" {
		a.Note("%s", why)
	}
	return nil
}

func labels(ids []int) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprintf("[%d]", id)
	}
	return strings.Join(parts, " ")
}

func (a *App) list() *cobra.Command {
	var (
		file    string
		asJSON  bool
		resolve func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:     "list [--session FILE]",
		Short:   "List what the window holds, with the questions",
		Example: "  tamis session list",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.in(cmd, file, resolve, false, false, func(_ engine.Index, w *window, _ tamis.Scope) error {
				used := w.Window()
				if asJSON {
					return a.JSON(map[string]any{"tokens": used.Budget, "used": used.Tokens, "left": used.Budget - used.Tokens,
						"questions": append([]string{}, w.Asked()...), "pieces": w.Pieces(), "window": receipt.Of(used, false)})
				}
				last := ""
				for _, p := range w.Pieces() {
					if p.Question != last {
						fmt.Fprintf(a.Out, "? %s\n", screen.Line(p.Question))
						last = p.Question
					}
					state := ""
					if p.Folded {
						state = ", folded"
					}
					if p.Pinned {
						state += ", pinned"
					}
					s := p.Spans[0]
					bytes := 0
					for _, s := range p.Spans {
						bytes += s.End - s.Start
					}
					fmt.Fprintf(a.Out, "  [%d] %s (%d bytes%s)\n", p.ID, screen.Name(receipt.At(receipt.ShortPath(p.Doc), p.Doc, s.Path, s.Place)), bytes, state)
				}
				_, err := fmt.Fprintf(a.Out, "window: %d of %d tokens, %d questions\n", used.Tokens, used.Budget, len(w.Asked()))
				return err
			})
		},
	}
	addFile(cmd.Flags(), &file)
	resolve = a.Scope(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// change is a subcommand that does something with pieces, by their labels.
func (a *App) change(name, short string, do func(s *session.Session, id int) error) *cobra.Command {
	var (
		file    string
		resolve func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:     name + " [--session FILE] LABEL...",
		Short:   short,
		Example: "  tamis session " + name + " 1 3",
		Args:    flags.AtLeastOne("LABEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := numbers(args)
			if err != nil {
				return err
			}
			return a.in(cmd, file, resolve, false, true, func(_ engine.Index, w *window, _ tamis.Scope) error {
				for _, id := range ids {
					if err := do(w.Session, id); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	addFile(cmd.Flags(), &file)
	resolve = a.Scope(cmd.Flags())
	return cmd
}

func numbers(args []string) (ids []int, err error) {
	for _, s := range args {
		n, err := strconv.Atoi(strings.Trim(s, "[]"))
		if err != nil {
			return nil, flags.Usagef("LABEL is %q: give the number of a label, such as 3; tamis session list has them", s)
		}
		ids = append(ids, n)
	}
	return ids, nil
}

func (a *App) find() *cobra.Command {
	var (
		file    string
		asJSON  bool
		resolve func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:     "find [--session FILE] TEXT",
		Short:   "Say where a text stands in the pieces, shown or folded",
		Example: "  tamis session find kubelet",
		Args:    flags.Exact("TEXT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.in(cmd, file, resolve, false, false, func(_ engine.Index, w *window, _ tamis.Scope) error {
				found := w.Find(args[0])
				if asJSON {
					return a.JSON(map[string]any{"found": found})
				}
				for _, f := range found {
					state := ""
					if f.Folded {
						state = ", folded"
					}
					fmt.Fprintf(a.Out, "[%d] %s:%d-%d%s\n", f.ID, screen.Name(receipt.ShortPath(f.Doc)), f.Start, f.End, state)
				}
				if len(found) == 0 {
					a.Note("not in the session")
				}
				return nil
			})
		},
	}
	addFile(cmd.Flags(), &file)
	resolve = a.Scope(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) end() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "end [--session FILE]",
		Short: "Forget a session",
		Args:  flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return os.Remove(fileOf(file))
		},
	}
	addFile(cmd.Flags(), &file)
	return cmd
}

func (a *App) suggest() *cobra.Command {
	var (
		file, known string
		most        int
		asJSON      bool
		resolve     func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:   "suggest [--session FILE] [-k N]",
		Short: "Say what may be asked next: headings and questions near what was shown",
		Long: `suggest names headings and questions of the documents that were shown, near to what was
shown and not shown themselves, and headings of other documents on the subject, as they
stand there. Every third is one whose words are rare. What --entities names goes first.`,
		Example: "  tamis session suggest\n  tamis session suggest -k 10 --json",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.in(cmd, file, resolve, false, false, func(ix engine.Index, w *window, seen tamis.Scope) error {
				var store *entities.Store
				if known != "" {
					var err error
					if store, err = entities.Load(known); err != nil {
						return err
					}
				}
				list, err := suggest.Next(cmd.Context(), ix, w.Session, store, seen, most)
				if err != nil {
					return err
				}
				if asJSON {
					return a.JSON(map[string]any{"suggestions": list})
				}
				for _, s := range list {
					rare := ""
					if s.Rare {
						rare = ", rare"
					}
					fmt.Fprintf(a.Out, "%s  (%s, %s%s)\n", screen.Line(s.Text), screen.Name(receipt.ShortPath(s.Doc)), s.Why, rare)
				}
				if len(list) == 0 {
					a.Note("nothing to suggest: ask something first, or documents without headings were shown")
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	addFile(f, &file)
	f.IntVarP(&most, "most", "k", 6, "how many at most")
	f.StringVar(&known, "entities", os.Getenv("TAMIS_ENTITIES"), "file of what the user asks about by name (default $TAMIS_ENTITIES)")
	resolve = a.Scope(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *App) read() *cobra.Command {
	var (
		file    string
		around  int
		resolve func() (tamis.Scope, error)
	)
	cmd := &cobra.Command{
		Use:     "read [--session FILE] LABEL...",
		Short:   "Show pieces in their surroundings; that counts for their documents",
		Example: "  tamis session read 2",
		Args:    flags.AtLeastOne("LABEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := numbers(args)
			if err != nil {
				return err
			}
			return a.in(cmd, file, resolve, false, true, func(ix engine.Index, w *window, seen tamis.Scope) error {
				for _, id := range ids {
					if err := w.Opened(id); err != nil {
						return err
					}
					for _, p := range w.Pieces() {
						if p.ID != id {
							continue
						}
						from, to := p.Spans[0].Start, p.Spans[0].End
						for _, s := range p.Spans {
							from, to = min(from, s.Start), max(to, s.End)
						}
						s, err := ix.Show(cmd.Context(), p.Doc, from, to, around, seen)
						if err != nil {
							return err
						}
						if err := a.Show(s); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
	f := cmd.Flags()
	addFile(f, &file)
	f.IntVarP(&around, "context", "C", 5, "lines on either side")
	resolve = a.Scope(f)
	return cmd
}
