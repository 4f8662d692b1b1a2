"""Replies that are not quite what OpenAI's API promises, and are paid for all the same."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from extractor import NumberIn, Verbatim
from extractor.approaches.full_schema import FullSchema
from extractor.approaches.reading import AnswerReader
from extractor.errors import PaperError, Refused, TooLong
from extractor.llm import lenient_json
from extractor.llm.answer import Answer
from extractor.llm.endpoint import Endpoint, Mode
from extractor.llm.lenient_json import read_objects
from extractor.paper import Paper
from extractor.task import Prompt, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from extractor.approaches.base import Draft


class Part(BaseModel):
    label: Annotated[str, Verbatim()]


class Finding(BaseModel):
    name: Annotated[str | None, Verbatim()] = None
    items: list[Annotated[str, Verbatim()]] = []
    count: Annotated[int | None, NumberIn()] = None
    share: Annotated[float | None, NumberIn()] = None
    parts: list[Part] = []


NAMES = [
    "QuillNet",
    "O'Reilly QA",
    "a {b} [c], d: e",
    "Größe",
    "$\\alpha$-Set",
    "line\\n",
    "x // y",
]
PAPER = Paper("1", "A study", f"Of {'; '.join(NAMES)}; and of 12 and 0.5 more.")
GOOD: dict[str, Any] = {
    "name": "QuillNet",
    "items": ["O'Reilly QA", "Größe"],
    "count": 12,
    "share": 0.5,
    "parts": [{"label": "x // y"}],
}
TEXT = json.dumps(GOOD)


@cache
def approach(mode: Mode) -> FullSchema[Finding]:
    return FullSchema(
        Task("finding", Finding, Prompt.parse("Read.\n---\n{{ abstract }}")),
        Endpoint(model="m", identity="m", address="m", mode=mode),
    )


def first(message: object, mode: Mode = Mode.JSON, **choice: Any) -> Draft[Finding] | None:
    """The draft that the first answer makes, or None if it is asked for again."""
    steps = approach(mode).steps(PAPER)
    next(steps)
    reply = {"choices": [{"message": message, "finish_reason": "stop"} | choice]}
    try:
        steps.send(Answer.from_completion(reply, tries=1, now=0.0))
    except StopIteration as done:
        draft: Draft[Finding] = done.value
        return draft
    return None


def read(text: str) -> dict[str, Any] | None:
    draft = first({"content": text})
    return draft.fields.model_dump() if draft else None


CALL = {"name": "Finding", "arguments": TEXT}
AS_OBJECT = {"name": "Finding", "arguments": GOOD}
MESSAGES: dict[str, object] = {
    "text": {"content": TEXT},
    "parts": {
        "content": [{"type": "text", "text": TEXT[:20]}, {"type": "text", "text": TEXT[20:]}]
    },
    "a call of nothing": {
        "content": TEXT,
        "tool_calls": [{"function": {"name": "Finding", "arguments": None}}],
    },
    "one call": {"tool_calls": {"function": CALL}},
    "parts with thoughts": {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": '{"name": "Größe"}'}]},
            {"type": "text", "text": TEXT},
        ]
    },
    "an object": {"content": GOOD},
    "a string": TEXT,
    "only thoughts": {"content": None, "reasoning_content": TEXT},
    "a call": {"tool_calls": [{"id": "c", "type": "function", "function": CALL}]},
    "arguments as an object": {"tool_calls": [{"id": "c", "function": AS_OBJECT}]},
    "a call without a function": {"tool_calls": [{"id": "c", **AS_OBJECT}]},
    "no name": {"tool_calls": [{"function": {"arguments": TEXT}}]},
    "a prefix": {"tool_calls": [{"function": CALL | {"name": "functions.Finding"}}]},
    "a number": {"tool_calls": [{"function": CALL | {"name": "Finding:0"}}]},
    "the task's name": {"tool_calls": [{"function": CALL | {"name": "finding"}}]},
    "no calls": {"content": TEXT, "tool_calls": []},
    "no call among them": {"content": TEXT, "tool_calls": [None, "x"]},
    "no arguments": {"content": TEXT, "tool_calls": [{"function": CALL | {"arguments": ""}}]},
    "words beside a call": {"content": "I call it.", "tool_calls": [{"function": CALL}]},
    "a legacy call": {"function_call": CALL},
    "a call in the content": {"content": f"<tool_call>{json.dumps(CALL)}</tool_call>"},
    "its arguments as an object": {"content": f"[TOOL_CALLS] [{json.dumps(AS_OBJECT)}]"},
    "its parameters": {"content": json.dumps({"name": "functions.finding", "parameters": GOOD})},
    "a nested call": {"content": json.dumps({"tool_calls": [{"function": AS_OBJECT}]})},
}


@pytest.mark.parametrize("mode", [Mode.TOOLS, Mode.JSON])
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_in_another_shape_is_read(message: object, mode: Mode) -> None:
    draft = first(message, mode)
    assert draft is not None
    assert draft.fields.model_dump() == GOOD


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"function": CALL | {"name": "search_the_web"}}]},
        {"content": json.dumps(CALL | {"name": "search_the_web"})},
        {"content": ""},
        {"content": "I found nothing."},
    ],
)
def test_another_tool_and_no_answer_are_asked_again(message: object) -> None:
    assert first(message, Mode.TOOLS) is None


USAGES: list[object] = [
    None,
    [],
    "abc",
    [1, 2],
    {"prompt_tokens": "500", "completion_tokens": 80.0, "prompt_tokens_details": []},
    {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
    {"prompt_tokens": -1, "completion_tokens": 10**30, "prompt_tokens_details": 0},
    {"prompt_tokens": {"a": 1}, "prompt_tokens_details": {"cached_tokens": "many"}},
]


@pytest.mark.parametrize("usage", USAGES)
def test_odd_usage_never_fails_an_answer(usage: object) -> None:
    reply = {"choices": [{"message": {"content": TEXT}}], "usage": usage}
    answer = Answer.from_completion(reply, tries=1, now=0.0)
    assert answer.text == TEXT
    assert answer.usage.tokens in (0, 580)
    assert answer.usage.cached_tokens == 0


def test_an_answer_that_is_whole_at_its_limit_is_read_and_no_other() -> None:
    for finish in ("length", "MAX_TOKENS"):
        assert first({"content": TEXT}, finish_reason=finish) is not None
        for cut in (TEXT[:-1], "Maybe " + TEXT, ""):
            with pytest.raises(TooLong):
                first({"content": cut}, finish_reason=finish)
    with pytest.raises(Refused):
        first({"content": None}, finish_reason="SAFETY")
    assert first({"content": TEXT}, finish_reason={"odd": [1]}) is not None


READABLE = {
    "text behind": TEXT + "\n\nNote: I left {it} empty, see [1].",
    "another object behind": TEXT + '\nThe form was {"name": null}.',
    "twice": TEXT + "\n" + TEXT,
    "an object for each field": "\n".join(json.dumps({key: value}) for key, value in GOOD.items()),
    "a list of objects, one for each field": json.dumps([{key: GOOD[key]} for key in GOOD]),
    "fields in groups": json.dumps({"a": {"name": "QuillNet"}, "b": dict([*GOOD.items()][1:])}),
    "names spelled otherwise": TEXT.replace('"name"', '"Name"', 1).replace("items", "ITEMS"),
    "a draft before": "<think>" + json.dumps(GOOD | {"name": "Größe"}) + "</think>" + TEXT,
    "channels": "<|channel|>analysis<|message|>We need {json}.<|channel|>final<|message|>" + TEXT,
    "a fence": f"Here:\n```json\n{TEXT}\n```\nBye!",
    "a fence that stays open": f"```\n{TEXT}",
    "a fence, and no last brace": f"```json\n{TEXT[:-1]}\n```",
    "a list": f"[{TEXT}]",
    "the schema's name": f'{{"Finding": {TEXT}}}',
    "properties": f'{{"properties": {TEXT}, "type": "object"}}',
    "encoded": json.dumps(TEXT),
    "encoded twice": json.dumps(json.dumps(TEXT)),
    "encoded without quotes": json.dumps(TEXT)[1:-1],
    "encoded fields": json.dumps(
        GOOD | {"items": json.dumps(GOOD["items"]), "parts": '[{"label": "x // y"}]'}
    ),
    "a trailing comma": TEXT[:-1] + ",}",
    "commas": TEXT.replace(", ", ",,"),
    "no commas": TEXT.replace(", ", "\n"),
    "no comma": TEXT.replace('"QuillNet", ', '"QuillNet" '),
    "comments": TEXT.replace('"items"', '// names\n/* of sets */ "items"'),
    "Python": repr(GOOD | {"name": "QuillNet"}),
    "apostrophes": str({**GOOD, "items": ["Größe"]}).replace("'Größe'", "'O'Reilly QA', 'Größe'"),
    "curly quotes": TEXT.replace(' "', " “").replace('"', "”"),
    "keys without quotes": TEXT.replace('"count"', "count").replace('"name"', "name"),
    "no last brackets": TEXT.removesuffix("}]}"),
    "no first brace": TEXT[1:],
    "a brace too many": TEXT + "}",
    "a brace too many within": TEXT.replace('"count": 12', '"count": 12}'),
    "a list left open": TEXT.replace("],", ",", 1),
    "a bracket too many": TEXT.replace("12", "12]"),
    "half a surrogate pair": TEXT.replace("QuillNet", "QuillNet\\ud83d"),
    "numbers": TEXT.replace("12", "+12").replace("0.5", ".5"),
    "slips in names": TEXT.replace('"share"', '"shaer"').replace('"items"', '"itmes"'),
    "a name in the singular": TEXT.replace('"items"', '"item"').replace('"parts"', '"Part"'),
    "a colon in a name": TEXT.replace('"count":', '"count:":'),
    "a value in a list": json.dumps(GOOD | {"name": ["QuillNet"], "count": [12]}),
    "encoded items": json.dumps(GOOD | {"parts": ['{"label": "x // y"}']}),
    "null among items": json.dumps(GOOD | {"items": [None, *GOOD["items"], None]}),
    "an item that is no list's": json.dumps(GOOD | {"parts": {"label": ["x // y"]}}),
    "a number in quotes": TEXT.replace("12", '"12"'),
    "hash comments": "{ # a {comment}\n" + TEXT[1:].replace(', "count"', ', # "what", 3\n"count"'),
    "semicolons": TEXT.replace(', "', '; "'),
    "equals signs": TEXT.replace('": ', '" = '),
    "arrows": TEXT.replace('": ', '" => '),
    "equals signs behind bare names": TEXT.replace('"count": ', "count = "),
    "Chinese signs": TEXT.replace('": ', '"：').replace(', "', '，"'),
    "quoted lines": "Here:\n> " + json.dumps(GOOD, indent=1).replace("\n", "\n> "),
    "a name without its first quote": TEXT.replace('"items"', 'items"'),
    "a name without its last quote": TEXT.replace('"items"', '"items'),
    "a text without its first quote": TEXT.replace('"QuillNet"', 'QuillNet"'),
    "a text without its last quote": TEXT.replace('"QuillNet"', '"QuillNet'),
    "no colon": TEXT.replace('"items":', '"items"'),
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_what_a_person_could_read_is_read(text: str) -> None:
    assert read(text) == GOOD


def test_a_line_break_in_a_string_and_an_unknown_escape_are_kept() -> None:
    (found,) = read_objects('{"a": "one\n\ttwo", "b": "$\\alpha$ \\_x", "c": "say "hi" to it"}')
    assert found.value == {"a": "one\n\ttwo", "b": "$\\alpha$ \\_x", "c": 'say "hi" to it'}


@pytest.mark.parametrize("nothing", ["null", "NULL", "undefined", "None", "nil"])
def test_null_in_other_words_is_null(nothing: str) -> None:
    for said in (nothing, f'"{nothing}"'):
        text = TEXT.replace("12", said)
        assert read(text.replace('"undefined"', '"N/A"').replace('"nil"', '""')) == GOOD | {
            "count": None
        }


class Claim(BaseModel):
    label: Annotated[str, Verbatim()]
    kind: Literal["runtime", "memory"] = "runtime"
    sure: bool = False


class Claims(BaseModel):
    claims: list[Claim] = []
    benchmark_1: str | None = None
    supported: str | None = None


def claims(text: str) -> Claims | None:
    return AnswerReader(Claims, ["Claims", "Claim"]).read(text)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "Runtime", "sure": None},
        {"kind": None, "sure": "FALSE"},
        {"kind": ["runtime"], "sure": "null"},
        {"kind": " RUNTIME "},
    ],
)
def test_a_field_of_an_item_is_read_as_it_is_meant(said: dict[str, Any]) -> None:
    found = claims(json.dumps({"claims": [{"label": "a"}, {"label": "b", **said}]}))
    assert found == Claims(claims=[Claim(label="a"), Claim(label="b")])


@pytest.mark.parametrize(
    "said", [{"kind": "speed"}, {"kind": ["runtime", "memory"]}, {"label": None}, {"sure": "3x"}]
)
def test_a_value_that_means_nothing_in_the_schema_is_asked_again(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        claims(json.dumps({"claims": [{"label": "a", **said}]}))


@pytest.mark.parametrize(
    "said",
    [
        {"benchmark_2": "b"},
        {"unsupported": "b"},
        {"upported": "b"},
        {"supportd": "b", "suported": "c"},
        {"supportd": "b", "supported": None},
    ],
)
def test_a_name_that_may_be_another_one_is_no_slip(said: dict[str, Any]) -> None:
    assert claims(json.dumps({"claims": [], **said})) == Claims()


def test_the_name_of_the_schema_is_no_slip_for_a_field() -> None:
    found = claims('{"Claim": {"claims": [{"label": "a"}]}}')
    assert found == Claims(claims=[Claim(label="a")])


@pytest.mark.parametrize("nothing", [None, "N/A", "null", "none", ""])
def test_what_says_nothing_stands_for_the_default_of_a_field(nothing: object) -> None:
    said = json.dumps(GOOD | {"items": nothing, "count": nothing, "parts": None})
    assert read(said) == GOOD | {"items": [], "count": None, "parts": []}


def test_one_value_stands_for_a_list_of_it() -> None:
    said = json.dumps(GOOD | {"items": "QuillNet", "parts": {"label": "x // y"}})
    assert read(said) == GOOD | {"items": ["QuillNet"]}


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:40],
        TEXT[:-8],  # in a string
        TEXT.split('"parts"')[0],  # more was to come
        TEXT.split(" [{")[0] + " [",
        TEXT.replace("12", "NaN }"),
        TEXT.replace("12", "many"),
        TEXT.replace("12", '"many"'),
        TEXT.replace("12", "1 2"),
        TEXT.replace("12", '"12x"'),
        TEXT.replace("12", "12x"),
        TEXT.replace("12", "[1, 2]"),
        json.dumps(GOOD | {"items": 7}),
        json.dumps({"name": "QuillNet", "parameters": GOOD}),
        '{"parts": [{"name": "QuillNet"}, {"na',
        '{"other": 7}',
        '{"name": "QuillNet"',
        '{"name": "QuillNet"}, "items": 7}',
        "[" * 100_000 + "]" * 100_000,
        '{"name":' * 100_000,
    ],
)
def test_what_no_person_could_read_is_asked_again(text: str) -> None:
    assert read(text) is None


def loose(value: Any, luck: random.Random) -> str:
    """JSON as a careless person writes it."""
    if isinstance(value, dict):
        pairs = [
            f"{key_of(key, luck)}{luck.choice([':', ' : ', ': '])}{loose(inner, luck)}"
            for key, inner in value.items()
        ]
        return "{" + joined(pairs, luck) + "}"
    if isinstance(value, list):
        return "[" + joined([loose(inner, luck) for inner in value], luck) + "]"
    if isinstance(value, str):
        return quoted(value, luck)
    if value is None:
        return luck.choice(["null", "None"])
    return str(value)


def joined(parts: list[str], luck: random.Random) -> str:
    text = "".join(
        part + luck.choice([",", ", ", ",\n  ", "\n", " ,, ", ", // and\n"]) for part in parts
    )
    return text if luck.random() < 0.5 else text.rstrip(", \n").removesuffix(", // and")


def quoted(text: str, luck: random.Random) -> str:
    plain = text.replace("\\", "\\\\").replace("\n", "\\n")
    if luck.random() < 0.3:
        return f"'{plain}'"
    return json.dumps(text) if luck.random() < 0.5 else f'"{plain}"'


def key_of(key: str, luck: random.Random) -> str:
    return luck.choice([f'"{key}"', f"'{key}'", key])


WRAPPERS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f"[{text}]",
    lambda text: f'{{"Finding": {text}}}',
    lambda text: f'{{"name": "Finding", "arguments": {text}}}',
    lambda text: f"{{'result': {text}, 'done': True}}",
    json.dumps,
]
SURROUNDINGS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f"Here it is:\n```json\n{text}\n```\nAnything {{else}}?",
    lambda text: f'<think>Is it {{"name": null}} or [2]?</think>\n{text}',
    lambda text: f"{text}\nNote: see [1] and {{x}}.",
    lambda text: f"\ufeff {text}\n{text}",
    lambda text: f"<tool_call>\n{text}\n</tool_call>",
]
HOSTILE = ["{", "[", '{"a":', '{"a":[', '"', "/*", "{'a' ", '["a" "b": ', "\\", "{}", "[1,", "[1}"]
HOSTILE += ['{"a" = ', '{"a";', "> {", '{"a": x" ', '{"a": "x, "b": ', '{a": ']
ANSWERS = st.fixed_dictionaries(
    {
        "name": st.none() | st.sampled_from(NAMES),
        "items": st.lists(st.sampled_from(NAMES), max_size=4, unique=True),
        "count": st.sampled_from([None, 12]),
        "share": st.sampled_from([None, 0.5]),
        "parts": st.lists(
            st.builds(lambda name: {"label": name}, st.sampled_from(NAMES)), max_size=2
        ),
    }
)


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ANSWERS,
    st.randoms(use_true_random=False),
    st.sampled_from(WRAPPERS),
    st.sampled_from(SURROUNDINGS),
)
def test_a_thousand_random_damages_lose_no_answer(
    answer: dict[str, Any],
    luck: random.Random,
    wrapped: Callable[[str], str],
    surrounded: Callable[[str], str],
) -> None:
    text = surrounded(wrapped(loose(answer, luck)))
    draft = first({"content": text})
    assert draft is not None
    found = draft.fields.model_dump()
    # A part that stands twice is one.
    found["parts"] = [part for part in answer["parts"] if part in found["parts"]]
    assert found == answer


@settings(max_examples=500, deadline=None)
@given(st.integers(0, len(TEXT)), st.text(max_size=3), st.integers(0, 5))
def test_random_damage_never_makes_a_value_that_nobody_wrote(at: int, new: str, lost: int) -> None:
    text = TEXT[:at] + new + TEXT[at + lost :]
    try:
        draft = first({"content": text})
    except PaperError:
        return
    if draft is None:
        return
    kept = draft.fields.model_dump()
    for value in (kept["name"], kept["count"], kept["share"], *kept["items"]):
        assert value is None or str(value).lstrip("+") in PAPER.abstract


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_given_up_after_work_in_proportion(
    piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    step = lenient_json._Reader._step
    monkeypatch.setattr(lenient_json._Reader, "_step", lambda self: (steps.append(1), step(self)))
    text = piece * (50_000 // len(piece))
    list(read_objects(text))
    assert len(steps) <= 5 * len(text)
    assert not list(read_objects(text * 3))
