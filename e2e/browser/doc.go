// Package browser holds tests of the page in a real Chromium: every journey, no error on the console, nothing that axe
// finds serious, and pictures of every state. It is a module of its own, so that the product does not depend on what
// drives the browser.
//
//	TAMIS_BROWSER=1 TAMIS_SCREENSHOTS=DIR go test ./...
package browser
