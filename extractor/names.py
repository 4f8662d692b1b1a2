"""When two names are the same: one rule for the candidates and for ``paper`` gold."""

from __future__ import annotations

import re


def name_key(name: str) -> str:
    """The letters a to z and digits of a name, in lower case: "ImageNet-1K" is "imagenet1k".

    Names without any of these all have the same key, which is empty.
    """
    return re.sub(r"[^a-z0-9]+", "", name.lower())
