import asyncio

import pytest

from tamis_client import Collection


def traced(collection: Collection, text: str, metadata: dict) -> None:
    """Every range of bytes that is named is in the text."""
    assert metadata["spans"]
    for span in metadata["spans"]:
        assert collection.document(metadata["doc"], start=span["start"], end=span["end"])["text"].strip() in text


def test_langchain(collection: Collection, url: str) -> None:
    pytest.importorskip("langchain_core")
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_core.runnables import RunnablePassthrough

    from tamis_client.langchain import TamisRetriever

    retriever = TamisRetriever(url=url, collection=collection.name, budget=60)
    documents = retriever.invoke("how long are backups of the database kept?")
    assert documents[0].id == "policy/backup" and "90 days" in documents[0].page_content and "[1]" not in documents[0].page_content
    for d in documents:
        traced(collection, d.page_content, d.metadata)
    assert asyncio.run(retriever.ainvoke("how long are backups of the database kept?")) == documents
    prompt = ChatPromptTemplate.from_template("{context}\n\n{question}")
    chain = {"context": retriever, "question": RunnablePassthrough()} | prompt
    assert "90 days" in chain.invoke("how long are backups kept?").to_string()


def test_llamaindex(collection: Collection, url: str) -> None:
    pytest.importorskip("llama_index.core")
    from llama_index.core.schema import MetadataMode

    from tamis_client.llamaindex import TamisRetriever

    retriever = TamisRetriever(url, collection=collection.name, budget=60)
    nodes = retriever.retrieve("how long are backups of the database kept?")
    assert nodes[0].metadata["doc"] == "policy/backup"
    assert nodes[0].node.get_content(metadata_mode=MetadataMode.LLM) == nodes[0].text, "the model gets the text alone"
    for n in nodes:
        traced(collection, n.text, n.metadata)
    again = asyncio.run(retriever.aretrieve("how long are backups of the database kept?"))
    assert [n.text for n in again] == [n.text for n in nodes]
