"""The encoder's network: a pretrained transformer with one layer of span and field judgements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from transformers import AutoModel

from extractor.encoder.text import MOST_UNITS

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = 512
_FIRST_BIAS = -3.0


class SpanNetwork(nn.Module):
    """Scores every pair of a span and a field, as GLiNER does (Zaratiana et al., 2024).

    A span is its first and last token and its width; a field is the token of its mark. Shapes:
    B papers, T tokens, S spans, F fields.
    """

    def __init__(self, base: Path) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(base, dtype=torch.float32, add_pooling_layer=False)
        size = self.encoder.config.hidden_size
        self.dropout = nn.Dropout(0.2)
        self.start, self.end = nn.Linear(size, HIDDEN), nn.Linear(size, HIDDEN)
        self.width = nn.Embedding(MOST_UNITS, HIDDEN)
        self.span = nn.Linear(HIDDEN, size)
        self.field = nn.Sequential(nn.Linear(size, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, size))
        self.bias = nn.Parameter(torch.tensor(_FIRST_BIAS))

    def forward(
        self,
        tokens: Tensor,
        mask: Tensor,
        marks: Tensor,
        starts: Tensor,
        ends: Tensor,
        widths: Tensor,
    ) -> Tensor:
        """Log odds, B x S x F, of tokens and mask (B x T), marks (B x F) and spans (B x S)."""
        states = self.encoder(input_ids=tokens, attention_mask=mask).last_hidden_state
        states = self.dropout(states)
        parts = _rows(self.start(states), starts) + _rows(self.end(states), ends)
        spans = self.span(nn.functional.gelu(parts + self.width(widths)))
        fields = self.field(_rows(states, marks))
        return spans @ fields.transpose(1, 2) / math.sqrt(spans.shape[-1]) + self.bias


def _rows(states: Tensor, at: Tensor) -> Tensor:
    return torch.gather(states, 1, at.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
