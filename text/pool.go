package text

import (
	"runtime"
	"sync"
)

// Pool lends analyzers, which are not safe for concurrent use but grow faster
// with use: each keeps the words it has seen. It keeps no more of a name than can
// work at once: what many borrowed at some time would be held for ever, up to
// 30 MiB each. The zero Pool is ready.
type Pool struct {
	mu   sync.Mutex
	idle map[string][]*Analyzer
}

// Get lends an analyzer of that name: one that was put back, else a new one. The
// error is NewAnalyzer's.
func (p *Pool) Get(name string) (*Analyzer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if idle := p.idle[name]; len(idle) > 0 {
		p.idle[name] = idle[:len(idle)-1]
		return idle[len(idle)-1], nil
	}
	return NewAnalyzer(name)
}

// Put takes back an analyzer, which its borrower uses no more.
func (p *Pool) Put(a *Analyzer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle == nil {
		p.idle = map[string][]*Analyzer{}
	}
	if idle := p.idle[a.Name()]; len(idle) < runtime.GOMAXPROCS(0) {
		p.idle[a.Name()] = append(idle, a)
	}
}

// Loan is the analyzers that one goroutine has borrowed of a pool, one a name.
type Loan struct {
	pool *Pool
	lent map[string]*Analyzer
}

// Loan begins one; Release ends it.
func (p *Pool) Loan() *Loan { return &Loan{pool: p, lent: map[string]*Analyzer{}} }

// Get is Pool's, and gives the same analyzer again for the same name.
func (l *Loan) Get(name string) (*Analyzer, error) {
	if a, ok := l.lent[name]; ok {
		return a, nil
	}
	a, err := l.pool.Get(name)
	if err == nil {
		l.lent[name] = a
	}
	return a, err
}

// Release puts everything back.
func (l *Loan) Release() {
	for _, a := range l.lent {
		l.pool.Put(a)
	}
	clear(l.lent)
}
