package main

import "github.com/tamis-search/tamis/cmd/tamis/streaming"

// streaming are the commands of streams of vectors: tamis stream, tamis eval stream.
func (a *app) streaming() *streaming.App {
	return &streaming.App{In: a.in, Out: a.out, JSON: a.printJSON, Note: a.note}
}
