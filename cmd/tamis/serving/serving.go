// Package serving is tamis serve: its flags, its keys, and the folders that are watched
// while it serves.
package serving

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/cmd/tamis/classifying"
	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/local"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/server"
	"github.com/tamis-search/tamis/server/api"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/server/labels"
	"github.com/tamis-search/tamis/server/library"
)

// hold is how long the server keeps the lock of an index after it wrote, so that tamis index
// works beside it.
const hold = 5 * time.Second

// App is what the command line lends.
type App struct {
	Out, Errs io.Writer
	Terminal  bool // Errs is one
	Quiet     func() bool
	Index     func() string                  // the index that is meant
	Elsewhere func() (library.Opener, error) // opens it where it does not lie in a folder; nil where it does
	Warn      func(format string, args ...any)
	Version   string
	// Linger says that the process may take so long to end after a signal.
	Linger func(context.Context, time.Duration)
}

// options are the flags of tamis serve.
type options struct {
	listen, collections, keys, sign, audit, debug, logLevel, logFormat string
	groups, hosts, watch, exclude, acme                                []string
	tls                                                                server.TLS
	acceptTerms                                                        bool
	upload, body                                                       flags.Size
	limits                                                             guard.Limits
	drain, settle                                                      time.Duration
	together                                                           int
	url, chat, rerank                                                  string
	model                                                              encoding.Flag
	labels                                                             classifying.Served
}

// Command is tamis serve.
func Command(a App) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "serve [--listen 127.0.0.1:PORT] [--index DIR | --collections DIR] [PATH...]",
		Short: "Serve indexes over HTTP: to people, programs and agents",
		Long: `serve answers over HTTP at the address that it prints. Files and folders that are
named, or with --watch, are indexed first, and whenever they change. tamis index works
beside it: the server lets others write a few seconds after it last wrote.

By itself it serves this machine alone, to which it gives every right. Where there
are keys (tamis serve key add) nobody is answered without one, and at an address that
other machines see it starts with keys alone.

SIGTERM ends it when those who are being answered have been; SIGHUP opens the audit
log anew and reads the keys at once, and ends nothing unless the server runs on a
terminal. Keys and certificates are read again when they change.

Every flag can also be set by a variable, TAMIS_SERVE_ and its name (TAMIS_SERVE_LISTEN),
or in the configuration under [serve]; tamis config serve shows what holds, and whence.`,
		Example: `  tamis serve ~/notes
  tamis serve --listen 127.0.0.1:8080 --collections ~/indexes
  tamis serve --classify tickets.jsonl --label-field team
  tamis serve key add --scope read --groups staff reader
  tamis serve --listen 0.0.0.0:8443 --tls-cert cert.pem --tls-key key.pem --host search.example.org`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.watch = append(o.watch, args...)
			return a.serve(cmd.Context(), &o)
		},
	}
	o.add(cmd.Flags())
	cmd.AddCommand(a.keyCommand(), a.healthCommand(&o))
	return cmd
}

func (o *options) add(f *pflag.FlagSet) {
	d := guard.Defaults
	f.StringVar(&o.listen, "listen", "127.0.0.1:8227", "address; port 0 is any that is free")
	f.StringVar(&o.collections, "collections", "", "serve the indexes in this folder, each by its name")
	f.StringSliceVar(&o.watch, "watch", nil, "index these files and folders, and keep up with their changes (repeatable)")
	f.StringSliceVar(&o.exclude, "exclude", nil, "leave out files and folders that match, as a line of .gitignore would (repeatable)")
	f.StringSliceVar(&o.groups, "as", nil, "groups of whoever asks from this machine without a key")
	f.StringVar(&o.keys, "keys", "", "the key file (default: keys.json in your configuration folder of tamis)")
	f.StringSliceVar(&o.hosts, "host", nil, "a name by which the server may be asked, besides those of this machine (repeatable)")
	f.StringVar(&o.tls.Cert, "tls-cert", "", "PEM file of the certificate; with --tls-key")
	f.StringVar(&o.tls.Key, "tls-key", "", "PEM file of its key")
	f.StringSliceVar(&o.acme, "acme", nil, "get certificates for this name from Let's Encrypt (repeatable)")
	f.BoolVar(&o.acceptTerms, "acme-accept-terms", false, "accept the terms of Let's Encrypt, or of whose directory is named, which --acme needs")
	f.StringVar(&o.tls.ACMEDirectory, "acme-directory", "", "URL of the ACME directory of another authority than Let's Encrypt")
	o.body, o.upload = flags.Size(d.Body), flags.Size(d.Upload)
	f.Var(&o.body, "max-body", "most bytes of a request")
	f.Var(&o.upload, "max-upload", "most bytes of a request that brings files or documents")
	f.DurationVar(&o.limits.Time, "max-time", d.Time, "most time of a request that neither uploads nor streams")
	f.Float64Var(&o.limits.Rate, "rate", d.Rate, "requests a second of one key")
	f.IntVar(&o.limits.Burst, "burst", d.Burst, "requests of one key at once")
	f.IntVar(&o.limits.Concurrent, "concurrent", d.Concurrent, "requests under way, of all")
	f.IntVar(&o.limits.Each, "concurrent-key", d.Each, "requests under way, of one key")
	f.StringVar(&o.sign, "sign", "", "sign receipts with the key in this file (see tamis receipt); it is made where there is none")
	f.StringVar(&o.audit, "audit", "", "append to this file who asked what: JSON Lines, without keys or texts of documents")
	f.StringVar(&o.debug, "debug", "", "profiles and metrics at this address, of this machine alone")
	f.StringVar(&o.logLevel, "log", "info", "what is logged: debug, info, warn or error")
	f.StringVar(&o.logFormat, "log-format", "auto", "text, json or auto: text on a terminal, JSON elsewhere")
	f.DurationVar(&o.drain, "drain", 10*time.Second, "how long those who are being answered may take when the server ends")
	f.DurationVar(&o.settle, "settle", 0, "how long the server answers on, not ready, before it ends")
	f.StringVar(&o.url, "llm", "", "OpenAI-compatible endpoint, or GGUF file or folder of a model, that answers questions (default $TAMIS_LLM; key in $TAMIS_LLM_KEY)")
	f.StringVar(&o.chat, "llm-model", "", "name of the model there")
	f.IntVar(&o.together, "llm-together", 2, "how many questions a model in a file answers at once; their words are read together, and each takes memory of its own")
	encoding.AddReranker(f, &o.rerank, "answers /v1/rerank, and is reranker in plans of searches")
	o.model.AddIndexing(f)
	o.labels.Add(f, "/v1/classify")
}

func (o *options) logger(a App) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return nil, flags.Usagef("--log %s: it is debug, info, warn or error", screen.Name(o.logLevel))
	}
	h := &slog.HandlerOptions{Level: level}
	switch {
	case o.logFormat == "json", o.logFormat == "auto" && !a.Terminal:
		return slog.New(guard.Logging(slog.NewJSONHandler(a.Errs, h))), nil
	case o.logFormat == "text", o.logFormat == "auto":
		return slog.New(guard.Logging(slog.NewTextHandler(a.Errs, h))), nil
	}
	return nil, flags.Usagef("--log-format %s: it is text, json or auto", screen.Name(o.logFormat))
}

// check says which flags do not go together, before anything is opened.
func (o *options) check() error {
	switch {
	case (o.tls.Cert == "") != (o.tls.Key == ""):
		return flags.Usagef("--tls-cert and --tls-key go together")
	case len(o.acme) > 0 && !o.acceptTerms:
		return flags.Usagef("--acme takes --acme-accept-terms: certificates are Let's Encrypt's, or another authority's, to give, by its terms")
	case o.tls.ACMEDirectory != "" && len(o.acme) == 0:
		return flags.Usagef("--acme-directory takes --acme NAME: the names that certificates are for")
	case len(o.acme) > 0 && o.tls.Cert != "":
		return flags.Usagef("--acme and --tls-cert name two certificates: name one")
	case len(o.watch) > 0 && o.collections != "":
		return flags.Usagef("--watch is for one index, --index DIR: with --collections nobody knows which")
	case o.drain < 0 || o.settle < 0 || o.limits.Time <= 0:
		return flags.Usagef("--drain, --settle and --max-time are times from now on, such as 10s")
	case o.limits.Rate <= 0 || o.limits.Burst <= 0 || o.limits.Concurrent <= 0 || o.limits.Each <= 0 || o.body <= 0 || o.upload <= 0:
		return flags.Usagef("--rate, --burst, --concurrent, --concurrent-key, --max-body and --max-upload are greater than nothing")
	}
	return nil
}

func (a App) serve(ctx context.Context, o *options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	log, err := o.logger(a)
	if err != nil {
		return err
	}
	if o.keys == "" {
		o.keys = defaultKeys()
	}
	keys, err := guard.OpenKeys(o.keys)
	if err != nil {
		return err
	}
	l, public, err := server.Listen(o.listen, keys.Any())
	if errors.Is(err, server.ErrPublic) {
		return flags.UsageError{Err: fmt.Errorf("--listen %w", err)}
	} else if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	defer l.Close()
	if len(o.acme) > 0 {
		o.tls.ACMEHosts, o.tls.Cache = o.acme, filepath.Join(filepath.Dir(defaultKeys()), "acme")
		o.hosts = append(o.hosts, o.acme...)
	}
	o.limits.Body, o.limits.Upload = int64(o.body), int64(o.upload)
	so := server.Options{
		Keys: keys, Groups: o.groups, Public: public, Hosts: o.hosts, TLS: o.tls, Limits: o.limits,
		Drain: o.drain, Settle: o.settle, Log: log, Version: a.Version,
	}
	if o.audit != "" {
		if so.Audit, err = guard.OpenAudit(o.audit); err != nil {
			return fmt.Errorf("--audit: %w", err)
		}
		defer so.Audit.Close()
	}
	if so.Audit != nil || !a.Terminal { // else who closes the terminal ends the server
		defer onHangup(func() { readAgain(keys, so.Audit, log) })()
	}
	if err := o.answering(&so, log); err != nil {
		return err
	}
	if o.sign != "" {
		if so.Key, err = attest.Open(o.sign); err != nil {
			return fmt.Errorf("--sign: %w", err)
		}
	}
	r := &run{a: a, o: o, log: log, models: encoding.Kept{Flag: &o.model}}
	defer r.models.Close()
	if so.Encoder, err = r.models.Named(ctx); err != nil {
		return fmt.Errorf("--model: %w", err)
	}
	if o.rerank != "" {
		judge, err := encoding.Reranker(o.rerank)
		if err != nil {
			return fmt.Errorf("--rerank: %w", err)
		}
		defer judge.Close()
		so.Judge = judge
	}
	if so.Library, err = r.library(ctx); err != nil {
		return err
	}
	if so.Labels, err = o.labels.Giver(ctx, labels.Options{Library: so.Library, Encoder: so.Encoder, Model: r.models.Used}, r.warn); err != nil {
		return err
	}
	if len(o.watch) > 0 {
		r.state = newState(o.watch)
		so.Watched = r.state.watched
	}
	defer func() { err = errors.Join(err, so.Library.Close()) }()
	s, err := server.New(so)
	if err != nil {
		return err
	}
	a.Linger(ctx, o.settle+o.drain+10*time.Second)
	return r.run(ctx, s, l)
}

// readAgain reads the keys again without waiting for them to be looked at, and opens the
// audit log anew.
func readAgain(keys *guard.Keys, audit *guard.Audit, log *slog.Logger) {
	list, err := keys.List()
	if err := errors.Join(err, audit.Reopen()); err != nil {
		log.Error("reading again", "error", err)
		return
	}
	log.Info("read again", "keys", len(list))
}

// answering names the chat model that answers questions, and to which chats about nothing here
// are passed on.
func (o *options) answering(so *server.Options, log *slog.Logger) error {
	if o.url == "" {
		o.url = os.Getenv("TAMIS_LLM")
	}
	if o.url == "" {
		return nil
	}
	if o.together < 1 || o.together > decoder.MostTogether {
		return flags.Usagef("--llm-together is %d: it is from 1 to %d", o.together, decoder.MostTogether)
	}
	m, _, err := local.Named(llm.Config{URL: o.url, Model: o.chat, Together: o.together}) // for as long as the process is there
	if err != nil {
		return flags.UsageError{Err: fmt.Errorf("--llm: %w", err)}
	}
	so.Model = m
	if here, ok := m.(interface{ Memory() int64 }); ok {
		log.Info("answers are made in this process", "at_once", o.together, "memory_at_most_mb", here.Memory()>>20)
	}
	client, ok := m.(*llm.Client)
	if !ok {
		return nil // chats about nothing here have nowhere to be passed on to
	}
	chat, key := client.Target()
	to, err := url.Parse(chat)
	so.Upstream = &api.Upstream{Chat: to, Key: key}
	return err
}

// run is one run of the command.
type run struct {
	a      App
	o      *options
	log    *slog.Logger
	models encoding.Kept
	lib    *library.Library
	state  *state // of what is watched; nil: nothing is
}

func (r *run) warn(format string, args ...any) { r.log.Warn(fmt.Sprintf(format, args...)) }

func (r *run) library(ctx context.Context) (*library.Library, error) {
	lo := library.Options{Root: r.o.collections, Hold: hold}
	if r.o.collections == "" {
		opener, err := r.a.Elsewhere()
		switch {
		case err != nil:
			return nil, err
		case opener == nil:
			lo.Collections = map[string]string{library.Default: r.a.Index()}
		default:
			lo.Elsewhere = map[string]library.Opener{library.Default: opener}
		}
	}
	lo.Use = func(name string, ix engine.Index) {
		if err := r.models.Use(ctx, ix, r.warn); err != nil {
			r.log.Warn("words alone count", "collection", name, "error", err)
		}
	}
	r.lib = library.New(lo)
	return r.lib, nil
}

// run serves, and keeps up with what is watched, until ctx ends or one of them fails.
func (r *run) run(ctx context.Context, s *server.Server, l net.Listener) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	parts := 1
	done := make(chan error, 3)
	if len(r.o.watch) > 0 {
		w, err := r.watcher()
		if err != nil {
			return err
		}
		defer w.Close()
		parts++
		go func() { done <- r.keepUp(ctx, w) }()
	}
	if r.o.debug != "" {
		dl, public, err := server.Listen(r.o.debug, true)
		if err == nil && public {
			err = errors.Join(errors.New("profiles are for this machine alone: use 127.0.0.1:PORT"), dl.Close())
		}
		if err != nil {
			return flags.UsageError{Err: fmt.Errorf("--debug: %w", err)}
		}
		parts++
		go func() { done <- s.Debug(ctx, dl) }()
		r.log.Info("profiles and metrics", "address", "http://"+dl.Addr().String()+"/debug/pprof/")
	}
	go func() { done <- s.Serve(ctx, l) }()
	fmt.Fprintln(r.a.Out, r.address(l))
	var err error
	for range parts {
		if e := <-done; e != nil && err == nil {
			err = e
			stop(e)
		}
	}
	return err
}

// address is what a browser opens.
func (r *run) address(l net.Listener) string {
	scheme := "http://"
	if r.o.tls.Cert != "" || len(r.o.acme) > 0 {
		scheme = "https://"
	}
	host := l.Addr().String()
	if len(r.o.hosts) > 0 {
		if _, port, err := net.SplitHostPort(host); err == nil {
			host = net.JoinHostPort(r.o.hosts[0], port)
		}
	}
	return scheme + strings.Replace(host, "[::]", "localhost", 1) + "/"
}

func (r *run) watcher() (*Watcher, error) {
	w := &Watcher{
		state: r.state, Paths: r.o.watch, Options: tamis.FileOptions{Exclude: r.o.exclude},
		Out: logLines{r.log, slog.LevelInfo}, Errs: logLines{r.log, slog.LevelWarn},
		Index: func(ctx context.Context, do func(engine.Index) error) error {
			ix, release, err := r.write(ctx)
			if err != nil {
				return err
			}
			return release(do(ix))
		},
		Encode: func(ctx context.Context, ix engine.Index) error {
			encoded, err := r.o.model.Index(ctx, ix, r.warn, nil)
			if err == nil && len(encoded) > 0 {
				err = r.models.Use(ctx, ix, r.warn)
			}
			return err
		},
	}
	return w, w.Open(r.a.Index())
}

// write is the index, to be written; while another process writes it, it is waited for.
func (r *run) write(ctx context.Context) (ix engine.Index, release func(error) error, err error) {
	for told := false; ; told = true {
		ix, release, err = r.lib.Write(ctx, library.Default)
		if !errors.Is(err, tamis.ErrLocked) {
			return ix, release, err
		}
		if !told {
			r.log.Warn("what is watched waits: another process writes the index")
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// keepUp indexes what is watched, and then what changes.
func (r *run) keepUp(ctx context.Context, w *Watcher) error {
	start := time.Now()
	w.state.begins()
	err := w.Index(ctx, func(ix engine.Index) error {
		report, err := engine.AddFiles(ctx, ix, w.Paths, w.Options)
		if err != nil {
			return err
		}
		for _, s := range report.Skipped {
			r.log.Debug("skipped", "path", s.Path, "reason", s.Reason)
		}
		w.state.ends(report)
		r.log.Info("indexed", "added", report.Added, "updated", report.Updated, "unchanged", report.Unchanged, "removed", report.Removed,
			"skipped", len(report.Skipped), "took", time.Since(start).Round(time.Millisecond).String())
		return w.Encode(ctx, ix)
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("--watch: %w", err)
	}
	return w.Run(ctx)
}

// logLines is a writer of lines to a log.
type logLines struct {
	log   *slog.Logger
	level slog.Level
}

func (l logLines) Write(p []byte) (int, error) {
	l.log.Log(context.Background(), l.level, strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
