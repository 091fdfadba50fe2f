// Package generations is what stands behind the name of an index in a cluster: one index of
// the cluster after another, each of them the one before made anew; and which of them somebody
// is making.
//
// An index is found by an alias that is its name; what is behind it is called that and a
// number, which counts how often it was made anew. Writers write by another alias, of that
// number: a batch that was begun in one is not ended in the next.
//
// Who makes an index anew says so in what it makes: a record with a word of its own and a
// number that goes up while it lives. Where that stands still, whoever opens the index next
// takes what was begun away, and has the old one take writes again; the clocks of two
// machines are never compared. Who wakes up after that finds the record gone, or another's
// word, and touches nothing.
package generations

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis/engine/opensearch/client"
)

// Generation is one of them, by names as they stand in a URL.
type Generation struct{ Concrete, Writes string }

const (
	// FirstSuffix is what the first one's name ends with.
	FirstSuffix = "-000001"
	// Writers is what the alias of writers ends with.
	Writers = "-writers"
)

// Of is the generation of a name of the cluster.
func Of(concrete string) *Generation {
	return &Generation{url.PathEscape(concrete), url.PathEscape(concrete + Writers)}
}

// Name is that of the generation of a number.
func (g *Generation) Name(number int) (string, error) {
	of, _, err := base(g.Concrete)
	return fmt.Sprintf("%s-%06d", of, number), err
}

// query is a part of a request.
type query = client.Query

// Beat is how often that number goes up, Silence how long it may stand still: variables for
// tests.
var (
	Beat    = 3 * time.Second
	Silence = 30 * time.Second
)

// life is that record.
type life struct {
	Kind string `json:"k"`
	X    struct {
		Word string `json:"word"`
		Beat int    `json:"beat"`
	} `json:"x"`
}

const (
	lifeKind = "m"
	lifePath = "/_doc/making"
)

// Making writes the record of an index that is made anew, until it is ended.
type Making struct {
	cluster *client.Cluster
	path    string // an alias of the index, so that one that is gone is not made by a record
	life    life
	stop    chan struct{}
	done    chan struct{}
}

// Begin begins to write that record into the index of a name, which is being made.
func Begin(ctx context.Context, c *client.Cluster, name string) (*Making, error) {
	path := url.PathEscape(name + Writers)
	m := &Making{cluster: c, path: path, stop: make(chan struct{}), done: make(chan struct{})}
	m.life.Kind, m.life.X.Word = lifeKind, rand.Text()
	if err := c.Do(ctx, http.MethodPut, "/"+path+lifePath+"?require_alias=true", m.life, nil); err != nil {
		return nil, err
	}
	go func() {
		defer close(m.done)
		t := time.NewTicker(Beat)
		defer t.Stop()
		for {
			select {
			case <-m.stop:
				return
			case <-t.C:
				m.life.X.Beat++
				// Where that fails, so will what it stands for.
				_ = c.Once(ctx, http.MethodPut, "/"+path+lifePath+"?require_alias=true", m.life, nil)
			}
		}
	}()
	return m, nil
}

// End ends that, and where all is done removes the record.
func (m *Making) End(ctx context.Context, done bool) {
	close(m.stop)
	<-m.done
	if done { // what is left of it says nothing of an index that has its name
		_ = m.cluster.Once(ctx, http.MethodDelete, "/"+m.path+lifePath, nil, nil)
	}
}

// Own says that nobody has taken away what is made.
func (m *Making) Own(ctx context.Context) bool {
	now, err := lifeOf(ctx, m.cluster, m.path)
	return err == nil && now.X.Word == m.life.X.Word
}

// lifeOf reads the record of an index; the zero one where there is none.
func lifeOf(ctx context.Context, c *client.Cluster, path string) (life, error) {
	var got struct {
		Source life `json:"_source"`
	}
	err := c.Do(ctx, http.MethodGet, "/"+path+lifePath, nil, &got)
	if client.IsStatus(err, http.StatusNotFound) {
		err = nil
	}
	return got.Source, err
}

// base is the name of the index without the number of its generation, and that.
func base(concrete string) (name string, number int, err error) {
	if concrete, err = url.PathUnescape(concrete); err != nil {
		return "", 0, err
	}
	i := strings.LastIndexByte(concrete, '-')
	number, wrong := strconv.Atoi(concrete[i+1:])
	if i < 0 || wrong != nil {
		return "", 0, fmt.Errorf("index %q has no number at its end", concrete)
	}
	return concrete[:i], number, nil
}

// Begun are those that are being made in the place of this one, or were when who did it
// ended, and the number that follows all.
func (g *Generation) Begun(ctx context.Context, c *client.Cluster) (names []string, next int, err error) {
	of, now, err := base(g.Concrete)
	if err != nil {
		return nil, 0, err
	}
	var all []struct {
		Index string `json:"index"`
	}
	if err := c.Do(ctx, http.MethodGet, "/_cat/indices/"+url.PathEscape(of)+"-*?format=json&h=index", nil, &all); err != nil {
		return nil, 0, err
	}
	next = now + 1
	for _, x := range all {
		name, n, err := base(x.Index)
		if err != nil || name != of || n <= now || len(x.Index) != len(of)+len(FirstSuffix) {
			continue // somebody else's
		}
		names, next = append(names, x.Index), max(next, n+1)
	}
	slices.Sort(names)
	return names, next, nil
}

// ErrMaking says that somebody makes the index anew.
var ErrMaking = errors.New("it is being made anew by another process: wait until that is done")

// Lives waits until it is known whether somebody makes an index.
func Lives(ctx context.Context, c *client.Cluster, name string) (bool, error) {
	first, err := lifeOf(ctx, c, url.PathEscape(name))
	for until := time.Now().Add(Silence); err == nil && time.Now().Before(until); {
		if err := client.Pause(ctx, Beat/2); err != nil {
			return false, err
		}
		var now life
		if now, err = lifeOf(ctx, c, url.PathEscape(name)); err == nil && now != first {
			return true, nil
		}
	}
	return false, err
}

// Unblock has the index take writes.
func (g *Generation) Unblock(ctx context.Context, c *client.Cluster) error {
	return c.Do(ctx, http.MethodPut, "/"+g.Concrete+"/_settings", query{"index.blocks.write": nil}, nil)
}

// Blocked says that the index takes no writes.
func (g *Generation) Blocked(ctx context.Context, c *client.Cluster) (bool, error) {
	var answer map[string]struct {
		Settings struct {
			Index struct {
				Blocks struct {
					Write string `json:"write"`
				} `json:"blocks"`
			} `json:"index"`
		} `json:"settings"`
	}
	err := c.Do(ctx, http.MethodGet, "/"+g.Concrete+"/_settings", nil, &answer)
	for _, a := range answer {
		return a.Settings.Index.Blocks.Write == "true", err
	}
	return false, err
}

// Remove deletes an index, if it is there.
func Remove(ctx context.Context, c *client.Cluster, name string) error {
	err := c.Do(ctx, http.MethodDelete, "/"+url.PathEscape(name), nil, nil)
	if client.IsStatus(err, http.StatusNotFound) {
		err = nil
	}
	return err
}
