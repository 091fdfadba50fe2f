"""Writes src/tamis_client/_sync.py, which is _async.py without waiting."""

import re
from pathlib import Path

here = Path(__file__).parent / "src" / "tamis_client"

words = [
    (r"httpx\.Async(\w+)", r"httpx.\1"),
    (r"\bAsync(Client|Collection|Session|Iterator)\b", r"\1"),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baread\b", "read"),
    (r"\baiter_lines\b", "iter_lines"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
]


def sync() -> str:
    text = (here / "_async.py").read_text()
    for word, instead in words:
        text = re.sub(word, instead, text)
    text = text.replace("from collections.abc import Iterator, Iterable, Mapping", "from collections.abc import Iterable, Iterator, Mapping")
    return "# Made of _async.py by generate.py.\n" + text


if __name__ == "__main__":
    (here / "_sync.py").write_text(sync())
