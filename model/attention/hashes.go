package attention

import (
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
)

// Hashes is locality-sensitive hashing, one of the two parts of HAX (2507.00449): what a query and a key
// are hashed to is the greatest of their products with 64 directions at random, and a query reads the
// nearest of the keys of its bucket. There it is one set of directions; here eight, and keys come in the
// order of how many of their hashes are the query's, of equals the nearest. Keys are hashed less their
// mean, which changes no order among them; HAX takes the mean from queries as well, of which a step has
// one. Its other part, a network that selects keys, has to be trained. Only skips: a key that shares no
// bucket is not read, so that it may read less than its share.
type Hashes struct{ Share float64 }

const (
	hashRounds = 8
	hashWays   = 64
)

// Plan implements Planner.
func (s Hashes) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, s.Share)
	if f.full() {
		return f.all(spans)
	}
	k.hash(f.local)
	scores := make([]float32, f.local)
	query := make([]float32, k.Size)
	for i := range q.Rows {
		for h := range q.Heads {
			copy(query, q.at(i, h, k.Size))
			var own [hashRounds]byte
			hashed(own[:], query, 1, k.Size)
			all := binary.LittleEndian.Uint64(own[:])
			for j := range scores {
				scores[j] = max(scores[j], float32(equalBytes(all, binary.LittleEndian.Uint64(k.hashes[j*hashRounds:]))))
			}
		}
	}
	for j := range scores {
		if scores[j] > 0 {
			scores[j] += float32(j) / float32(2*len(scores)) // of equals the nearest
		}
	}
	marks := make([]bool, f.local)
	mark(marks, scores, f.budget)
	for j := range marks {
		marks[j] = marks[j] && scores[j] > 0
	}
	return f.marked(spans, marks, 1)
}

// equalBytes is how many of eight bytes are the same in both: those of which the difference has no bit.
func equalBytes(a, b uint64) int {
	const low = 0x7f7f7f7f7f7f7f7f
	d := a ^ b
	return bits.OnesCount64(^((d&low + low) | d | low))
}

// hash has at least the first n keys hashed. Their mean is that of those that were there when the first
// of them were.
func (k *Keys) hash(n int) {
	const some = 256
	if len(k.hashes) == 0 {
		k.centre = make([]float32, k.Size)
		row := make([]float32, k.Size)
		for i := range n {
			k.At(row, i)
			for j, x := range row {
				k.centre[j] += x / float32(n)
			}
		}
	}
	rows := make([]float32, some*k.Size)
	for from := len(k.hashes) / hashRounds; from < n; from += some {
		count := min(some, n-from)
		for i := range count {
			row := rows[i*k.Size:][:k.Size]
			k.At(row, from+i)
			for j := range row {
				row[j] -= k.centre[j]
			}
		}
		k.hashes = append(k.hashes, make([]byte, count*hashRounds)...)
		hashed(k.hashes[from*hashRounds:], rows, count, k.Size)
	}
}

// hashed sets the buckets of rows, one a round. Lengths do not matter to the greatest product.
func hashed(dst []byte, rows []float32, n, size int) {
	const wide = hashRounds * hashWays
	products, zeros := make([]float32, n*wide), make([]float32, wide)
	simd.Multiply(products, wide, rows, size, directions(size), zeros, n, size, wide)
	for i := range n * hashRounds {
		best := 0
		for j, p := range products[i*hashWays:][:hashWays] {
			if p > products[i*hashWays+best] {
				best = j
			}
		}
		dst[i] = byte(best)
	}
}

var (
	directionsMutex sync.Mutex
	directionsMade  = map[int][]float32{}
)

// directions are those of heads of a size, packed: the same in each process.
func directions(size int) []float32 {
	directionsMutex.Lock()
	defer directionsMutex.Unlock()
	if d, ok := directionsMade[size]; ok {
		return d
	}
	r := rand.New(rand.NewPCG(7, uint64(size)))
	d := make([]float32, size*hashRounds*hashWays)
	for i := range d {
		d[i] = float32(r.NormFloat64() / math.Sqrt(float64(size)))
	}
	directionsMade[size] = d
	return d
}
