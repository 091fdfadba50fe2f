package system

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval"
)

// ContextsInCluster is OpenContexts over a cluster: the first group has the index at the
// address, the others have NAME-2 and so on. None may be there before; Close drops them.
func ContextsInCluster(ctx context.Context, s *eval.EvidenceSet, address string) (*Contexts, error) {
	name, o, err := opensearch.Parse(address)
	if err != nil {
		return nil, err
	}
	groups := 0
	return OpenContexts(ctx, s, func(string) (engine.Index, error) {
		of := name
		if groups++; groups > 1 {
			of = fmt.Sprintf("%s-%d", name, groups)
		}
		there := o
		there.MustExist, there.ReadOnly = true, true
		if old, err := opensearch.Open(ctx, of, there); !errors.Is(err, tamis.ErrNotFound) {
			if err == nil {
				err = errors.Join(fmt.Errorf("index %q of the cluster has documents already: name a new one, which is dropped in the end", of), old.Close())
			}
			return nil, err
		}
		ix, err := opensearch.Open(ctx, of, o)
		if err != nil {
			return nil, err
		}
		return passing{ix}, nil
	}, nil)
}

// passing is an index that goes when it is closed.
type passing struct{ *opensearch.Index }

func (p passing) Close() error { return errors.Join(p.Drop(), p.Index.Close()) }
