"""What the server sends. More fields may come; none is renamed."""

from __future__ import annotations

from typing import Any, TypedDict


class Place(TypedDict, total=False):
    """Where in its original a range stands: what of this its format has."""

    line: int
    page: int
    box: list[float]
    sheet: str
    cell: str
    slide: int
    paragraph: int
    seconds: float


class _Span(TypedDict):
    cite: int
    doc: str
    path: str
    start: int
    end: int
    score: float
    digest: str


class Span(_Span, total=False):
    """A kept range of bytes of a stored source."""

    place: Place
    heading: str


class Drop(TypedDict):
    """What was scored and dropped."""

    doc: str
    start: int
    end: int
    score: float
    reason: str


class _Receipt(TypedDict):
    question: str
    budget: int
    tokens: int
    tokenizer: str
    confidence: float
    text: str
    spans: list[Span]
    dropped_count: int
    order: str
    render: str
    label: str
    digest: str


class Receipt(_Receipt, total=False):
    """A context with all that proves it. Give it back whole to replay, sign and verify."""

    dropped: list[Drop]
    units: list[dict[str, Any]]
    seal: str


class Turn(Receipt, total=False):
    """What a question added to a session's window."""

    folded: list[int]
    used: int
    left: int


class _Hit(TypedDict):
    rank: int
    doc: str
    title: str
    path: str
    start: int
    end: int
    score: float
    text: str


class Hit(_Hit, total=False):
    place: Place
    headings: list[str]
    metadata: dict[str, Any]
    lists: list[dict[str, Any]]


class Results(TypedDict):
    query: str
    k: int
    exact: bool
    took_ms: float
    hits: list[Hit]


class _Listed(TypedDict):
    id: str
    title: str
    path: str
    type: str
    role: str
    lang: str
    bytes: int


class Listed(_Listed, total=False):
    """A document, without its text."""

    mtime: str


class Document(Listed, total=False):
    """A document, or a range of it."""

    text: str
    start: int
    end: int
    metadata: dict[str, Any]
    blocks: list[dict[str, Any]]


class _Record(TypedDict):
    id: str


class Record(_Record, total=False):
    """A document to add. metadata["groups"] is its access list."""

    title: str
    text: str
    metadata: dict[str, Any]
    vectors: dict[str, Any]


class _Report(TypedDict):
    added: int
    updated: int
    unchanged: int
    removed: int
    skipped: list[dict[str, Any]]


class Report(_Report, total=False):
    """What an addition did; skipped names what was not added, with the reason."""

    warnings: list[dict[str, Any]]


class Event(TypedDict):
    """One event of an answer: context, delta, done or error."""

    event: str
    data: Any
