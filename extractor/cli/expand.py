"""Groups of options: a command takes them as parameters, and typer sees the options in them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Options as fields, and further groups; help lists the options under the ``heading``."""

    heading: ClassVar[str | None] = None


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Show typer the fields of a command's option groups as parameters of the command."""
    parameters = list(_flat(command))

    @wraps(command)
    def call(**given: Any) -> None:
        command(**_grouped(command, given))

    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _parameters(owner: Callable[..., Any]) -> Iterator[tuple[Parameter, bool]]:
    """What a command or a group takes, in order, and whether each is a group itself."""
    hints = get_type_hints(owner, include_extras=True)
    for each in signature(owner).parameters.values():
        hint = hints[each.name]
        is_group = isinstance(hint, type) and issubclass(hint, OptionGroup)
        yield each.replace(annotation=hint), is_group


def _flat(owner: Callable[..., Any], heading: str | None = None) -> Iterator[Parameter]:
    """What a command or a group takes, with the options of each group in its place."""
    for each, is_group in _parameters(owner):
        if is_group:
            yield from _flat(each.annotation, each.annotation.heading)
        elif heading:
            kind, option = get_args(each.annotation)
            option = copy(option)
            option.rich_help_panel = option.rich_help_panel or heading
            yield each.replace(annotation=Annotated[kind, option])
        else:
            yield each


def _grouped(owner: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a command or a group takes, of the values ``given`` for the options."""
    return {
        each.name: each.annotation(**_grouped(each.annotation, given))
        if is_group
        else given[each.name]
        for each, is_group in _parameters(owner)
    }
