package talk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Export reads chats that were exported as JSON: a list of conversations, each a part
// of the file with its id (ChatGPT has their messages in a tree under "mapping", Claude
// a list under "chat_messages"), or one chat: a list of messages (Slack, or roles
// with contents), alone or under "messages" (Telegram, Discord). A message is a turn
// with its time, as "[2024-05-01 12:00] Ann: …".
func Export(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	if need := 12 * f.Size; o.Memory > 0 && need > o.Memory {
		return f.Skip("to read it takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)
	}
	text, err := f.Text(nil)
	if err != nil {
		return err
	}
	body := strings.TrimPrefix(text, format.BOM)
	e := export{f: f, text: text, shift: len(text) - len(body), yield: yield}
	in := json.NewDecoder(strings.NewReader(body))
	var one map[string]any
	if strings.HasPrefix(strings.TrimLeft(body, " \t\r\n"), "{") {
		if err := in.Decode(&one); err != nil {
			return f.SkipAs(format.Damaged, "malformed JSON: %s", err)
		}
		e.conversation(one, 0, false)
		return e.end()
	}
	if _, err := in.Token(); err != nil {
		return f.SkipAs(format.Damaged, "malformed JSON: %s", err)
	}
	for in.More() && !e.stopped {
		if err := ctx.Err(); err != nil {
			return err
		}
		var m map[string]any
		if err := in.Decode(&m); err != nil {
			e.damage = err
			break
		}
		e.conversation(m, int(in.InputOffset())+e.shift, true)
	}
	return e.end()
}

// ErrNoChat says that a file of JSON holds no message.
var ErrNoChat = errors.New("there is no message in it")

// IsExport says whether a file of JSON begins as a chat does.
func IsExport(head []byte) bool {
	has := func(keys ...string) bool {
		for _, k := range keys {
			if !bytes.Contains(head, []byte(`"`+k+`"`)) {
				return false
			}
		}
		return true
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(format.BOM)), " \t\r\n")
	if len(head) == 0 || head[0] != '[' && head[0] != '{' {
		return false
	}
	return has("mapping", "message") && has("author") || has("chat_messages") || has("type", "ts", "text") && (has("user") || has("bot_id")) ||
		has("messages", "from", "date", "text") || has("messages", "author", "content", "timestamp") || has("role", "content") && (head[0] == '[' || has("messages"))
}

type export struct {
	f       *format.File
	text    string
	shift   int
	yield   func(corpus.Document, error) bool
	number  int
	all     []message // of a file that is one chat
	stopped bool
	damage  error
}

type message struct {
	who, when, text string
	at              float64 // for their order
	from            int     // bytes of the file
}

// end yields the chat that all messages of the file are.
func (e *export) end() error {
	if e.damage != nil && len(e.all) == 0 && e.number == 0 {
		return e.f.SkipAs(format.Damaged, "malformed JSON: %s", e.damage)
	}
	if len(e.all) > 0 && !e.stopped {
		d := e.document(e.all)
		format.Number(d.Blocks, e.text, 1)
		e.stopped = !e.yield(d, nil)
	} else if e.number == 0 {
		return ErrNoChat
	}
	if e.damage != nil && !e.stopped {
		s := e.f.SkipAs(format.Damaged, "malformed JSON: %s", e.damage)
		s.Rest = true
		e.yield(corpus.Document{}, s)
	}
	return nil
}

// conversation takes an object of the file: a conversation, which is yielded, or a
// message, which waits for the others.
func (e *export) conversation(m map[string]any, end int, listed bool) {
	var list []message
	switch {
	case m["mapping"] != nil:
		list = tree(m)
	case m["chat_messages"] != nil:
		list = messages(m["chat_messages"])
	case m["messages"] != nil:
		list = messages(m["messages"])
	default:
		if one, ok := said1(m); ok {
			one.from = end
			e.all = append(e.all, one)
		}
		return
	}
	if len(list) == 0 {
		return
	}
	d := e.document(list)
	d.Title = cmp.Or(str(m["title"]), str(m["name"]), str(obj(m["channel"])["name"]))
	e.number++
	if listed {
		name := cmp.Or(str(m["uuid"]), str(m["conversation_id"]), str(m["id"]), fmt.Sprint(e.number))
		name = strings.NewReplacer("/", "_", "!", "_").Replace(name[:min(len(name), 100)])
		if !e.f.Claim(e.f.Part(name)) {
			name = fmt.Sprint(name, "-", e.number)
			e.f.Claim(e.f.Part(name))
		}
		d.ID = e.f.Part(name)
		d.Place.Line = 1 + strings.Count(e.text[:min(end, len(e.text))], "\n")
	}
	e.stopped = !e.yield(d, nil)
}

// document makes turns of messages.
func (e *export) document(list []message) corpus.Document {
	d := corpus.Document{Type: "chat"}
	var x format.Extract
	for _, m := range list {
		head := m.who + ": "
		if m.when != "" {
			head = "[" + m.when + "] " + head
		}
		code := false
		for i, part := range strings.Split(strings.ReplaceAll(m.text, "\r\n", "\n"), "```") {
			b := corpus.Block{Kind: corpus.Turn, FileStart: m.from, FileEnd: m.from}
			if code = i%2 == 1; code {
				b.Kind = corpus.Code
				if _, rest, ok := strings.Cut(part, "\n"); ok { // after the language
					part = rest
				}
				x.Add(b, part)
				continue
			}
			for p := range strings.SplitSeq(part, "\n\n") {
				if strings.TrimSpace(p) != "" {
					x.Add(b, head+strings.TrimSpace(p))
					head = ""
				}
			}
		}
	}
	x.Put(&d)
	return d
}

// tree is the branch of a tree of messages that was shown last.
func tree(m map[string]any) (list []message) {
	nodes := obj(m["mapping"])
	seen := map[string]bool{}
	for id := str(m["current_node"]); id != "" && !seen[id]; {
		seen[id] = true
		n := obj(nodes[id])
		if one, ok := said1(obj(n["message"])); ok {
			list = append(list, one)
		}
		id = str(n["parent"])
	}
	if len(list) > 0 {
		slices.Reverse(list)
		return list
	}
	for _, n := range nodes {
		if one, ok := said1(obj(obj(n)["message"])); ok {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b message) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text)) })
	return list
}

func messages(v any) (list []message) {
	all, _ := v.([]any)
	for _, v := range all {
		if one, ok := said1(obj(v)); ok {
			list = append(list, one)
		}
	}
	return list
}

// said1 is an object as a message: who says it, when, and what.
func said1(m map[string]any) (message, bool) {
	profile, author := obj(m["user_profile"]), obj(m["author"])
	who := cmp.Or(str(profile["real_name"]), str(profile["display_name"]), str(author["nickname"]), str(author["name"]), str(author["role"]), str(m["author"]),
		str(m["sender"]), str(m["role"]), str(m["from"]), str(m["username"]), str(m["user"]), str(m["name"]))
	if subtype := str(m["subtype"]); who == "" || subtype == "channel_join" || subtype == "channel_leave" {
		return message{}, false
	}
	switch who {
	case "user", "human", "assistant", "system", "tool":
		who = strings.ToUpper(who[:1]) + who[1:]
	}
	who = strings.Join(strings.Fields(strings.ReplaceAll(who, ":", " ")), " ")
	text := ""
	for _, key := range []string{"text", "content", "message", "body"} {
		if text = strings.TrimSpace(words(m[key], 0)); text != "" {
			break
		}
	}
	if text == "" {
		return message{}, false
	}
	if m["ts"] != nil {
		text = slack(text)
	}
	one := message{who: who, text: strings.ReplaceAll(text, "\x00", "")}
	for _, key := range []string{"create_time", "created_at", "ts", "timestamp", "date", "time"} {
		if one.when, one.at = moment(m[key]); one.when != "" {
			break
		}
	}
	return one, true
}

// words are the texts of a content: a text, a list of them, an object with one.
func words(v any, depth int) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var b strings.Builder
		for _, part := range v {
			if depth < 8 {
				if _, isText := part.(string); !isText && b.Len() > 0 && obj(part)["type"] == "text" {
					b.WriteString("\n\n")
				}
				b.WriteString(words(part, depth+1))
			}
		}
		return b.String()
	case map[string]any:
		for _, key := range []string{"text", "parts", "result"} {
			if v[key] != nil && depth < 8 {
				return words(v[key], depth+1)
			}
		}
	}
	return ""
}

var (
	slackLink = regexp.MustCompile(`<(?:(https?|mailto):[^|<>]*)\|([^<>]*)>`)
	slackBare = regexp.MustCompile(`<((?:https?|mailto):[^|<>]*)>`)
	slackName = regexp.MustCompile(`<([@#!])[^|<>]*\|([^<>]*)>`)
)

// slack is a text without Slack's marks.
func slack(s string) string {
	s = slackLink.ReplaceAllString(s, "$2")
	s = slackBare.ReplaceAllString(s, "$1")
	s = slackName.ReplaceAllString(s, "$1$2")
	return html.UnescapeString(s)
}

// moment writes a time to the minute: seconds since 1970, or a text that begins as
// ISO 8601 has it.
func moment(v any) (string, float64) {
	const layout = "2006-01-02 15:04"
	switch v := v.(type) {
	case float64:
		if v > 1e11 { // milliseconds
			v /= 1000
		}
		if v > 0 && v < 1e11 {
			return time.Unix(int64(v), 0).UTC().Format(layout), v
		}
	case string:
		var seconds float64
		if n, _ := fmt.Sscanf(v, "%f", &seconds); n == 1 && seconds > 1e8 && seconds < 1e11 && !strings.Contains(v, "-") {
			return moment(math.Floor(seconds))
		}
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
			if t, err := time.Parse(form, v); err == nil {
				return t.UTC().Format(layout), float64(t.Unix())
			}
		}
	}
	return "", 0
}

func obj(v any) map[string]any { m, _ := v.(map[string]any); return m }
func str(v any) string         { s, _ := v.(string); return strings.TrimSpace(s) }
