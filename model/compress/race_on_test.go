//go:build race

package compress_test

// raced: training takes a minute under the race detector, and is looked at in its own package.
const raced = true
