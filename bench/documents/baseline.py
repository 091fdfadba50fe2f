#!/usr/bin/env python3
"""What people build: markitdown's text of each file (of a PDF, pdftotext's) in chunks
of 400 tokens, ranked by BM25, as many as fit into the budget; the last is cut.

    baseline.py FILES QUESTIONS OUT [--budgets 200,500,1000] [--cache FILE] [--ranks o200k_base.tiktoken.gz]

Needs pdftotext and, from PyPI, markitdown[docx,pptx,xlsx,xls,outlook] and tiktoken.
What markitdown has no converter for is read as text, where it is text.
"""
import argparse
import base64
import collections
import gzip
import json
import math
import os
import re
import subprocess
import sys

import tiktoken

WORD = re.compile(r"[^\W_]+")
NO_SPACE = re.compile("([\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0eff])")
STOP = set("""a an and are as at be by do does did for from how i in is it its me my of on or that the their there they this to was were what when
where which who whom whose why will with""".split())


def encoder(ranks):
    """o200k_base; with its ranks from a file, nothing is asked of the network."""
    if ranks:
        from tiktoken_ext import openai_public
        with gzip.open(ranks) as f:
            table = {base64.b64decode(t): int(r) for t, r in (line.split() for line in f if line.strip())}
        openai_public.load_tiktoken_bpe = lambda *_, **__: table
    return tiktoken.get_encoding("o200k_base")


def words(text):
    """Lower-case words without English stop words; a character where words are not parted by spaces."""
    return [w for w in WORD.findall(NO_SPACE.sub(r" \1 ", text.lower())) if w not in STOP]


def read(path, converter):
    if path.endswith(".pdf"):
        return subprocess.run(["pdftotext", path, "-"], capture_output=True).stdout.decode("utf-8", "replace")
    try:
        return converter.convert(path).text_content
    except Exception:
        with open(path, "rb") as f:
            data = f.read()
        return "" if b"\0" in data else data.decode("utf-8", "replace")


def chunks(text, enc, size):
    """Whole lines up to size tokens; a longer line is cut."""
    part, n = [], 0
    for line in text.splitlines(keepends=True):
        tokens = enc.encode_ordinary(line)
        while len(tokens) > size:
            if part:
                yield "".join(part)
                part, n = [], 0
            yield enc.decode(tokens[:size])
            tokens = tokens[size:]
            line = enc.decode(tokens)
        if n + len(tokens) > size:
            yield "".join(part)
            part, n = [], 0
        part.append(line)
        n += len(tokens)
    if "".join(part).strip():
        yield "".join(part)


class BM25:
    def __init__(self, texts, k1=1.2, b=.75):
        self.k1, self.b = k1, b
        counts = [collections.Counter(words(t)) for t in texts]
        self.length = [sum(c.values()) for c in counts]
        self.mean = sum(self.length) / max(len(texts), 1)
        self.postings = collections.defaultdict(list)
        for i, c in enumerate(counts):
            for w, n in c.items():
                self.postings[w].append((i, n))
        self.n = len(texts)

    def rank(self, question):
        score = collections.Counter()
        for w in dict.fromkeys(words(question)):
            found = self.postings.get(w, ())
            idf = math.log(1 + (self.n - len(found) + .5) / (len(found) + .5))
            for i, n in found:
                score[i] += idf * n * (self.k1 + 1) / (n + self.k1 * (1 - self.b + self.b * self.length[i] / self.mean))
        return [i for i, _ in sorted(score.items(), key=lambda x: (-x[1], x[0]))]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("files")
    ap.add_argument("questions")
    ap.add_argument("out")
    ap.add_argument("--budgets", default="200,500,1000")
    ap.add_argument("--size", type=int, default=400)
    ap.add_argument("--cache", help="what the files were read to")
    ap.add_argument("--ranks", help="the token table, gzipped")
    a = ap.parse_args()
    enc = encoder(a.ranks)
    if a.cache and os.path.exists(a.cache):
        with open(a.cache, encoding="utf-8") as f:
            texts = json.load(f)
    else:
        from markitdown import MarkItDown
        converter = MarkItDown()
        texts = {n: read(os.path.join(a.files, n), converter) for n in sorted(os.listdir(a.files))}
        if a.cache:
            with open(a.cache, "w", encoding="utf-8", errors="replace") as f:
                json.dump(texts, f)
    names, parts = [], []
    for name, text in texts.items():
        for c in chunks(text, enc, a.size):
            names.append(name)
            parts.append(c)
    print("%d files, %d without text, %d chunks" % (len(texts), sum(not t.strip() for t in texts.values()), len(parts)), file=sys.stderr)
    index = BM25(parts)
    with open(a.questions, encoding="utf-8") as f, open(a.out, "w", encoding="utf-8", errors="replace") as out:
        for q in map(json.loads, f):
            ranked = index.rank(q["question"])
            for budget in map(int, a.budgets.split(",")):
                left, pieces = budget, []
                for i in ranked:
                    tokens = enc.encode_ordinary(parts[i])
                    pieces.append((names[i], parts[i] if len(tokens) <= left else enc.decode(tokens[:left])))
                    left -= len(tokens)
                    if left <= 0:
                        break
                out.write(json.dumps({"id": q["id"], "budget": budget, "text": "\n\n".join(p[1] for p in pieces), "pieces": pieces}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
