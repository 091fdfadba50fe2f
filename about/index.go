package about

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

// mostRead is how many documents topics are found of; of more, every second or third one.
const mostRead = 20_000

// Of finds the topics of the documents of an index that somebody sees. Errors: ErrSmall, and
// those of tamis.Index.
func Of(ctx context.Context, ix engine.Index, seen tamis.Scope, o Options) (*Report, error) {
	all, _, err := ix.Count(seen)
	if err != nil {
		return nil, err
	}
	r, err := Find(ctx, documents(ctx, ix, seen, (all+mostRead-1)/mostRead), o)
	if err != nil {
		return nil, err
	}
	r.All = all
	return r, nil
}

// documents are every n-th of the documents that are seen, by id.
func documents(ctx context.Context, ix engine.Index, seen tamis.Scope, every int) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		at := 0
		for page := (tamis.Page{Limit: 1000}); ; {
			list, next, err := ix.Documents(ctx, page, seen)
			if err != nil {
				yield(Text{}, err)
				return
			}
			for _, d := range list {
				at++
				if (at-1)%every != 0 || d.Bytes == 0 {
					continue
				}
				source, err := ix.Source(ctx, d.ID, seen)
				if errors.Is(err, tamis.ErrNotFound) {
					continue // somebody deleted it meanwhile
				}
				lang := d.Lang
				if d.Type == "go" || d.Type == "code" {
					source, lang = pathWords(d.ID)+remarks(source), ""
				}
				if !yield(Text{ID: d.ID, Title: d.Title, Text: source, Lang: lang}, err) || err != nil {
					return
				}
			}
			if next == "" {
				return
			}
			page.After = next
		}
	}
}

const (
	mostCode   = 64 << 10 // of source code, that is read for its comments
	fewRemarks = 400      // bytes: with fewer of them the code counts too
)

// pathWords are the last parts of a path, as words: where code lies says what it is for.
func pathWords(path string) string {
	parts := strings.Split(path, "/")
	parts = parts[max(0, len(parts)-3):]
	name := strings.FieldsFunc(strings.Join(parts, " . "), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	return strings.Repeat(strings.Join(name, " ")+"\n", 2)
}

// remarks are the comments of source code, in which people say what it is about, without
// those that say who may use it; and the code itself, where they are few.
func remarks(source string) string {
	var b, block, code strings.Builder
	flush := func() {
		if s := block.String(); !strings.Contains(s, "opyright") && !strings.Contains(s, "icense") {
			b.WriteString(s + "\n")
		}
		block.Reset()
	}
	for line := range strings.Lines(head(source, mostCode)) {
		s := strings.TrimSpace(line)
		said := strings.TrimLeft(s, "/*#;-")
		switch {
		case said == s || s == "" || strings.HasPrefix(said, "!") || strings.HasPrefix(s, "#include") || strings.HasPrefix(s, "#define"):
			flush()
			if code.Len() < Sampled {
				code.WriteString(line)
			}
		default:
			block.WriteString(said + "\n")
		}
		if b.Len() >= Sampled {
			break
		}
	}
	flush()
	if b.Len() < fewRemarks {
		b.WriteString(code.String())
	}
	return b.String()
}
