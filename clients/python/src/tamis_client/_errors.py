from __future__ import annotations

from typing import Any

import httpx


class TamisError(Exception):
    """The server refused or failed. ``str()`` is one sentence; ``fields`` are the places at fault, such as ``body.budget``."""

    def __init__(self, status: int, detail: str, errors: list[dict[str, Any]]) -> None:
        self.status = status
        self.detail = detail
        self.errors = errors
        self.fields = [e["location"] for e in errors if e.get("location")]
        more = "; ".join(": ".join(filter(None, (e.get("location"), e.get("message")))) for e in errors)
        super().__init__(f"{detail} ({more})" if more else detail)


def problem(response: httpx.Response) -> TamisError:
    """The error that an answer is. It was read already."""
    try:
        p = response.json()
    except ValueError:
        p = None
    if not isinstance(p, dict):
        p = {}
    detail = p.get("detail") or p.get("title") or f"{response.status_code} {response.reason_phrase}"
    return TamisError(response.status_code, str(detail), p.get("errors") or [])
