"""Groups of options: a command takes them as parameters, and typer sees the options in them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, fields
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
    hints = get_type_hints(command, include_extras=True)
    groups = _groups(hints)

    @wraps(command)
    def call(**given: Any) -> None:
        built = {name: _build(group, given) for name, group in groups.items()}
        command(**built, **given)

    parameters: list[Parameter] = []
    for each in signature(command).parameters.values():
        if each.name in groups:
            parameters += _flatten(groups[each.name])
        else:
            parameters.append(each.replace(annotation=hints[each.name]))
    call.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in parameters}
    return call


def _groups(hints: Mapping[str, Any]) -> dict[str, type[OptionGroup]]:
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, OptionGroup)
    }


def _flatten(group: type[OptionGroup]) -> Iterator[Parameter]:
    """The options of a group and of the groups in it, in order."""
    hints = get_type_hints(group, include_extras=True)
    inner = _groups(hints)
    for each in fields(group):
        if each.name in inner:
            yield from _flatten(inner[each.name])
            continue
        kind, option = get_args(hints[each.name])
        option = copy(option)
        option.rich_help_panel = option.rich_help_panel or group.heading
        yield Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=each.default,
            annotation=Annotated[kind, option],
        )


def _build(group: type[OptionGroup], given: dict[str, Any]) -> OptionGroup:
    """Take the values of a group's options out of ``given``."""
    inner = _groups(get_type_hints(group))
    return group(
        **{
            each.name: _build(inner[each.name], given)
            if each.name in inner
            else given.pop(each.name)
            for each in fields(group)
        }
    )
