"""A LangChain retriever: documents that together keep a budget of tokens.

Needs ``tamis-client[langchain]``.
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from ._async import AsyncClient
from ._passages import passages
from ._sync import Client


class TamisRetriever(BaseRetriever):
    """The sentences that answer a question, one document for each source.

    Each document's metadata has ``doc``, ``path``, ``place`` and ``spans``: ranges of bytes with
    their digests, by which every word can be traced.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    url: str = "http://127.0.0.1:8227"
    key: str | None = Field(default=None, repr=False)
    collection: str = "default"
    budget: int = 1000
    """Most tokens of all documents together."""
    options: dict[str, Any] = Field(default_factory=dict)
    """More of a context: filter, tokenizer, cut, order …"""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        with Client(self.url, key=self.key) as client:
            receipt = client.collection(self.collection).context(query, budget=self.budget, **{**self.options, "render": "plain"})
        return [Document(page_content=text, metadata=metadata, id=metadata["doc"]) for text, metadata in passages(receipt)]

    async def _aget_relevant_documents(self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun) -> list[Document]:
        async with AsyncClient(self.url, key=self.key) as client:
            receipt = await client.collection(self.collection).context(query, budget=self.budget, **{**self.options, "render": "plain"})
        return [Document(page_content=text, metadata=metadata, id=metadata["doc"]) for text, metadata in passages(receipt)]
