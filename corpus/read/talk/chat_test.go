package talk

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/readtest"
)

func TestExports(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"ChatGPT", `[{"title": "Tea", "id": "c1", "current_node": "n3", "mapping": {
"n1": {"parent": null, "message": null},
"n2": {"parent": "n1", "message": {"author": {"role": "user"}, "create_time": 1714564800.5, "content": {"parts": ["How long?"]}}},
"n4": {"parent": "n1", "message": {"author": {"role": "user"}, "content": {"parts": ["a branch that was left"]}}},
"n3": {"parent": "n2", "message": {"author": {"role": "assistant"}, "content": {"parts": ["Three minutes.\n\n` + "```sh\\nsleep 180\\n```" + `\n\nThen drink."]}}}}}]`,
			"/a.json!/c1|Tea|[2024-05-01 12:00] User: How long?⏎⏎Assistant: Three minutes.⏎⏎sleep 180⏎⏎Then drink."},
		{"Claude", `[{"uuid": "u1", "name": "Milk", "chat_messages": [{"sender": "human", "text": "", "content": [{"type": "text", "text": "Is it"}, {"type": "text", "text": "white?"}], "created_at": "2024-05-01T12:00:30.123Z"}, {"sender": "assistant", "text": "Yes."}]}]`,
			"/a.json!/u1|Milk|[2024-05-01 12:00] User: Is it⏎⏎white?⏎⏎Assistant: Yes."},
		{"Slack", `[{"type": "message", "user": "U1", "user_profile": {"real_name": "Ann Lee"}, "ts": "1714564800.000200", "text": "See <https://x.org/a|the list> &amp; ask <@U2|bob>"}, {"type": "message", "subtype": "channel_join", "user": "U3", "ts": "1", "text": "joined"}, {"type": "message", "user": "U2", "ts": "1714564860.0", "text": "ok"}]`,
			"||[2024-05-01 12:00] Ann Lee: See the list & ask @bob⏎⏎[2024-05-01 12:01] U2: ok"},
		{"Telegram", `{"name": "Us", "type": "personal_chat", "messages": [{"id": 1, "type": "message", "date": "2024-05-01T12:00:00", "from": "Ann", "text": ["see ", {"type": "link", "text": "x.org"}]}]}`,
			"|Us|[2024-05-01 12:00] Ann: see x.org"},
		{"roles", `[{"role": "system", "content": "Be kind."}, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}]`, "||System: Be kind.⏎⏎User: Hi"},
	} {
		docs, skipped := readtest.Read(t, Export, "a.json", c.body, ErrNoChat)
		if len(docs) != 1 {
			t.Errorf("%s: %d documents, skipped %q", c.name, len(docs), skipped)
			continue
		}
		d := docs[0]
		got := d.ID + "|" + d.Title + "|" + strings.ReplaceAll(d.Source, "\n", "⏎")
		want := strings.Replace(c.want, "User: Is it", "Human: Is it", 1)
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, want)
		}
		if !IsExport([]byte(c.body)) {
			t.Errorf("%s is not told", c.name)
		}
		if d.Blocks[0].Kind != corpus.Turn {
			t.Errorf("%s: kind %d", c.name, d.Blocks[0].Kind)
		}
	}
	docs, skipped := readtest.Read(t, Export, "a.json", `[{"role": "user", "content": "whole"}, {"role": "us`)
	if len(docs) != 1 || len(skipped) != 1 || !strings.Contains(skipped[0], "malformed JSON") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
	for _, s := range []string{`{"name": "config", "type": "x"}`, `[1, 2]`, `{"text": "a"}`, ``} {
		if IsExport([]byte(s)) {
			t.Errorf("%s is told for a chat", s)
		}
	}
}

func TestTranscripts(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"WhatsApp on Android", "31.12.23, 21:15 - Messages are encrypted.\n31.12.23, 21:16 - Ann Lee: Happy new year!\nSee you\n31.12.23, 21:17 - Bob: You too: all of you\n1.1.24, 9:05 - Ann Lee: 🙂\n",
			"- 31.12.23, 21:15 - Messages are encrypted.\n- [31.12.23, 21:16] Ann Lee: Happy new year!⏎See you\n- [31.12.23, 21:17] Bob: You too: all of you\n- [1.1.24, 9:05] Ann Lee: 🙂\n"},
		{"WhatsApp on iOS", "[12/31/23, 9:15:00 PM] Ann: One\n\u200e[12/31/23, 9:16:00 PM] Bob: Two\n[12/31/23, 9:17:00 PM] Ann: Three\n",
			"- [12/31/23, 9:15:00 PM] Ann: One\n- [12/31/23, 9:16:00 PM] Bob: Two\n- [12/31/23, 9:17:00 PM] Ann: Three\n"},
		{"times before names", "Meeting\n\n[00:00:01] Ann: Welcome.\n[00:01:05] Bob: Thanks,\nall of you.\n1:00:00 Ann: The end.\n", "- Meeting\n1 Ann: Welcome.\n65 Bob: Thanks,⏎all of you.\n3600 Ann: The end.\n"},
		{"times behind names", "Speaker 1 (00:05):\nWelcome.\n\nAnn Lee  01:05\nThanks.\nAll.\n\nSpeaker 1 (01:10):\nBye.\n", "5 Speaker 1: Welcome.\n65 Ann Lee: Thanks.⏎All.\n70 Speaker 1: Bye.\n"},
	} {
		docs, skipped := readtest.Read(t, Transcript, "a.txt", c.body)
		if len(docs) != 1 || outline(docs[0]) != c.want {
			t.Errorf("%s: skipped %q\n%swant\n%s", c.name, skipped, outline(docs[0]), c.want)
		}
		if !IsTranscript([]byte(c.body)) {
			t.Errorf("%s is not told", c.name)
		}
	}
	for _, s := range []string{"Prose that goes on.\nAt 10:15 it ended.\n", "12:00 INFO start\n12:01 INFO end\n12:02 WARN x\n12:03 INFO y\n", "Ann: one\nBob: two\nAnn: three\n"} {
		if IsTranscript([]byte(s)) {
			t.Errorf("%q is told for a transcript", s)
		}
	}
}

func FuzzChats(f *testing.F) {
	f.Add(`[{"mapping": {"a": {"parent": "a", "message": {"author": {"role": "x"}, "content": {"parts": ["y"]}}}}, "current_node": "a"}]`)
	f.Add(`{"messages": [{"from": "a", "text": [{"text": {"text": ["b"]}}], "date": 1e300}]}`)
	f.Add("31.12.23, 21:16 - Ann: a\n[00:01] Bob: b\nEve 1:02\nc\n")
	f.Fuzz(func(t *testing.T, s string) {
		readtest.Read(t, Export, "a.json", s, ErrNoChat)
		readtest.Read(t, Transcript, "a.txt", s)
		IsExport([]byte(s))
		IsTranscript([]byte(s[:min(len(s), format.HeadBytes)]))
	})
}
