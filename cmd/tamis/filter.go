package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/search/plan"
)

// scope is what --filter and --as say may be found.
type scope struct {
	filter string
	as     []string
}

func (s *scope) add(f *pflag.FlagSet) {
	f.StringVar(&s.filter, "filter", "", `keep documents whose metadata passes, as: lang = "en" and year >= 2020 and not path ^ "vendor/"`)
	f.StringSliceVar(&s.as, "as", nil, "search as a member of these groups: documents with a groups list need one of them")
}

// resolve checks the filter and makes its relative paths absolute, as stored
// paths are; without --as, given or by the configuration, the groups are nil.
func (s *scope) resolve(f *pflag.FlagSet) (seen tamis.Scope, err error) {
	if f.Changed("as") || len(s.as) > 0 {
		seen.Groups = append([]string{}, s.as...)
	}
	if s.filter == "" {
		return seen, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return seen, err
	}
	if seen.Filter, err = filterHere(s.filter, wd); err != nil {
		return seen, flags.Usagef("--filter: %w", err)
	}
	return seen, nil
}

// filterHere is a filter whose relative paths are those of a folder.
func filterHere(s, wd string) (string, error) {
	e, err := filter.Parse(s)
	if err != nil {
		return "", err
	}
	absolute(e, wd)
	return e.String(), nil
}

// planHere is a plan with the relative paths of its filters made absolute. What is wrong with
// it a search says.
func planHere(s string) (string, error) {
	n, err := plan.Parse(s)
	if err != nil || !strings.Contains(s, "'") {
		return s, nil
	}
	wd, err := os.Getwd()
	if err != nil {
		return s, err
	}
	n, err = n.Where(func(f string) (string, error) { return filterHere(f, wd) })
	if err != nil {
		return s, nil
	}
	return n.String(), nil
}

// scopeError tells a filter or plan that cannot be, which is wrong usage, from a failure.
func scopeError(err error) error {
	var wrong *tamis.InvalidError
	if errors.As(err, &wrong) && (wrong.Field == "filter" || wrong.Field == "plan") {
		return flags.Usagef("--%w", err)
	}
	return err
}

// hintLanguage says where a question is in another language than the texts. It is
// beside the answer, whose errors have been told.
func (a *app) hintLanguage(ix engine.Index, question string, seen tamis.Scope) {
	if hint, err := ix.LanguageHint(question, seen); err == nil && hint != "" {
		a.note("%s", hint)
	}
}

func absolute(e *filter.Expr, wd string) {
	for _, x := range e.Args {
		absolute(x, wd)
	}
	if e.Field != "path" {
		return
	}
	for i, v := range e.Values {
		if v.Kind != filter.Keyword || filepath.IsAbs(v.Text) {
			continue
		}
		abs := filepath.Join(wd, v.Text)
		if strings.HasSuffix(v.Text, "/") {
			abs += "/"
		}
		e.Values[i].Text = abs
	}
}
