"""Answers of OpenAI's tiktoken, for the tests of package tokens.

  peer.py count FOLDER     lines {"encoding", "text"} to numbers of tokens, with the ranks in FOLDER/ENCODING.tiktoken
  peer.py classes          the class of every rune in tiktoken's regular expressions, a letter a rune
"""
import base64, json, os, sys, unittest.mock

import tiktoken, tiktoken_ext.openai_public as public


def encoding(folder, name):
    def ranks(*_, **__):
        with open(os.path.join(folder, name + ".tiktoken"), "rb") as f:
            return {base64.b64decode(t): int(r) for t, r in (line.split() for line in f if line.strip())}
    with unittest.mock.patch.object(public, "load_tiktoken_bpe", ranks):
        return tiktoken.Encoding(**getattr(public, name)())


def count(folder):
    encodings = {}
    for line in sys.stdin:
        q = json.loads(line)
        e = encodings.get(q["encoding"]) or encodings.setdefault(q["encoding"], encoding(folder, q["encoding"]))
        print(len(e.encode_ordinary(q["text"])))


def classes():
    single = {bytes([i]): i for i in range(256)}
    out = ["o"] * 0x110000
    for letter, pattern in {"U": r"[\p{Lu}\p{Lt}]", "l": r"\p{Ll}", "c": r"[\p{Lm}\p{Lo}]", "m": r"\p{M}", "n": r"\p{N}", "s": r"\s"}.items():
        e = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=single, special_tokens={})
        for c in range(0x110000):
            if not 0xD800 <= c <= 0xDFFF and e.encode_ordinary(chr(c)):
                assert out[c] == "o", hex(c)
                out[c] = letter
    print("".join(out))


{"count": count, "classes": classes}[sys.argv[1]](*sys.argv[2:])
