"""Writes the network as ONNX with the weights in bytes, as the package holds it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.training.encoder.network import SpanNetwork

_SMALL = 4096
_OPSET = 17


class _OnePaper(nn.Module):
    """The network for one paper without padding; probabilities instead of log odds."""

    def __init__(self, network: SpanNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, tokens: Tensor, marks: Tensor, starts: Tensor, ends: Tensor, widths: Tensor
    ) -> Tensor:
        net = self.network
        mask = torch.ones_like(tokens).unsqueeze(0)
        states = net.encoder(input_ids=tokens.unsqueeze(0), attention_mask=mask).last_hidden_state[
            0
        ]
        parts = net.start(states)[starts] + net.end(states)[ends] + net.width(widths)
        spans = net.span(nn.functional.gelu(parts))
        fields = net.field(states[marks])
        return torch.sigmoid(spans @ fields.T / math.sqrt(spans.shape[-1]) + net.bias)


def export(network: SpanNetwork, path: Path) -> None:
    """Write ``path``; the larger weights are kept as one byte each, with a scale a channel."""
    example = (
        torch.randint(1000, 2000, (37,)),
        torch.tensor([1, 3]),
        torch.tensor([5, 6, 7]),
        torch.tensor([6, 7, 7]),
        torch.tensor([1, 1, 0]),
    )
    axes = {
        "tokens": "tokens",
        "marks": "fields",
        "starts": "spans",
        "ends": "spans",
        "widths": "spans",
    }
    torch.onnx.export(
        _OnePaper(network.float().cpu().eval()),
        example,
        str(path),
        input_names=list(axes),
        output_names=["probabilities"],
        dynamic_axes={
            **{name: {0: axis} for name, axis in axes.items()},
            "probabilities": {0: "spans", 1: "fields"},
        },
        opset_version=_OPSET,
        dynamo=False,
    )
    onnx.save(_in_bytes(onnx.load(path)), path)


def _in_bytes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, each large weight as bytes behind a ``DequantizeLinear``.

    The arithmetic stays in floats: it gives the same probabilities on every processor but for
    rounding, and the file is a quarter as large.
    """
    graph = model.graph
    kept = [each for each in graph.initializer if numpy_helper.to_array(each).size < _SMALL]
    large = [each for each in graph.initializer if numpy_helper.to_array(each).size >= _SMALL]
    nodes = []
    for each in large:
        weights = numpy_helper.to_array(each)
        axis = weights.ndim - 1 if _is_multiplied(graph, each.name) else 0
        others = tuple(at for at in range(weights.ndim) if at != axis)
        scale = (np.abs(weights).max(axis=others) / 127).astype(np.float32)
        scale[scale == 0] = 1
        shape = [1] * weights.ndim
        shape[axis] = -1
        packed = np.round(weights / scale.reshape(shape)).astype(np.int8)
        names = [f"{each.name}.{part}" for part in ("bytes", "scale", "zero")]
        kept += [
            numpy_helper.from_array(packed, names[0]),
            numpy_helper.from_array(scale, names[1]),
            helper.make_tensor(
                names[2], TensorProto.INT8, scale.shape, bytes(scale.size), raw=True
            ),
        ]
        nodes.append(helper.make_node("DequantizeLinear", names, [each.name], axis=axis))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    own = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *own])
    onnx.checker.check_model(model)
    return model


def _is_multiplied(graph: onnx.GraphProto, name: str) -> bool:
    return any(node.op_type == "MatMul" and name in node.input for node in graph.node)
