package tamis

import (
	"sync"

	"github.com/tamis-search/tamis/text"
)

// analyzers lends word analyzers, which are not safe for concurrent use but
// grow faster with use: each keeps the words it has seen.
type analyzers struct {
	mu   sync.Mutex
	idle map[string][]*text.Analyzer
}

func (a *analyzers) get(name string) (*text.Analyzer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if idle := a.idle[name]; len(idle) > 0 {
		a.idle[name] = idle[:len(idle)-1]
		return idle[len(idle)-1], nil
	}
	return text.NewAnalyzer(name)
}

func (a *analyzers) put(an *text.Analyzer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.idle == nil {
		a.idle = map[string][]*text.Analyzer{}
	}
	a.idle[an.Name()] = append(a.idle[an.Name()], an)
}

// lentAnalyzers are those that one question uses, one a name.
type lentAnalyzers map[string]*text.Analyzer

func (l *lentAnalyzers) get(from *analyzers, name string) (*text.Analyzer, error) {
	if an, ok := (*l)[name]; ok {
		return an, nil
	}
	an, err := from.get(name)
	if err != nil {
		return nil, err
	}
	if *l == nil {
		*l = lentAnalyzers{}
	}
	(*l)[name] = an
	return an, nil
}

func (l lentAnalyzers) release(to *analyzers) {
	for _, an := range l {
		to.put(an)
	}
}
