package main

import (
	"context"

	"github.com/tamis-search/tamis"
)

func options() tamis.Options                      { return tamis.Options{} }
func vectors([]tamis.Document)                    {}
func attach(context.Context, *tamis.Index)        {}
func third(context.Context, *tamis.Index, string) {}
func more() []Search                              { return nil }
func extra(*tamis.Query, Search)                  {}
