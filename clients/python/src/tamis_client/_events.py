from __future__ import annotations

import json

from ._types import Event


class Events:
    """Server-sent events, a line at a time (WHATWG HTML, section 9.2)."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []

    def line(self, line: str) -> Event | None:
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                self._name = value
            elif name == "data":
                self._data.append(value)
            return None
        name, data = self._name or "message", self._data
        self._name, self._data = "", []
        if not data:
            return None
        return {"event": name, "data": json.loads("\n".join(data))}
