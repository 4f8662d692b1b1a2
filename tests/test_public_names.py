"""What a package exports is what is visible in it, and the other way round."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

PUBLIC = (
    "extractor",
    "extractor.api",
    "extractor.approaches",
    "extractor.evaluation",
    "extractor.grounding",
    "extractor.llm.providers",
    "extractor.readers",
    "extractor.report",
    "extractor.testing",
    "extractor.writers",
)
# What every module holds for its own work.
_IMPORTED = {"annotations", "TYPE_CHECKING"}


@pytest.mark.parametrize("name", PUBLIC)
def test_exported_names_are_the_visible_ones(name: str) -> None:
    module = import_module(name)
    exported = module.__all__
    assert sorted(exported) == sorted(set(exported))
    assert all(getattr(module, each) is not None for each in exported)
    assert _own_names(module) <= set(exported)


def _own_names(module: ModuleType) -> set[str]:
    """Public names of the module that are defined in the package, without its submodules."""
    own = set()
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, ModuleType) or name in _IMPORTED:
            continue
        if getattr(value, "__module__", module.__name__).startswith(module.__name__):
            own.add(name)
    return own


def test_importing_the_package_imports_next_to_nothing() -> None:
    import subprocess
    import sys

    code = "import sys; import extractor; print(len([m for m in sys.modules if 'pydantic' in m]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_an_unknown_name_is_an_attribute_error() -> None:
    import extractor

    with pytest.raises(AttributeError, match="nonsense"):
        extractor.nonsense  # noqa: B018
    assert set(dir(extractor)) == set(extractor.__all__)
