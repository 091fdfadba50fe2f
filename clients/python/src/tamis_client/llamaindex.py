"""A LlamaIndex retriever: nodes that together keep a budget of tokens.

Needs ``tamis-client[llamaindex]``.
"""

from __future__ import annotations

from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from ._async import AsyncClient
from ._passages import passages
from ._sync import Client
from ._types import Receipt


class TamisRetriever(BaseRetriever):
    """The sentences that answer a question, one node for each source.

    Each node's metadata has ``doc``, ``path``, ``place`` and ``spans``: ranges of bytes with their
    digests, by which every word can be traced. ``options`` are more of a context: filter, cut, order …
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8227",
        *,
        key: str | None = None,
        collection: str = "default",
        budget: int = 1000,
        **options: Any,
    ) -> None:
        super().__init__()
        self._url, self._key, self._collection = url, key, collection
        self._options = {**options, "budget": budget, "render": "plain"}

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        with Client(self._url, key=self._key) as client:
            return _nodes(client.collection(self._collection).context(query_bundle.query_str, **self._options))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        async with AsyncClient(self._url, key=self._key) as client:
            return _nodes(await client.collection(self._collection).context(query_bundle.query_str, **self._options))


def _nodes(receipt: Receipt) -> list[NodeWithScore]:
    nodes = []
    for text, metadata in passages(receipt):
        node = TextNode(text=text, metadata=metadata)
        # Where a text stands is for programs: the model that answers gets the text alone.
        node.excluded_llm_metadata_keys = node.excluded_embed_metadata_keys = list(metadata)
        nodes.append(NodeWithScore(node=node, score=metadata["score"]))
    return nodes
