//go:build !linux

// Package nodes starts real nodes of OpenSearch for tests, on Linux.
package nodes

import "testing"

// Cluster is some nodes on loopback.
type Cluster struct{}

// Start skips the test: nodes are started on Linux alone.
func Start(t testing.TB, _ int) *Cluster {
	t.Skip("nodes of OpenSearch are started on Linux alone")
	return nil
}

// Addresses of the nodes.
func (*Cluster) Addresses() []string { return nil }
