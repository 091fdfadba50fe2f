package nested

import (
	"context"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// TOML reads TOML (v1.0).
var TOML = reader("toml", 8, parseTOML)

func parseTOML(ctx context.Context, text string) (root node, err error) {
	p := unstable.Parser{}
	data := []byte(text)
	p.Reset(data)
	type entry struct {
		node
		table bool
	}
	var all []entry
	for p.NextExpression() {
		if err := ctx.Err(); err != nil {
			return root, err
		}
		e := p.Expression()
		if e.Kind != unstable.KeyValue && e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
			continue
		}
		n := entry{table: e.Kind != unstable.KeyValue}
		var keys []string
		for it := e.Key(); it.Next(); {
			k := it.Node()
			if len(keys) == 0 {
				n.start = int(k.Raw.Offset)
			}
			n.head = int(k.Raw.Offset + k.Raw.Length)
			keys = append(keys, string(k.Data))
		}
		if n.label = strings.Join(keys, "."); n.label == "" {
			n.label = " "
		}
		if n.table {
			n.start = strings.LastIndexByte(text[:n.start], '\n') + 1
			if i := strings.IndexByte(text[n.head:], '\n'); i >= 0 {
				n.head += i
			} else {
				n.head = len(text)
			}
		} else {
			v := e.Value()
			if i := strings.IndexByte(text[n.head:], '='); i >= 0 {
				n.head += i + 1
			}
			n.text = v.Kind != unstable.Array && v.Kind != unstable.InlineTable
			if n.text && len(v.Data) <= nameBytes {
				n.value = string(v.Data)
			}
		}
		all = append(all, n)
	}
	if err := p.Error(); err != nil {
		return root, err
	}
	for i := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1].start
		}
		all[i].end = contentEnd(text, all[i].start, end)
	}
	for i := range all {
		n := all[i].node
		switch last := len(root.kids) - 1; {
		case all[i].table:
			root.kids = append(root.kids, n)
		case last >= 0 && i > 0 && (all[i-1].table || len(root.kids[last].kids) > 0):
			root.kids[last].kids = append(root.kids[last].kids, n)
			root.kids[last].end = n.end
		default:
			root.kids = append(root.kids, n)
		}
	}
	root.end = len(text)
	return root, nil
}

// contentEnd is the end of an entry that goes on to the next at most: without the
// blank lines and the lines of comments that stand before that.
func contentEnd(text string, start, end int) int {
	for {
		t := strings.TrimRight(text[start:end], " \t\r\n")
		end = start + len(t)
		i := strings.LastIndexByte(t, '\n')
		if i < 0 || !strings.HasPrefix(strings.TrimLeft(t[i+1:], " \t"), "#") {
			return end
		}
		end = start + i
	}
}
