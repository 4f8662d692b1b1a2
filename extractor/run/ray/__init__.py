"""A run on a Ray cluster: papers in parts, each with its own store, records and failures.

It needs the extra ``ray``, so nothing imports it before a run on a cluster is asked for. Raises
UsageError where Ray is not installed.
"""

from __future__ import annotations

from extractor.errors import UsageError

try:
    import ray.data  # noqa: F401
except ImportError as error:
    raise UsageError(
        "Ray, on which a run on a cluster rests, is not installed.",
        hint="Install it: pip install 'abstract-extractor[ray]'.",
    ) from error

from extractor.run.ray.dataset import DatasetPapers, run_dataset
from extractor.run.ray.driver import Cluster, ClusterRun, output_folder, refuse, run_in_parts

__all__ = [
    "Cluster",
    "ClusterRun",
    "DatasetPapers",
    "output_folder",
    "refuse",
    "run_dataset",
    "run_in_parts",
]
