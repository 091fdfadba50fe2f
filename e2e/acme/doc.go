// Package acme holds the test of certificates that tamis serve gets by itself, from a real ACME server (Pebble) on this
// machine. It is a module of its own, so that the product does not depend on that server.
//
//	go test ./...
package acme
