"""A receipt as the passages that frameworks pass on."""

from __future__ import annotations

from typing import Any

from ._types import Receipt


def passages(receipt: Receipt) -> list[tuple[str, dict[str, Any]]]:
    """What was kept of each document, in the order of the context, and where it stands.

    The receipt is of a plain rendering: a label stands before each document's part, and nothing
    that was kept can hold one, so that the text is cut at its labels.
    """
    text = receipt["text"]
    cites = list(dict.fromkeys(s["cite"] for s in receipt["spans"]))
    begins: list[tuple[int, int]] = []  # of a label, of what follows it
    at = 0
    for cite in cites:
        label = receipt["label"].replace("%d", str(cite))
        at = text.index(label, at)
        begins.append((at, at + len(label)))
    found: list[tuple[str, dict[str, Any]]] = []
    for i, cite in enumerate(cites):
        end = begins[i + 1][0] if i + 1 < len(begins) else len(text)
        spans = [s for s in receipt["spans"] if s["cite"] == cite]
        metadata: dict[str, Any] = {
            "doc": spans[0]["doc"],
            "path": spans[0]["path"],
            "cite": cite,
            "score": max(s["score"] for s in spans),
            "spans": [{"start": s["start"], "end": s["end"], "digest": s["digest"]} for s in spans],
        }
        if place := spans[0].get("place"):
            metadata["place"] = dict(place)
        found.append((text[begins[i][1] : end].strip(), metadata))
    return found
