import os
import uuid
from collections.abc import Iterator

import pytest

from tamis_client import Client, Collection


@pytest.fixture(scope="session")
def url() -> str:
    at = os.environ.get("TAMIS_URL")
    if not at:
        pytest.skip("TAMIS_URL names no server")
    return at


@pytest.fixture
def collection(url: str) -> Iterator[Collection]:
    """A collection with three documents, one for staff alone."""
    with Client(url) as client:
        made = client.collection("test-" + uuid.uuid4().hex[:8])
        made.create()
        report = made.add(
            [
                {"id": "policy/backup", "title": "Backups", "text": "Backups of the database are kept for 90 days. They are made each night.", "metadata": {"year": 2024}},
                {"id": "policy/naïve", "title": "Café", "text": "The café of the naïve engineers opens at eight. Coffee costs 2 €.", "metadata": {"year": 2023}},
                {"id": "policy/salaries", "text": "Salaries of the database engineers are kept secret.", "metadata": {"groups": ["staff"], "year": 2024}},
            ]
        )
        assert report["added"] == 3, report
        yield made
        made.delete()
