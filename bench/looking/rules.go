package main

import "context"

func (b *bench) rules(ctx context.Context) error { return nil }
