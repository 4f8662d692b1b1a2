"""An interpreter of GBNF: strings that a grammar allows, and whether it allows one.

It knows rules, literals, sequences, alternatives and parentheses, and refuses anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RULE = re.compile(r"([a-z][a-z0-9]*) ::= (.*)")
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\\n]|\\["\\n])*)"|([a-z][a-z0-9]*)|([|()]))')
_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Literal:
    text: str


@dataclass(frozen=True)
class Ref:
    rule: str


@dataclass(frozen=True)
class Either:
    """Alternatives, each a sequence."""

    ways: tuple[tuple[Part, ...], ...]


Part = Literal | Ref | Either
_Stack = tuple[Part, "_Stack"] | None


class Grammar:
    """A grammar; its first symbol is ``root``. Raises ValueError where it is none."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, Either] = {}
        for line in text.split("\n"):
            rule = _RULE.fullmatch(line)
            if rule is None or rule[1] in self.rules:
                raise ValueError(f"no rule, or a second one of its name: {line!r}")
            self.rules[rule[1]] = _parsed(rule[2])
        missing = {ref for rule in self.rules for ref in self.refs(rule)} - set(self.rules)
        if missing or "root" not in self.rules:
            raise ValueError(f"no rules {missing or 'root'}")

    def refs(self, rule: str) -> set[str]:
        """The rules that a rule names."""
        found, parts = set[str](), list[Part](_flat(self.rules[rule]))
        for part in parts:
            if isinstance(part, Ref):
                found.add(part.rule)
        return found

    def size(self) -> int:
        """How many literals and names of rules it has."""
        return sum(len(_flat(rule)) for rule in self.rules.values())

    def longest_way(self) -> int:
        """How many rules a string goes through at most. Raises ValueError if it may never end."""
        depths: dict[str, int] = {}
        opened: set[str] = set()
        todo = ["root"]
        while todo:
            rule = todo[-1]
            refs = self.refs(rule)
            below = [ref for ref in refs if ref not in depths]
            if rule in depths or not below:
                depths[rule] = 1 + max((depths[ref] for ref in refs), default=0)
                todo.pop()
            elif rule in opened:
                raise ValueError(f"{rule} contains itself")
            else:
                opened.add(rule)
                todo += below
        return depths["root"]

    def write(self, choose: Callable[[int], int]) -> str:
        """A string; ``choose(n)`` gives the number of one of ``n`` alternatives."""
        said: list[str] = []
        stack: list[Part] = [Ref("root")]
        while stack:
            part = stack.pop()
            if isinstance(part, Literal):
                said.append(part.text)
                continue
            ways = (self.rules[part.rule] if isinstance(part, Ref) else part).ways
            way = ways[choose(len(ways))] if len(ways) > 1 else ways[0]
            stack += reversed(way)
        return "".join(said)

    def allows(self, text: str) -> bool:
        """Whether ``text`` is one of its strings."""
        todo: list[tuple[int, _Stack]] = [(0, (Ref("root"), None))]
        seen = set(todo)
        while todo:
            at, stack = todo.pop()
            if stack is None:
                if at == len(text):
                    return True
                continue
            part, rest = stack
            following: list[tuple[int, _Stack]] = []
            if isinstance(part, Literal):
                if text.startswith(part.text, at):
                    following.append((at + len(part.text), rest))
            else:
                for way in (self.rules[part.rule] if isinstance(part, Ref) else part).ways:
                    below = rest
                    for each in reversed(way):
                        below = (each, below)
                    following.append((at, below))
            todo += (state for state in following if state not in seen)
            seen.update(following)
        return False


def _flat(either: Either) -> list[Literal | Ref]:
    flat: list[Literal | Ref] = []
    for way in either.ways:
        for part in way:
            flat += _flat(part) if isinstance(part, Either) else [part]
    return flat


def _parsed(text: str) -> Either:
    """The right side of a rule."""
    opened: list[list[list[Part]]] = [[[]]]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"no GBNF: {text[at:]!r}")
        at = token.end()
        if token[1] is not None:
            opened[-1][-1].append(Literal(_ESCAPE.sub(_unescaped, token[1])))
        elif token[2]:
            opened[-1][-1].append(Ref(token[2]))
        elif token[3] == "|":
            opened[-1].append([])
        elif token[3] == "(":
            opened.append([[]])
        else:
            closed = _either(opened.pop())
            opened[-1][-1].append(closed)
    (whole,) = opened
    return _either(whole)


def _either(ways: list[list[Part]]) -> Either:
    if not all(ways):
        raise ValueError("an empty alternative")
    return Either(tuple(map(tuple, ways)))


def _unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]
