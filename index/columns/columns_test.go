package columns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/filter"
)

var update = flag.Bool("update", false, "write the golden file anew")

// randomRows makes rows of every kind of value, in fields that change their kind.
func randomRows(rng *rand.Rand, n int) []filter.Fields {
	rows := make([]filter.Fields, n)
	for i := range rows {
		f := filter.Fields{}
		f.Set("lang", []string{"en", "en", "en", "de", "go", ""}[rng.IntN(6)])
		f.Set("path", fmt.Sprintf("dir%d/part%d/file%d", rng.IntN(4), rng.IntN(10), i))
		f.Set("mtime", time.Unix(int64(i/3), int64(rng.IntN(3))*5e8))
		if rng.IntN(10) > 0 {
			f.Set("year", float64(1990+rng.IntN(40)))
		}
		f.Set("x", float64(rng.IntN(200001)-100000)/10)
		f.Set("draft", rng.IntN(9) == 0)
		var tags []string
		for range rng.IntN(4) {
			tags = append(tags, fmt.Sprint("t", int(20*rng.Float64()*rng.Float64())))
		}
		f.Set("tags", tags)
		if rng.IntN(8) == 0 {
			f.Set(filter.GroupsField, []string{"a", "b", "c\xffd"}[:1+rng.IntN(3)])
		}
		switch rng.IntN(5) {
		case 0:
			f.Set("any", float64(rng.IntN(3)))
		case 1:
			f.Set("any", []string{"0", "1", "2024-01-01", "\xff\xff", "\xff"}[rng.IntN(5)])
		case 2:
			f.Set("any", rng.IntN(2) == 0)
		case 3:
			f.Set("any", []string{"1", "1", "2024-01-02T00:00:00Z"})
		}
		rows[i] = f
	}
	return rows
}

func build(rows []filter.Fields) []byte {
	b := NewBuilder()
	for _, f := range rows {
		b.Add(f)
	}
	return b.Bytes()
}

func open(t testing.TB, data []byte) *Columns {
	t.Helper()
	c, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// compare holds Compile against Match of every row.
func compare(t testing.TB, c *Columns, rows []filter.Fields, e *filter.Expr) {
	t.Helper()
	b, err := c.Compile(e)
	if err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	if err := b.Validate(); err != nil && !b.IsEmpty() {
		t.Fatalf("%s: %v", e, err)
	}
	for i, f := range rows {
		if want := e.Match(f); b.Contains(uint32(i)) != want {
			t.Fatalf("%s: row %d, %v: want %v", e, i, f, want)
		}
	}
	if !b.IsEmpty() && int(b.Maximum()) >= len(rows) {
		t.Fatalf("%s: row %d of %d", e, b.Maximum(), len(rows))
	}
}

// exprs draws filters whose values come from the rows or lie beside them.
func exprs(rows []filter.Fields) *rapid.Generator[*filter.Expr] {
	names := []string{"lang", "path", "mtime", "year", "x", "draft", "tags", "any", filter.GroupsField, "absent"}
	value := rapid.Custom(func(t *rapid.T) filter.Value {
		if len(rows) > 0 && rapid.IntRange(0, 4).Draw(t, "own") > 0 {
			if list := rapid.SampledFrom(rows).Draw(t, "row")[rapid.SampledFrom(names).Draw(t, "of")]; len(list) > 0 {
				v := rapid.SampledFrom(list).Draw(t, "value")
				v.Text = v.Text[:rapid.IntRange(0, len(v.Text)).Draw(t, "length")]
				return v
			}
		}
		return rapid.SampledFrom([]filter.Value{
			{Kind: filter.Keyword}, {Kind: filter.Keyword, Text: "\xff"}, {Kind: filter.Keyword, Text: "en\x00"}, {Kind: filter.Keyword, Text: "dir"},
			{Kind: filter.Number, Number: math.Copysign(0, -1)}, {Kind: filter.Number, Number: math.Inf(-1)}, {Kind: filter.Number, Number: 2000.5}, {Kind: filter.Number, Number: math.NaN()},
			{Kind: filter.Time, Time: time.Unix(-1, 5).UTC()}, {Kind: filter.Time, Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)},
			{Kind: filter.Bool}, {Kind: filter.Bool, Bool: true}, {Kind: 9},
		}).Draw(t, "constant")
	})
	var expr func(depth int) *rapid.Generator[*filter.Expr]
	expr = func(depth int) *rapid.Generator[*filter.Expr] {
		return rapid.Custom(func(t *rapid.T) *filter.Expr {
			op := filter.Op(rapid.IntRange(int(filter.And), int(filter.Prefix)).Draw(t, "op"))
			if depth == 0 && op < filter.Has {
				op = filter.Has
			}
			e := &filter.Expr{Op: op}
			switch op {
			case filter.And, filter.Or:
				e.Args = rapid.SliceOfN(expr(depth-1), 0, 3).Draw(t, "args")
			case filter.Not:
				e.Args = []*filter.Expr{expr(depth-1).Draw(t, "arg")}
			default:
				e.Field = rapid.SampledFrom(names).Draw(t, "field")
				if op != filter.Has {
					e.Values = rapid.SliceOfN(value, 0, 3).Draw(t, "values")
				}
			}
			return e
		})
	}
	return expr(3)
}

// TestCompile: a compiled filter passes the rows that Match passes.
func TestCompile(t *testing.T) {
	for _, n := range []int{0, 1, 2, 70, 4500} {
		rows := randomRows(rand.New(rand.NewPCG(uint64(n), 1)), n)
		c := open(t, build(rows))
		if c.Rows() != n {
			t.Fatalf("%d rows, want %d", c.Rows(), n)
		}
		gen := exprs(rows)
		t.Run(fmt.Sprint(n), rapid.MakeCheck(func(t *rapid.T) {
			e := gen.Draw(t, "filter")
			b, err := c.Compile(e)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range rows {
				if b.Contains(uint32(i)) != e.Match(f) {
					t.Fatalf("row %d, %v: want %v", i, f, e.Match(f))
				}
			}
		}))
	}
}

// TestRanges: every way to find a range, at every selectivity.
func TestRanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{8000, 70001} {
		rows := randomRows(rng, n)
		c := open(t, build(rows))
		if col := c.find("x", filter.Number); !col.single || len(col.checkpoints) == 0 || c.find("tags", filter.Keyword).single {
			t.Fatal("x has no checkpoints, or tags have one value each")
		}
		for _, op := range []filter.Op{filter.Equal, filter.Less, filter.AtMost, filter.Greater, filter.AtLeast, filter.Prefix} {
			for _, field := range []string{"lang", "path", "mtime", "year", "x", "tags"} {
				for range 2 {
					for _, v := range rows[rng.IntN(n)][field] {
						v.Text = v.Text[:rng.IntN(len(v.Text)+1)]
						compare(t, c, rows, &filter.Expr{Op: op, Field: field, Values: []filter.Value{v}})
					}
				}
			}
		}
		for _, groups := range [][]string{nil, {"a"}, {"b", "x"}, {"c\xffd"}} {
			b, err := c.Visible(groups)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range rows {
				if b.Contains(uint32(i)) != filter.Visible(groups).Match(f) {
					t.Fatalf("as %q: row %d, %v", groups, i, f)
				}
			}
		}
	}
}

// TestMerge: merging with deletions equals building from what is left.
func TestMerge(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var parts []Part
		var left []filter.Fields
		for range 1 + rng.IntN(4) {
			rows := randomRows(rng, rng.IntN(3000))
			p := Part{Columns: open(t, build(rows))}
			if every := uint32(1 + rng.IntN(4)); every > 1 {
				p.Live = func(row uint32) bool { return row%every != 0 }
			}
			for i, f := range rows {
				if p.Live == nil || p.Live(uint32(i)) {
					left = append(left, f)
				}
			}
			parts = append(parts, p)
		}
		got, err := Merge(parts)
		if err != nil {
			t.Fatal(err)
		}
		open(t, got)
		if !bytes.Equal(got, build(left)) {
			t.Fatalf("seed %d: the merged bytes differ from those built from scratch", seed)
		}
	}
}

// TestGolden holds the format still.
func TestGolden(t *testing.T) {
	rows := randomRows(rand.New(rand.NewPCG(7, 7)), 4200)
	for i, f := range rows[300:] {
		rows[300+i] = filter.Fields{"x": f["x"]} // small, with checkpoints
	}
	got := build(rows)
	file := filepath.Join("testdata", "columns-v1.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("the format has changed: raise the version (go test -update writes the file anew)")
	}
	c := open(t, want)
	e, err := filter.Parse(`lang = "en" and year >= 2020 and not path ^ "dir1/" or x < -9000`)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, c, rows, e)
}

func TestOpenErrors(t *testing.T) {
	data := build(randomRows(rand.New(rand.NewPCG(1, 5)), 40))
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		if _, err := Open(bad); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, err := Open(data[:i]); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := Open(append(data, 0)); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	data[8]++
	repair(data)
	if _, err := Open(data); !errors.Is(err, ErrNewer) {
		t.Fatal(err)
	}
}

// repair makes the checksums right again, so that only the checks behind them
// stand between damaged bytes and the decoders.
func repair(data []byte) {
	if len(data) < headerSize {
		return
	}
	le := binary.LittleEndian
	defer func() { le.PutUint32(data[headerSize-4:], crc32.Checksum(data[:headerSize-4], castagnoli)) }()
	size := le.Uint64(data[24:])
	if size > uint64(len(data)-headerSize) {
		return
	}
	directory, body := data[headerSize:headerSize+size], data[headerSize+size:]
	for rest := directory; ; {
		_, size, _, next, ok := directoryEntry(rest)
		if !ok || size > uint64(len(body)) {
			break
		}
		le.PutUint32(rest[len(rest)-len(next)-4:], crc32.Checksum(body[:size], castagnoli))
		rest, body = next, body[size:]
	}
	le.PutUint32(data[32:], crc32.Checksum(directory, castagnoli))
}

// exercise calls everything that decodes; it must not panic, and must fail with
// ErrCorrupt alone.
func exercise(t *testing.T, data []byte) {
	c, err := Open(data)
	if err != nil {
		return
	}
	check := func(err error) {
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	}
	check(c.Check())
	_, err = Merge([]Part{{Columns: c}, {Columns: c, Live: func(row uint32) bool { return row%2 == 0 }}})
	check(err)
	for _, s := range []string{
		`lang = "en"`, `lang != "de" and has groups`, `path ^ "dir1/"`, `path < "dir2"`, `x > 0`, `x <= -3000`, `year >= 2000 and year < 2020`,
		`mtime > 1970-01-01T00:00:20Z`, `draft = true or any in (1, "1", false, 2024-01-01)`, `tags >= "t1"`,
	} {
		e, err := filter.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Compile(e)
		check(err)
	}
	_, err = c.Visible([]string{"a"})
	check(err)
}

func FuzzOpen(f *testing.F) {
	rows := randomRows(rand.New(rand.NewPCG(1, 6)), 5000)
	for i, r := range rows[200:] {
		rows[200+i] = filter.Fields{"x": r["x"], "draft": r["draft"]}
	}
	data := build(rows)
	f.Add(uint32(0), byte(0), uint32(100), byte(1), uint16(0))
	f.Fuzz(func(t *testing.T, at1 uint32, x1 byte, at2 uint32, x2 byte, cut uint16) {
		bad := bytes.Clone(data)
		bad[int(at1)%len(bad)] ^= x1
		bad[int(at2)%len(bad)] ^= x2
		bad = bad[:len(bad)-int(cut)%len(bad)]
		repair(bad)
		exercise(t, bad)
	})
}

func TestFlippedBytes(t *testing.T) {
	data := build(randomRows(rand.New(rand.NewPCG(1, 6)), 300))
	rng := rand.New(rand.NewPCG(9, 9))
	for range 1500 {
		bad := bytes.Clone(data)
		for range 1 + rng.IntN(4) {
			bad[rng.IntN(len(bad))] = byte(rng.Uint32())
		}
		repair(bad)
		exercise(t, bad)
	}
}

// FuzzCompile compares whatever filter the parser reads with the oracle.
func FuzzCompile(f *testing.F) {
	rows := randomRows(rand.New(rand.NewPCG(1, 8)), 600)
	c := open(f, build(rows))
	for _, s := range []string{`lang = "en" and year >= 2020 and not path ^ "dir1/"`, `x < 10 or tags in ("t0", "t3")`, `mtime >= 1970-01-01T00:00:10.5Z`, `any != 1 and has any`, `draft = true`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if e, err := filter.Parse(strings.ToValidUTF8(s, "")); err == nil {
			compare(t, c, rows, e)
		}
	})
}
