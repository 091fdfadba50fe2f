package tamis

import "github.com/tamis-search/tamis/text"

// analyzers lends word analyzers.
type analyzers struct{ text.Pool }

func (a *analyzers) get(name string) (*text.Analyzer, error) { return a.Get(name) }
func (a *analyzers) put(an *text.Analyzer)                   { a.Put(an) }
