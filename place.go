package tamis

import (
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/store"
)

// Place says where in its original a hit or a span begins: the line of a text,
// and what other formats have in its stead.
type Place = corpus.Place

// setPlaces says where the spans of a context begin in their files.
func setPlaces(v *view, c *Context) error {
	headers := map[string]*store.Header{}
	for _, h := range v.headers {
		headers[h.ID] = h
	}
	places := make([]Place, len(c.Spans))
	for i := range c.Spans {
		h := headers[c.Spans[i].Doc]
		if h == nil {
			continue
		}
		var err error
		if places[i], err = v.Place(h, c.Spans[i].Start); err != nil {
			return err
		}
	}
	c.SetPlaces(places)
	return nil
}
