"""Sentences of like length in one batch, so that little of it is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

# Batches are cut from so many sentences at a time, sorted by length.
_POOL = 20_000


@dataclass(frozen=True)
class Batch:
    """Numbers of pieces, int64.

    Attributes:
        source, source_mask: (sentences, pieces); the mask is 1 where there is a piece.
        target: (sentences, pieces) with the end, padded.
    """

    source: torch.Tensor
    source_mask: torch.Tensor
    target: torch.Tensor


def batches(
    sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], pieces: int, seed: tuple[int, ...] | None
) -> Iterator[list[int]]:
    """Yield the numbers of the sentences of each batch.

    Args:
        sources: numbers of pieces, a sentence each.
        targets: the same of their translations.
        pieces: so many of both sides together, padding counted, are in a batch at most.
        seed: of the order; None for that of the sentences, longest last.
    """
    lengths = np.array([(len(one), len(other)) for one, other in zip(sources, targets, strict=True)])
    generator = np.random.default_rng(seed) if seed is not None else None
    order = generator.permutation(len(lengths)) if generator is not None else np.arange(len(lengths))
    for start in range(0, len(order), _POOL):
        pool = order[start : start + _POOL]
        made = list(_cut(pool[np.lexsort((lengths[pool, 0], lengths[pool, 1]))], lengths, pieces))
        if generator is not None:
            generator.shuffle(made)
        yield from made


def _cut(order: np.ndarray, lengths: np.ndarray, pieces: int) -> Iterator[list[int]]:
    batch: list[int] = []
    longest = np.zeros(2, dtype=int)
    for number in order:
        grown = np.maximum(longest, lengths[number])
        if batch and grown.sum() * (len(batch) + 1) > pieces:
            yield batch
            batch, grown = [], lengths[number]
        batch.append(int(number))
        longest = grown
    if batch:
        yield batch


def collate(sources: Sequence[np.ndarray], targets: Sequence[np.ndarray], pad: int) -> Batch:
    """Put sentences side by side."""
    source, target = _padded(sources, pad), _padded(targets, pad)
    return Batch(source, (source != pad).long(), target)


def _padded(rows: Sequence[np.ndarray], pad: int) -> torch.Tensor:
    table = torch.full((len(rows), max(map(len, rows))), pad, dtype=torch.long)
    for place, row in enumerate(rows):
        table[place, : len(row)] = torch.from_numpy(np.asarray(row, dtype=np.int64))
    return table
