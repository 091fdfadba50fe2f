package main

import (
	"context"

	"github.com/tamis-search/tamis"
)

func options() tamis.Options                      { return tamis.Options{} }
func vectors([]tamis.Document)                    {}
func attach(context.Context, *tamis.Index)        {}
func third(context.Context, *tamis.Index, string) {}
func more() []Search                              { return filtered }
func extra(q *tamis.Query, s Search)              { q.Filter = s.Filter }

var filtered = []Search{
	{Query: "flour mill river", Unit: "document", Filter: "year >= 2021"},
	{Query: "flour mill river", Unit: "passage", Filter: `tags = "flour" or tags = "log"`},
	{Query: "sieve", Unit: "document", Filter: `type = "go" or open = false`},
}
