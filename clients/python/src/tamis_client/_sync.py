# Made of _async.py by generate.py.
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote

import httpx

from ._errors import problem
from ._events import Events
from ._types import Document, Event, Listed, Receipt, Record, Report, Results, Turn


class Client:
    """A server, by default the one on this machine. ``key`` defaults to ``$TAMIS_KEY``.

    ``timeout`` is in seconds, for one answer; ``transport`` is httpx's, for tests and proxies.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8227",
        *,
        key: str | None = None,
        timeout: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        key = key or os.environ.get("TAMIS_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(self, method: str, path: str, **how: Any) -> Any:
        """One call of the interface, as httpx makes it; TamisError where the server refuses."""
        response = self._http.request(method, path, **how)
        if response.status_code >= 400:
            raise problem(response)
        return response.json() if response.content else None

    def whoami(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.request("GET", "/v1/whoami"))

    def collections(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", (self.request("GET", "/v1/collections"))["collections"])

    def collection(self, name: str = "default") -> Collection:
        """Nothing is asked of the server before the first call."""
        return Collection(self, name)

    def verify(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """Whose signature a signed receipt bears, and whether it was altered."""
        return cast("dict[str, Any]", self.request("POST", "/v1/receipts/verify", json=receipt))


class Collection:
    """An index that the server has."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self.name = name
        self._path = f"/v1/collections/{quote(name, safe='')}"

    def _call(self, method: str, path: str, **how: Any) -> Any:
        return self._client.request(method, self._path + path, **how)

    def create(self) -> None:
        self._call("PUT", "")

    def delete(self) -> None:
        self._call("DELETE", "")

    def stats(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._call("GET", "/stats"))

    def add(self, records: Record | Iterable[Record]) -> Report:
        """Adds documents, or replaces those of the same ids. What the report counts is durable."""
        if isinstance(records, Mapping):
            records = [cast(Record, records)]
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        return cast(Report, self._call("POST", "/documents", content=lines.encode(), headers={"Content-Type": "application/x-ndjson"}))

    def upload(self, *files: str | Path | tuple[str, bytes]) -> dict[str, Any]:
        """Adds files of any format that tamis reads: paths, or names with bytes."""
        parts = []
        for f in files:
            name, data = f if isinstance(f, tuple) else (Path(f).name, Path(f).read_bytes())
            parts.append(("file", (name, data, "application/octet-stream")))
        return cast("dict[str, Any]", self._call("POST", "/files", files=parts))

    def search(self, query: str, *, k: int = 10, **more: Any) -> Results:
        """The best passages. more: unit, filter, fold, plan, recall."""
        return cast(Results, self._call("POST", "/search", json={"query": query, "k": k, **more}))

    def context(self, question: str, *, budget: int = 1000, **more: Any) -> Receipt:
        """The few lines that answer, never more tokens than the budget. more: filter, tokenizer, order, render, dropped, explain …"""
        return cast(Receipt, self._call("POST", "/context", json={"question": question, "budget": budget, **more}))

    def replay(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """The text anew from the stored sources; TamisError with status 409 names the span that has changed."""
        return cast("dict[str, Any]", self._call("POST", "/replay", json=receipt))

    def sign(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", self._client.request("POST", "/v1/receipts/sign", params={"collection": self.name}, json=receipt))

    def ask(self, question: str, **more: Any) -> Iterator[Event]:
        """The events of an answer as they come: context, delta …, done or error."""
        body = {"question": question, **more}
        with self._client._http.stream("POST", self._path + "/ask", json=body) as response:
            if response.status_code >= 400:
                response.read()
                raise problem(response)
            events = Events()
            for line in response.iter_lines():
                if event := events.line(line):
                    yield event

    def documents(self, *, prefix: str = "", filter: str = "") -> Iterator[Listed]:
        """All documents, fetched as they are needed."""
        params = {k: v for k, v in (("prefix", prefix), ("filter", filter)) if v}
        while True:
            page = self._call("GET", "/documents", params=params)
            for document in page["documents"]:
                yield document
            if not page.get("next"):
                return
            params["cursor"] = page["next"]

    def document(self, id: str, *, start: int | None = None, end: int | None = None) -> Document:
        """A document, or the bytes of it from start to end."""
        params = {k: v for k, v in (("id", id), ("start", start), ("end", end)) if v is not None}
        return cast(Document, self._call("GET", "/document", params=params))

    def delete_document(self, id: str) -> None:
        self._call("DELETE", "/document", params={"id": id})

    def show(self, id: str, **where: Any) -> dict[str, Any]:
        """A passage in its surroundings. where: start and end, or line; around."""
        return cast("dict[str, Any]", self._call("GET", "/show", params={"id": id, **where}))

    def outline(self, id: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self._call("GET", "/outline", params={"id": id}))

    def session(self, *, tokens: int, **more: Any) -> Session:
        """A window that lasts, of so many tokens. more: turn, keep, render, tokenizer."""
        started = self._call("POST", "/sessions", json={"tokens": tokens, **more})
        return Session(self, started["session"])


class Session:
    """A window over several questions: what was shown is not shown again."""

    def __init__(self, collection: Collection, name: str) -> None:
        self._collection = collection
        self.name = name
        self._path = f"/sessions/{quote(name, safe='')}"

    def context(self, question: str, **more: Any) -> Turn:
        return cast(Turn, self._collection._call("POST", self._path + "/context", json={"question": question, **more}))

    def window(self) -> dict[str, Any]:
        """All that the model has before it: pieces, used, left."""
        return cast("dict[str, Any]", self._collection._call("GET", self._path))

    def fold(self, id: int) -> dict[str, Any]:
        return self._piece("fold", {"id": id})

    def restore(self, id: int) -> dict[str, Any]:
        return self._piece("restore", {"id": id})

    def pin(self, id: int, pinned: bool = True) -> dict[str, Any]:
        return self._piece("pin", {"id": id, "pinned": pinned})

    def find(self, text: str) -> dict[str, Any]:
        return self._piece("find", {"text": text})

    def end(self) -> None:
        self._collection._call("DELETE", self._path)

    def _piece(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", self._collection._call("POST", f"{self._path}/{what}", json=body))
