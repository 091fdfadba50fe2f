package tamis

import "github.com/tamis-search/tamis/corpus"

// Place says where in its original a hit or a span begins: the line of a text,
// and what other formats have in its stead.
type Place = corpus.Place
