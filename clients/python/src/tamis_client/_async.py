from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import quote

import httpx

from ._errors import problem
from ._events import Events
from ._types import Document, Event, Listed, Receipt, Record, Report, Results, Turn


class AsyncClient:
    """A server, by default the one on this machine. ``key`` defaults to ``$TAMIS_KEY``.

    ``timeout`` is in seconds, for one answer; ``transport`` is httpx's, for tests and proxies.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8227",
        *,
        key: str | None = None,
        timeout: float = 60,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = key or os.environ.get("TAMIS_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout, transport=transport)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def request(self, method: str, path: str, **how: Any) -> Any:
        """One call of the interface, as httpx makes it; TamisError where the server refuses."""
        response = await self._http.request(method, path, **how)
        if response.status_code >= 400:
            raise problem(response)
        return response.json() if response.content else None

    async def whoami(self) -> dict[str, Any]:
        return cast("dict[str, Any]", await self.request("GET", "/v1/whoami"))

    async def collections(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", (await self.request("GET", "/v1/collections"))["collections"])

    def collection(self, name: str = "default") -> AsyncCollection:
        """Nothing is asked of the server before the first call."""
        return AsyncCollection(self, name)

    async def verify(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """Whose signature a signed receipt bears, and whether it was altered."""
        return cast("dict[str, Any]", await self.request("POST", "/v1/receipts/verify", json=receipt))


class AsyncCollection:
    """An index that the server has."""

    def __init__(self, client: AsyncClient, name: str) -> None:
        self._client = client
        self.name = name
        self._path = f"/v1/collections/{quote(name, safe='')}"

    async def _call(self, method: str, path: str, **how: Any) -> Any:
        return await self._client.request(method, self._path + path, **how)

    async def create(self) -> None:
        await self._call("PUT", "")

    async def delete(self) -> None:
        await self._call("DELETE", "")

    async def stats(self) -> dict[str, Any]:
        return cast("dict[str, Any]", await self._call("GET", "/stats"))

    async def add(self, records: Record | Iterable[Record]) -> Report:
        """Adds documents, or replaces those of the same ids. What the report counts is durable."""
        if isinstance(records, Mapping):
            records = [cast(Record, records)]
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        return cast(Report, await self._call("POST", "/documents", content=lines.encode(), headers={"Content-Type": "application/x-ndjson"}))

    async def upload(self, *files: str | Path | tuple[str, bytes]) -> dict[str, Any]:
        """Adds files of any format that tamis reads: paths, or names with bytes."""
        parts = []
        for f in files:
            name, data = f if isinstance(f, tuple) else (Path(f).name, Path(f).read_bytes())
            parts.append(("file", (name, data, "application/octet-stream")))
        return cast("dict[str, Any]", await self._call("POST", "/files", files=parts))

    async def search(self, query: str, *, k: int = 10, **more: Any) -> Results:
        """The best passages. more: unit, filter, fold, plan, recall."""
        return cast(Results, await self._call("POST", "/search", json={"query": query, "k": k, **more}))

    async def context(self, question: str, *, budget: int = 1000, **more: Any) -> Receipt:
        """The few lines that answer, never more tokens than the budget. more: filter, tokenizer, order, render, dropped, explain …"""
        return cast(Receipt, await self._call("POST", "/context", json={"question": question, "budget": budget, **more}))

    async def replay(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        """The text anew from the stored sources; TamisError with status 409 names the span that has changed."""
        return cast("dict[str, Any]", await self._call("POST", "/replay", json=receipt))

    async def sign(self, receipt: Mapping[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", await self._client.request("POST", "/v1/receipts/sign", params={"collection": self.name}, json=receipt))

    async def ask(self, question: str, **more: Any) -> AsyncIterator[Event]:
        """The events of an answer as they come: context, delta …, done or error."""
        body = {"question": question, **more}
        async with self._client._http.stream("POST", self._path + "/ask", json=body) as response:
            if response.status_code >= 400:
                await response.aread()
                raise problem(response)
            events = Events()
            async for line in response.aiter_lines():
                if event := events.line(line):
                    yield event

    async def documents(self, *, prefix: str = "", filter: str = "") -> AsyncIterator[Listed]:
        """All documents, fetched as they are needed."""
        params = {k: v for k, v in (("prefix", prefix), ("filter", filter)) if v}
        while True:
            page = await self._call("GET", "/documents", params=params)
            for document in page["documents"]:
                yield document
            if not page.get("next"):
                return
            params["cursor"] = page["next"]

    async def document(self, id: str, *, start: int | None = None, end: int | None = None) -> Document:
        """A document, or the bytes of it from start to end."""
        params = {k: v for k, v in (("id", id), ("start", start), ("end", end)) if v is not None}
        return cast(Document, await self._call("GET", "/document", params=params))

    async def delete_document(self, id: str) -> None:
        await self._call("DELETE", "/document", params={"id": id})

    async def show(self, id: str, **where: Any) -> dict[str, Any]:
        """A passage in its surroundings. where: start and end, or line; around."""
        return cast("dict[str, Any]", await self._call("GET", "/show", params={"id": id, **where}))

    async def outline(self, id: str) -> dict[str, Any]:
        return cast("dict[str, Any]", await self._call("GET", "/outline", params={"id": id}))

    async def session(self, *, tokens: int, **more: Any) -> AsyncSession:
        """A window that lasts, of so many tokens. more: turn, keep, render, tokenizer."""
        started = await self._call("POST", "/sessions", json={"tokens": tokens, **more})
        return AsyncSession(self, started["session"])


class AsyncSession:
    """A window over several questions: what was shown is not shown again."""

    def __init__(self, collection: AsyncCollection, name: str) -> None:
        self._collection = collection
        self.name = name
        self._path = f"/sessions/{quote(name, safe='')}"

    async def context(self, question: str, **more: Any) -> Turn:
        return cast(Turn, await self._collection._call("POST", self._path + "/context", json={"question": question, **more}))

    async def window(self) -> dict[str, Any]:
        """All that the model has before it: pieces, used, left."""
        return cast("dict[str, Any]", await self._collection._call("GET", self._path))

    async def fold(self, id: int) -> dict[str, Any]:
        return await self._piece("fold", {"id": id})

    async def restore(self, id: int) -> dict[str, Any]:
        return await self._piece("restore", {"id": id})

    async def pin(self, id: int, pinned: bool = True) -> dict[str, Any]:
        return await self._piece("pin", {"id": id, "pinned": pinned})

    async def find(self, text: str) -> dict[str, Any]:
        return await self._piece("find", {"text": text})

    async def end(self) -> None:
        await self._collection._call("DELETE", self._path)

    async def _piece(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", await self._collection._call("POST", f"{self._path}/{what}", json=body))
