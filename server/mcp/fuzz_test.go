package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/hostile"
	"github.com/tamis-search/tamis/server/library"
)

// corpusOf is documents that break splitters, counters and layouts, and some that answer.
func corpusOf(t testing.TB, rng hostile.Gen) *house {
	h := newHouse(t, kitchen)
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
			for i := range 60 {
				text := rng.Text(40) + "\n\nThe tamis and the stock, bones and mesh. " + rng.Text(40)
				title := fmt.Sprintf("%s stock %d", strings.ReplaceAll(rng.Text(40), "\x00", ""), i)
				if !yield(tamis.Document{ID: fmt.Sprintf("odd/%d\n`[##1] = x:%d", i, i), Title: title[:min(len(title), 400)], Source: text}, nil) {
					return
				}
			}
			yield(tamis.Document{ID: "long", Source: strings.Repeat("bones of the stock ", 20000)}, nil)
		})
		return err
	})
	return h
}

// anyCall is a call of any tool with arguments that make sense, or hardly any.
func anyCall(rng hostile.Gen) (tool string, arguments map[string]any) {
	pick := func(all ...any) any { return all[rng.IntN(len(all))] }
	words := func() any {
		return pick("How do I clean a tamis?", "stock bones", "mesh", "bones of the stock", "zebra", "", rng.Text(40), strings.Repeat("bones ", rng.IntN(3000)))
	}
	arguments = map[string]any{}
	budget := func() {
		if rng.IntN(4) > 0 {
			arguments["budget"] = pick(rng.IntN(400), 150+rng.IntN(300), 1000, 5000, 1_000_000, -1, "700", 3e18, 150)
		}
	}
	labels := func() any {
		return pick(rng.IntN(12), []int{rng.IntN(6), rng.IntN(30)}, []string{"[##1]"}, []int{}, "x", []int{1, 2, 3, 4, 5, 6, 7, 8, 9})
	}
	switch tool = pick("context", "context", "context", "search", "open", "open", "session", "session", "add").(string); tool {
	case "context":
		arguments["question"] = words()
		budget()
	case "search":
		arguments["query"] = words()
		budget()
	case "open":
		arguments["label"] = pick(rng.IntN(20), "[##2]", "sieves.md", "stock/veal.md:3", "long", "long:0-380000", fmt.Sprintf("long:%d-%d", rng.IntN(380000), rng.IntN(380000)),
			fmt.Sprintf("odd/%d\n`[##1] = x:%d", 7, 7), fmt.Sprintf("%q", "odd/8\n`[##1] = x:8"), rng.Text(40), "x#page=3", ":", ":1-2")
		budget()
	case "session":
		if rng.IntN(5) > 0 {
			arguments["do"] = pick("list", "fold", "fold", "restore", "restore", "pin", "unpin", "find", "burn")
		}
		if rng.IntN(3) > 0 {
			arguments["labels"] = labels()
		}
		arguments["text"] = words()
	case "add":
		arguments["title"], arguments["text"] = pick("a", "b", "Ducks", rng.Text(40)), words()
	}
	if rng.IntN(6) == 0 {
		arguments["filter"] = pick("", `path ^ "stock/"`, `role = "documentation"`, `not`, rng.Text(40), 7)
	}
	if rng.IntN(30) == 0 {
		arguments[rng.Text(40)] = 1
	}
	return tool, arguments
}

// most is what a reply may cost.
func most(tool string, arguments map[string]any) int {
	limit := map[string]int{"context": contextBudget, "search": searchBudget, "open": openBudget, "session": mostReply, "add": openBudget}[tool]
	cap := map[string]int{"search": mostPreviews}[tool]
	if cap == 0 {
		cap = mostReply
	}
	switch b := arguments["budget"].(type) {
	case int:
		if b != 0 {
			limit = b
		}
	case string:
		limit = 700
	case float64:
		limit = cap
	}
	return min(limit, cap)
}

// TestNoReplyIsOverItsBudget calls tools as fuzzers do: whatever documents and arguments
// hold, text and structured content keep to the budget, and to what is left of the window.
func TestNoReplyIsOverItsBudget(t *testing.T) {
	calls := 200
	if os.Getenv("TAMIS_HEAVY") == "full" {
		calls = 10_000
	}
	rng := hostile.New(1)
	s := corpusOf(t, rng).server(t, Options{Caller: owner(), Structured: true, Window: 20_000})
	agents := []agent{connected(t, s), overHTTP(t, s, "")}
	tools, failures, names := map[string]int{}, 0, []string{}
	for i := range calls {
		a := agents[i%2]
		tool, arguments := anyCall(rng)
		if i%2 == 1 && len(names) > 0 && rng.IntN(4) > 0 {
			arguments["session"] = names[rng.IntN(len(names))]
		}
		b, err := json.Marshal(arguments)
		if err != nil {
			t.Fatal(err)
		}
		r, err := a.CallTool(context.Background(), &sdk.CallToolParams{Name: tool, Arguments: json.RawMessage(b)})
		if err != nil {
			t.Fatalf("call %d: %s %.300s: %v", i, tool, b, err)
		}
		limit := most(tool, arguments)
		if r.IsError {
			failures++
			limit = mostError
		} else {
			tools[tool]++
		}
		text := textOf(t, r)
		if n := costs(t, r); n > limit || !utf8.ValidString(text) {
			t.Fatalf("call %d: %s %.300s: %d tokens, more than %d:\n%.3000s", i, tool, b, n, limit, text)
		}
		if !r.IsError && !strings.HasPrefix(text[strings.LastIndexByte(text, '\n')+1:], "[window") {
			t.Fatalf("call %d: %s %.300s: the last line is not that of the window:\n%.3000s", i, tool, b, text)
		}
		if strings.ContainsAny(text, "\x1b\u202e\r") {
			t.Fatalf("call %d: %s %.300s: a terminal would obey this:\n%q", i, tool, b, text)
		}
		if m, ok := r.StructuredContent.(map[string]any); ok && m["session"] != nil {
			if used, left := int(m["used"].(float64)), int(m["left"].(float64)); used > 20_000+mostReply || left != max(20_000-used, 0) {
				t.Fatalf("call %d: %d used, %d left", i, used, left)
			}
			if names = append(names, m["session"].(string)); len(names) > 5 {
				names = names[1:]
			}
		}
	}
	t.Logf("%d calls, %d refused; answered: %v", calls, failures, tools)
	for _, tool := range []string{"context", "search", "open", "session", "add"} {
		if tools[tool] < calls/50 {
			t.Errorf("only %d calls of %s were answered", tools[tool], tool)
		}
	}
}
