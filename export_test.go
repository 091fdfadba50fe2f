package tamis

import "github.com/tamis-search/tamis/ingest"

// OpenVariant is Open by a program that makes rows of documents otherwise.
func OpenVariant(dir string, o Options, v ingest.Variant) (*Index, error) { return open(dir, o, v) }
