"""Batches under way at a provider: what is known of each, until its answers are in the store.

Their rows live in the store, written before each step that a provider is asked for. So a batch
whose process was killed, at whatever step, is taken up by the next run that needs its answers, and
nothing is submitted twice.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from extractor.llm.budget import Spent
from extractor.llm.store.answers import BATCH_PREFIX

if TYPE_CHECKING:
    from extractor.llm.store import AnswerStore


@dataclass
class Batch:
    """A batch: ``keys`` are those of its requests, ``most`` is the most that they can cost.

    ``model`` is the identity of the endpoint, ``run`` the key of the run that submitted it. There
    is no ``batch_id`` before the provider has named it, and no ``file_id`` before the requests are
    there. ``cancelled`` says that the user does not want the rest of its answers.
    """

    model: str
    run: str
    keys: list[str]
    most: Spent
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created_at: float = field(default_factory=time.time)
    file_id: str | None = None
    batch_id: str | None = None
    cancelled: bool = False

    @property
    def row_key(self) -> str:
        """The key of its row in the store."""
        return f"{BATCH_PREFIX}:{self.id}"

    @classmethod
    def from_json(cls, text: str) -> Batch:
        row = from_json(text)
        return cls(**{**row, "most": Spent(**row["most"])})

    def row(self) -> tuple[str, str]:
        """Its row in the store."""
        return self.row_key, to_json({**asdict(self), "most": self.most._asdict()}).decode()


def submitting(model: str) -> str:
    """What a process claims while it submits batches of a model."""
    return f"{BATCH_PREFIX}:submitting:{model}"


def under_way(store: AnswerStore) -> list[Batch]:
    """The batches under way, the oldest first."""
    found = []
    for key, text in store.texts(BATCH_PREFIX).items():
        try:
            found.append(Batch.from_json(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            store.damaged.add(key)
    return sorted(found, key=lambda batch: batch.created_at)


async def keep(store: AnswerStore, batch: Batch) -> None:
    """Have what is known of a batch on disk when it returns."""
    await store.commits.store(batch.row())


def end(store: AnswerStore, batch: Batch) -> None:
    """Forget a batch: its answers are in the store, or will never come."""
    store.remove(batch.row_key)
    store.claims.release(batch.row_key)
