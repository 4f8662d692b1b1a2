"""The files that Extractor keeps for itself: stored answers and weights."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

import platformdirs

DATABASE = "cache.db"
"""The name that diskcache gives its file."""

COMPANIONS = ("-wal", "-shm")
"""What the names of a database's further files end in."""

DAMAGED = f"{DATABASE}.damaged-"
"""What the names of damaged databases begin with."""

CLAIMS, TURNS = "claims.lock", "recovery.lock"
"""The store's files of locks."""


def default_cache_dir() -> Path:
    """Where answers are stored: EXTRACTOR_CACHE_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_CACHE_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "answers"


def models_dir() -> Path:
    """Where weights are kept: EXTRACTOR_MODELS_DIR, else the user's cache directory."""
    chosen = os.environ.get("EXTRACTOR_MODELS_DIR")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("extractor")) / "models"


def prefixes_dir() -> Path:
    """Where the engine's states after a prefix are kept."""
    return models_dir() / "prefixes"


def forms_dir() -> Path:
    """Where the forms of requests are kept, which anything may delete."""
    return models_dir() / "forms"


def own_files(cache_dir: Path | None = None) -> list[Path]:
    """The files that no output may replace, in this cache directory and in the default ones."""
    names = (DATABASE, *(DATABASE + ending for ending in COMPANIONS), CLAIMS, TURNS)
    stores = {default_cache_dir(), cache_dir or default_cache_dir()}
    kept = [store / name for store in stores for name in names]
    damaged = [file for store in stores for file in store.glob(f"{DAMAGED}*")]
    found = (folder.glob("*") for folder in (prefixes_dir(), forms_dir()))
    return [*kept, *damaged, *models_dir().glob("*.gguf"), *chain.from_iterable(found)]
