// Package index holds one inverted unit space: rows (documents or passages)
// made of analysed terms, built by a Builder, stored as bytes and opened as an
// Inverted.
package index
