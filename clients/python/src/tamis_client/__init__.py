"""Client of ``tamis serve``: the smallest context that still answers a question, every byte traceable."""

from ._async import AsyncClient, AsyncCollection, AsyncSession
from ._errors import TamisError
from ._sync import Client, Collection, Session
from ._types import Document, Drop, Event, Hit, Listed, Place, Receipt, Record, Report, Results, Span, Turn

__all__ = [
    "AsyncClient", "AsyncCollection", "AsyncSession", "Client", "Collection", "Document", "Drop", "Event", "Hit", "Listed",
    "Place", "Receipt", "Record", "Report", "Results", "Session", "Span", "TamisError", "Turn",
]
