"""Trains the network on examples, and scores papers with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from benchmarks.training.encoder.network import SpanNetwork
from benchmarks.training.encoder.sampling import Row, Sampler, batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from extractor.encoder.text import Input

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast is learned. ``epochs`` count passes over the rows of own fields."""

    epochs: float = 10
    batch: int = 16
    encoder_rate: float = 1e-4
    head_rate: float = 5e-4
    decay: float = 0.01
    paper_share: float = 1.0
    warm_up: float = 0.1
    workers: int = 1
    seed: int = 1


class _Batches(IterableDataset[tuple[Tensor, ...]]):
    """Endless batches; each worker makes its share of the same plan."""

    def __init__(self, own: Sequence[Row], paper: Sequence[Row], settings: Settings) -> None:
        self._own, self._paper, self._settings = own, paper, settings

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        worker = get_worker_info()
        workers, number = (worker.num_workers, worker.id) if worker else (1, 0)
        plan = Random(self._settings.seed)  # noqa: S311
        draw = Random(self._settings.seed * 1000 + number)  # noqa: S311
        own, paper = Sampler(self._own, draw), Sampler(self._paper, draw)
        share = min(len(self._paper), round(self._settings.paper_share * len(self._own)))
        at = 0
        while True:
            rows = chain(
                ((own, row) for row in self._own),
                ((paper, row) for row in plan.sample(self._paper, share)),
            )
            for batch in batches(rows, self._settings.batch, plan):
                if at % workers == number:
                    yield collate([sampler.draw(row) for sampler, row in batch])
                at += 1


def train(base: Path, own: Sequence[Row], paper: Sequence[Row], settings: Settings) -> SpanNetwork:
    """A network fitted to all rows."""
    torch.manual_seed(settings.seed)
    network = SpanNetwork(base).to(DEVICE)
    rows = len(own) * (1 + settings.paper_share)
    steps = max(1, round(settings.epochs * rows / settings.batch))
    optimizer = torch.optim.AdamW(_groups(network, settings), weight_decay=settings.decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            min(1, (step + 1) / (settings.warm_up * steps + 1)) * max(0.02, 1 - step / steps)
        ),
    )
    torch.multiprocessing.set_sharing_strategy("file_system")
    loader = iter(
        DataLoader(
            _Batches(own, paper, settings),
            batch_size=None,
            num_workers=settings.workers,
            pin_memory=DEVICE == "cuda",
        )
    )
    total, began = torch.zeros((), device=DEVICE), time.monotonic()
    for step in range(1, steps + 1):
        *inputs, usable, right = (each.to(DEVICE, non_blocking=True) for each in next(loader))
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
            odds = network(*inputs).float()
        losses = binary_cross_entropy_with_logits(odds, right, reduction="none")
        loss = (losses * usable).sum() / len(right) / 10
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.detach()
        if step % max(1, steps // 5) == 0:
            mean = float(total) / max(1, steps // 5)
            print(
                f"step {step} of {steps}: loss {mean:.3f}, {time.monotonic() - began:.0f} s",
                flush=True,
            )
            total.zero_()
    return network.eval()


def _groups(network: SpanNetwork, settings: Settings) -> list[dict[str, object]]:
    encoder = list(network.encoder.parameters())
    known = set(map(id, encoder))
    head = [each for each in network.parameters() if id(each) not in known]
    return [
        {"params": encoder, "lr": settings.encoder_rate},
        {"params": head, "lr": settings.head_rate},
    ]


def collate(
    drawn: Sequence[tuple[Input, Sequence[tuple[int, int]], Sequence[tuple[int, int]]]],
) -> tuple[Tensor, ...]:
    """Tokens, mask, marks, starts, ends, widths, usable pairs and right pairs, padded."""
    papers = len(drawn)
    longest = max(len(given.tokens) for given, _, _ in drawn)
    spans = max(len(given.spans) for given, _, _ in drawn)
    fields = max(len(given.marks) for given, _, _ in drawn)
    tokens = torch.zeros(papers, -(-longest // 32) * 32, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    marks = torch.zeros(papers, fields, dtype=torch.long)
    starts = torch.zeros(papers, max(1, -(-spans // 256)) * 256, dtype=torch.long)
    ends, widths = torch.zeros_like(starts), torch.zeros_like(starts)
    usable = torch.zeros(papers, starts.shape[1], fields, dtype=torch.bool)
    right = torch.zeros(papers, starts.shape[1], fields)
    for paper, (given, gold, optional) in enumerate(drawn):
        tokens[paper, : len(given.tokens)] = torch.tensor(given.tokens)
        mask[paper, : len(given.tokens)] = 1
        marks[paper, : len(given.marks)] = torch.tensor(given.marks)
        count = len(given.spans)
        starts[paper, :count] = torch.tensor(given.starts)
        ends[paper, :count] = torch.tensor(given.ends)
        widths[paper, :count] = torch.tensor(given.widths)
        usable[paper, :count, : len(given.marks)] = True
        for pair in gold:
            right[(paper, *pair)] = 1
        for pair in optional:
            usable[(paper, *pair)] = False
    return tokens, mask, marks, starts, ends, widths, usable, right


@torch.no_grad()
def score(
    network: SpanNetwork, rows: Sequence[Row], fields: Sequence[Sequence[str]], batch: int = 32
) -> list[dict[tuple[int, int], list[float]]]:
    """For each row the spans that are likely for some of its fields, with their probabilities."""
    parts = [
        (at, given)
        for at, (row, names) in enumerate(zip(rows, fields, strict=True))
        for given in row.text.inputs(names)
    ]
    parts.sort(key=lambda part: len(part[1].tokens))
    found: list[dict[tuple[int, int], list[float]]] = [{} for _ in rows]
    for first in range(0, len(parts), batch):
        chunk = parts[first : first + batch]
        inputs = collate([(given, (), ()) for _, given in chunk])[:6]
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=DEVICE == "cuda"):
            odds = network(*(each.to(DEVICE) for each in inputs)).float()
        chances = torch.sigmoid(odds).cpu()
        for (at, given), each in zip(chunk, chances, strict=True):
            own = each[: len(given.spans), : len(given.marks)]
            for row in torch.nonzero(own.max(dim=1).values > 0.02).flatten().tolist():
                known = found[at].get(given.spans[row])
                new = own[row].tolist()
                found[at][given.spans[row]] = (
                    new if known is None else [max(pair) for pair in zip(known, new, strict=True)]
                )
    return found
