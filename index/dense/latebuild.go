package dense

import (
	"cmp"
	"hash/crc32"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/internal/yield"
	"github.com/tamis-search/tamis/vector"
)

// What is measured when a segment of multi-vectors gets lists.
const (
	lateQueries = 64
	leastTuned  = 16
	lateWork    = 1 << 37 // products of numbers that more queries than these may take
	lateBlend   = .5      // of another vector: questions in words lie farther from rows than these do from each other
)

var (
	lateParts   = [...]int{4, 8, 16} // vectors of a row that stand for a query, in turn: few are found worse than many
	lateProbes  = [...]int{1, 2, 4, 8}
	lateRefined = [...]int{10, 20, 40, 80, 160, 320, 640}
)

// lateLists is how many lists so many vectors have: centroids alone must tell rows apart.
func lateLists(parts int) int { return min(int(8*math.Sqrt(float64(parts))), math.MaxUint16) }

// withLists gives a segment lists.
func (m *Multi) withLists() {
	dims := m.parts.conf.padded()
	c := cluster(m.parts.rows, dims, lateLists(m.parts.rows), m.parts.read)
	l := &late{centers: newCenters(c.centroids, dims)}
	for _, list := range c.list {
		l.of = le.AppendUint16(l.of, uint16(list))
	}
	rows := make([][]uint32, l.lists())
	for row := range uint32(m.Rows()) {
		for first, end := m.row(int(row)); first < end; first++ {
			of := &rows[c.list[first]]
			if n := len(*of); n == 0 || (*of)[n-1] != row {
				*of = append(*of, row)
			}
		}
	}
	l.first = le.AppendUint32(nil, 0)
	for _, of := range rows {
		for _, row := range of {
			l.rows = le.AppendUint32(l.rows, row)
		}
		l.first = le.AppendUint32(l.first, uint32(len(l.rows)/4))
	}
	m.late = l
	m.calibrate()
}

// sample is vectors of a row that stand for a query, the i-th of n, each moved towards another
// one.
func (m *Multi) sample(i, n int) (own uint32, queries []*query) {
	row := (2*i + 1) * m.Rows() / (2 * n)
	first, end := m.row(row)
	parts := lateParts[i%len(lateParts)]
	if spare := end - first - parts; spare > 0 {
		first += spare / 2
		end = first + parts
	}
	for ; first < end; first++ {
		v, other := make(vector.Dense, m.parts.conf.Dims), make(vector.Dense, m.parts.conf.Dims)
		m.parts.read(first, v)
		m.parts.read(int(uint64(first)*2654435761%uint64(m.parts.rows)), other)
		for j := range v {
			v[j] += float32(lateBlend * other[j])
		}
		queries = append(queries, newQuery(v, m.parts.conf))
	}
	return uint32(row), queries
}

// calibrate measures what recall is reached by which shortcut, as that of dense vectors
// does: vectors that stand together in a row are asked for in all others.
func (m *Multi) calibrate() {
	products := m.parts.rows * m.parts.conf.padded() * lateParts[len(lateParts)-1]
	asked := max(leastTuned, min(lateQueries, lateWork/products))
	var found [len(lateProbes)][len(lateRefined)]int
	wanted := 0
	room := m.late.room(m.Rows())
	var work yield.Work
	for i := range asked {
		own, queries := m.sample(i, asked)
		var best topk.Collector
		best.Reset(tunedK + 1)
		for row := range uint32(m.Rows()) {
			best.Add(topk.SignedKey(m.score(queries, int(row)), row))
		}
		work.Did(products / 16)
		truth := map[uint32]bool{}
		for _, key := range best.Sorted() {
			if row := ^uint32(key); row != own && len(truth) < tunedK {
				truth[row] = true
			}
		}
		wanted += len(truth)
		by := m.late.products(queries)
		near := make([]float32, m.Rows()) // by centroids, once known
		known := make([]bool, m.Rows())
		room.most = slices.Grow(room.most[:0], len(queries))[:len(queries)]
		for p, probes := range lateProbes {
			m.late.find(room, by, len(queries), probes)
			keys := room.keys[:0]
			for _, row := range room.found {
				if row != own {
					keys = append(keys, topk.SignedKey(room.sums[row], row))
				}
			}
			room.keys = keys
			keys = greatest(keys, compared*lateRefined[len(lateRefined)-1])
			for j, key := range keys {
				row := ^uint32(key)
				if !known[row] {
					near[row], known[row] = m.interact(by, room.most, int(row)), true
				}
				keys[j] = topk.SignedKey(near[row], row)
			}
			for r, refined := range lateRefined {
				some := slices.Clone(keys[:min(compared*refined, len(keys))])
				for _, key := range greatest(some, refined) {
					if truth[^uint32(key)] {
						found[p][r]++
					}
				}
			}
		}
	}
	m.late.rooms.Put(room)
	if wanted > 0 {
		m.settle(func(p, r int) float32 { return float32(found[p][r]) / float32(wanted) })
	}
}

// settle keeps the shortcuts that are cheaper than all that find more.
func (m *Multi) settle(recall func(p, r int) float32) {
	type trial struct {
		lateHow
		spent int
	}
	var trials []trial
	parts := m.parts.rows / max(1, m.Rows())
	for p, probes := range lateProbes {
		for r, refined := range lateRefined {
			t := trial{lateHow: lateHow{probes, refined, recall(p, r)}}
			// In about products of numbers: a visit of a row, a comparison by centroids.
			t.spent = 64*probes*len(m.late.rows)/4/m.late.lists() + refined*parts*(16*compared+m.parts.conf.padded())
			if t.recall >= leastRecall {
				trials = append(trials, t)
			}
		}
	}
	slices.SortFunc(trials, func(x, y trial) int {
		return cmp.Or(cmp.Compare(y.recall, x.recall), cmp.Compare(x.spent, y.spent))
	})
	least := math.MaxInt
	for _, t := range trials {
		if t.spent < least {
			least = t.spent
			m.late.recalls = append(m.late.recalls, t.lateHow)
		}
	}
}

// The sections of lists.
const (
	lateCenters = iota
	lateOf
	lateFirst
	lateRows
	lateRecalls
	lateSections
)

const (
	lateHeader  = multiHeader + 8 + 12*lateSections + 4
	lateSetting = 12
)

// assemble is a segment with lists as it is stored, starts and parts being those of one
// without.
func (l *late) assemble(rows int, starts, parts []byte) []byte {
	var secs [lateSections][]byte
	for _, x := range l.centers.rows {
		secs[lateCenters] = le.AppendUint32(secs[lateCenters], math.Float32bits(x))
	}
	secs[lateOf], secs[lateFirst], secs[lateRows] = l.of, l.first, l.rows
	for _, h := range l.recalls {
		for _, n := range []uint32{uint32(h.probes), uint32(h.refined), math.Float32bits(h.recall)} {
			secs[lateRecalls] = le.AppendUint32(secs[lateRecalls], n)
		}
	}
	out := []byte(multiMagic)
	for _, n := range []uint32{lateVersion, uint32(rows), crc32.Checksum(starts, castagnoli)} {
		out = le.AppendUint32(out, n)
	}
	out = le.AppendUint64(out, uint64(len(parts)))
	for _, sec := range secs {
		out = le.AppendUint32(le.AppendUint64(out, uint64(len(sec))), crc32.Checksum(sec, castagnoli))
	}
	out = le.AppendUint32(out, crc32.Checksum(out, castagnoli))
	out = append(out, starts...)
	for _, part := range append([][]byte{parts}, secs[:]...) {
		out = append(out, make([]byte, aligned(len(out))-len(out))...)
		out = append(out, part...)
	}
	return out
}

// openLate reads the lists behind the vectors, which begin at a multiple of 64, and returns
// where these end.
func (m *Multi) openLate(data []byte, at int) (end int, secs [lateSections][]byte, err error) {
	size := le.Uint64(data[multiHeader:])
	if at > len(data) || size > uint64(len(data)-at) {
		return 0, secs, corrupt("vectors of multi-vectors end beyond the data")
	}
	end = at + int(size)
	at = end
	for i := range secs {
		h := data[multiHeader+8+12*i:]
		size, sum := le.Uint64(h), le.Uint32(h[8:])
		at = aligned(at)
		if at > len(data) || size > uint64(len(data)-at) {
			return 0, secs, corrupt("section %d of lists of multi-vectors ends beyond the data", i)
		}
		secs[i] = data[at : at+int(size) : at+int(size)]
		at += int(size)
		if crc32.Checksum(secs[i], castagnoli) != sum {
			return 0, secs, corrupt("checksum of section %d of lists of multi-vectors differs", i)
		}
	}
	if at != len(data) {
		return 0, secs, corrupt("%d bytes after the end of multi-vectors", len(data)-at)
	}
	return end, secs, nil
}

// openLists checks the sections of lists, so that no list or row that they lead to is
// beyond the end.
func (m *Multi) openLists(secs [lateSections][]byte) error {
	dims := m.parts.conf.padded()
	c := secs[lateCenters]
	l := &late{of: secs[lateOf], first: secs[lateFirst], rows: secs[lateRows]}
	n := len(l.first)/4 - 1
	if n < 1 || n > math.MaxUint16 || len(l.first)%4 != 0 || len(c) != 4*n*dims || len(l.of) != 2*m.parts.rows || len(l.rows)%4 != 0 || len(secs[lateRecalls])%lateSetting != 0 {
		return corrupt("sizes of lists of multi-vectors do not fit %d vectors", m.parts.rows)
	}
	for part := range m.parts.rows {
		if l.listOf(part) >= n {
			return corrupt("vector %d of multi-vectors is in no list", part)
		}
	}
	last := uint32(0)
	for i := range n + 1 {
		if at := le.Uint32(l.first[4*i:]); at < last || int(at) > len(l.rows)/4 || i == n && int(at) != len(l.rows)/4 {
			return corrupt("list %d of multi-vectors is out of order", i)
		} else {
			last = at
		}
	}
	for at := 0; at < len(l.rows); at += 4 {
		if int(le.Uint32(l.rows[at:])) >= m.Rows() {
			return corrupt("a list of multi-vectors has row %d", le.Uint32(l.rows[at:]))
		}
	}
	for r := secs[lateRecalls]; len(r) > 0; r = r[lateSetting:] {
		h := lateHow{int(le.Uint32(r)), int(le.Uint32(r[4:])), math.Float32frombits(le.Uint32(r[8:]))}
		if h.probes < 1 || h.refined < 1 || h.refined > MaxRows {
			return corrupt("a shortcut of multi-vectors looks into %d lists for %d rows", h.probes, h.refined)
		}
		l.recalls = append(l.recalls, h)
	}
	rows := make([]float32, n*dims)
	for i := range rows {
		rows[i] = float(c[4*i:])
	}
	l.centers = newCenters(rows, dims)
	m.late = l
	return nil
}
