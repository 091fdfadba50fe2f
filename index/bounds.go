package index

// WindowRows is the number of rows that share one stored score bound.
const WindowRows = 64

// skipEntry is the size of a dense list's entry for a block: the last row in
// four bytes and the block's size in two.
const skipEntry = 6

// denseMin and denseShift say which lists have window bounds and skip entries:
// those with at least denseMin postings and in one row of 2^denseShift or more.
const (
	denseMin   = 128
	denseShift = 6
)

func dense(df, rows int) bool { return df >= denseMin && df >= rows>>denseShift }

// windows is the number of windows of so many rows.
func windows(rows int) int { return (rows + WindowRows - 1) / WindowRows }

// levels is the number of distinct bounds of a term.
const levels = 16

// boundWriter computes the window bounds of dense terms.
type boundWriter struct {
	norms [256]float32
	max   []byte
}

func (b *boundWriter) init(c Config, codes []byte, total uint64) {
	b.norms = Norms(lengthTable(c.LuceneLengths), DefaultK1, DefaultB, uint64(len(codes)), total)
	b.max = make([]byte, windows(len(codes)))
}

func (b *boundWriter) append(dst []byte, rows, tfs []uint32, codes []byte) []byte {
	return dst
}

// Parameters of the stored bounds, and the defaults of BM25.
const (
	DefaultK1 = 1.2
	DefaultB  = .75
)

// Norms gives for each length code the BM25 length normalisation
// k1·(1 - b + b·length/average), where average = total/rows.
func Norms(t *LengthTable, k1, b float32, rows, total uint64) (norms [256]float32) {
	average := float32(1)
	if rows > 0 && total > 0 {
		average = float32(float64(total) / float64(rows))
	}
	for i, n := range t {
		norms[i] = float32(k1 * float32(float32(1-b)+float32(float32(b*float32(n))/average)))
	}
	return norms
}
