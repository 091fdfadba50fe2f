import asyncio
from pathlib import Path

import pytest

from tamis_client import AsyncClient, Client, Collection, TamisError


def test_sync_is_made_of_async() -> None:
    import importlib.util

    root = Path(__file__).parent.parent
    spec = importlib.util.spec_from_file_location("generate", root / "generate.py")
    assert spec and spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.sync() == (root / "src/tamis_client/_sync.py").read_text(), "run python generate.py"


def test_context_and_replay(collection: Collection) -> None:
    receipt = collection.context("how long are backups of the database kept?", budget=60)
    assert "Backups of the database are kept for 90 days." in receipt["text"]
    assert receipt["tokens"] <= 60
    span = receipt["spans"][0]
    source = collection.document(span["doc"], start=span["start"], end=span["end"])
    assert source["text"] and source["text"] in receipt["text"]
    again = collection.replay(receipt)
    assert again["text"] == receipt["text"] and again["verified"]
    with pytest.raises(TamisError) as refused:
        collection.replay({**receipt, "spans": [{**span, "end": span["end"] - 1}, *receipt["spans"][1:]]})
    assert refused.value.status in (409, 422)


def test_search_and_documents(collection: Collection) -> None:
    results = collection.search("opening of the café", k=2, filter="year = 2023")
    assert [h["doc"] for h in results["hits"]] == ["policy/naïve"]
    # Documents with an access list are seen by members alone.
    assert sorted(d["id"] for d in collection.documents(prefix="policy/")) == ["policy/backup", "policy/naïve"]
    collection.delete_document("policy/naïve")
    assert [d["id"] for d in collection.documents()] == ["policy/backup"]
    assert collection.stats()["documents"] == 2 or collection.stats()["documents"] == 1


def test_upload_and_show(collection: Collection) -> None:
    collection.upload(("notes.md", b"# Sieves\n\nA tamis is a fine sieve.\n\nIt is used by cooks.\n"))
    found = collection.search("sieve", k=1)["hits"][0]
    assert found["doc"] == "upload/notes.md"
    assert "sieve" in str(collection.show(found["doc"], start=found["start"], end=found["end"]))


def test_session(collection: Collection) -> None:
    session = collection.session(tokens=2000)
    first = session.context("how long are backups kept?")
    assert "90 days" in first["text"]
    assert session.context("and how long are backups kept?")["tokens"] < first["tokens"], "what was shown is not shown again"
    assert session.window()["used"] > 0
    session.end()
    with pytest.raises(TamisError) as gone:
        session.window()
    assert gone.value.status == 404


def test_ask_without_a_model_gives_the_context(collection: Collection) -> None:
    events = list(collection.ask("how long are backups kept?"))
    assert events[0]["event"] == "context" and events[-1]["event"] == "done", events
    assert "90 days" in events[-1]["data"]["answer"]


def test_errors_name_the_field(collection: Collection, url: str) -> None:
    with pytest.raises(TamisError) as bad:
        collection.context("backups", budget=0)
    assert bad.value.status == 422 and "body.budget" in bad.value.fields and "budget" in str(bad.value)
    with Client(url) as client, pytest.raises(TamisError) as none:
        client.collection("no-such").search("x")
    assert none.value.status == 404


def test_async(collection: Collection, url: str) -> None:
    async def ask() -> None:
        async with AsyncClient(url) as client:
            same = client.collection(collection.name)
            contexts = await asyncio.gather(*(same.context("how long are backups kept?", budget=b) for b in (40, 60, 80)))
            assert all("90 days" in c["text"] and c["tokens"] <= c["budget"] for c in contexts)
            assert [d["id"] async for d in same.documents()] == ["policy/backup", "policy/naïve"]
            assert [e["event"] async for e in same.ask("how long are backups kept?")][-1] == "done"

    asyncio.run(ask())
