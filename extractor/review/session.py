"""One review: what there is to decide, what was decided, and each thing the page can ask for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast

from extractor.canonical import without_canonical
from extractor.decisions import Decision, DecisionLog, Decisions, decisions_path
from extractor.decisions.decision import WHOLE_PAPER
from extractor.errors import DumpError, UsageError
from extractor.readers import open_dumps
from extractor.report.write import DumpPapers
from extractor.review.corrections import Corrected, Corrections, Place
from extractor.review.papers import Papers, ReadPaper
from extractor.review.queue import Item, is_doubtful, queue, whole_papers
from extractor.review.values import Value, values_of
from extractor.sentences import sentence_spans
from extractor.writers import open_records

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from pydantic import BaseModel

    from extractor.decisions.decision import Key
    from extractor.errors import UnreadableRecord
    from extractor.paper import Paper
    from extractor.readers import Dump
    from extractor.writers import RecordFile

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is held in memory of a paper: its id and title, its text's hash, its values' keys."""

    id: str
    title: str
    text: str
    values: tuple[Value, ...]

    @property
    def about(self) -> tuple[str, str, str]:
        """What tells it from other papers, as decisions name it."""
        return self.id, self.title, self.text


@dataclass
class Found:
    """What the records and the dump came to: papers that cannot be reviewed, and why."""

    without_abstract: int = 0
    without_evidence: int = 0
    of_another_text: int = 0
    unreadable: list[UnreadableRecord] = field(default_factory=list)


class Session:
    """A review of one file of records by one person. Safe to use from several threads."""

    def __init__(
        self,
        records: Path,
        dump: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        schema: type[BaseModel],
        *,
        reviewer: str,
        sample: int | None = None,
    ) -> None:
        """Read the records and their abstracts.

        ``dump``, one or several as in `extractor.readers.open_dumps`, is joined by id and title.
        With ``sample``, so many papers are gone through whole, at random but always the same.
        Raises DumpError where an input cannot be read, or none of the papers is in the dump.
        """
        self.name = records.name
        self.reviewer = reviewer
        self.found = Found()
        self.log = DecisionLog(decisions_path(records))
        self._lock = threading.Lock()
        self._corrections = Corrections(schema)
        self._papers = Papers()
        self._known: list[_Known] = []
        try:
            self._read(open_records(records), open_dumps(dump))
        except BaseException:
            self.close()
            raise
        values = [known.values for known in self._known]
        self.items = queue(values) if sample is None else whole_papers(values, sample)

    def _read(self, records: RecordFile, dump: Dump) -> None:
        with dump:
            papers = DumpPapers(dump)
            for record in map(without_canonical, records):
                if not isinstance(record.get("title"), str):
                    continue
                paper = papers.find(record["id"], record["title"])
                if paper is not None:
                    self._take(record, paper)
        self.found.without_abstract = papers.missing
        self.found.unreadable = list(records.unreadable)
        if not self._known and papers.missing:
            raise DumpError(
                f"The dump has none of the papers in {records.path}: no id and title is in both.",
                hint="Give --dump the dump that was run over.",
            )

    def _take(self, record: Json, paper: Paper) -> None:
        self._papers.add(record, paper.abstract)
        read = ReadPaper(record, paper.abstract)
        values = tuple(values_of(record))
        fits = [self._corrections.has_words(read, value) for value in values]
        if False in fits:
            self.found.of_another_text += 1
            shown = (value.evidence if fit else () for value, fit in zip(values, fits, strict=True))
            values = tuple(map(_resting_on, values, shown))
        kept = [value for value in values if not value.refused]
        self.found.without_evidence += bool(kept) and not any(each.evidence for each in kept)
        self._known.append(_Known(read.id, read.title, read.text, values))

    def close(self) -> None:
        self._papers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def about_other_texts(self) -> int:
        """How many decisions about these papers do not count, as they were made on another text."""
        known = {each.about for each in self._known}
        return sum(
            len(self.decisions.of(paper_id, title, text))
            for paper_id, title in {each[:2] for each in known}
            for text in self.decisions.texts(paper_id, title)
            if (paper_id, title, text) not in known
        )

    @property
    def decisions(self) -> Decisions:
        return self.log.decisions

    @property
    def decided(self) -> int:
        """How many steps of the queue are decided, by whomever."""
        with self._lock:
            return sum(verdict is not None for verdict in self._verdicts())

    def _verdicts(self) -> list[str | None]:
        standing = {paper: self._standing(paper) for paper in {item.paper for item in self.items}}
        decisions = (standing[item.paper].get(self._key(item)) for item in self.items)
        return [decision.outcome if decision else None for decision in decisions]

    def _key(self, item: Item) -> Key:
        if item.value is None:
            return WHOLE_PAPER
        return self._known[item.paper].values[item.value].key

    def _standing(self, paper: int) -> dict[Key, Decision]:
        """The decisions that hold of a paper and were made about the text that the dump has."""
        return {each.key: each for each in self.decisions.of(*self._known[paper].about)}

    # What the page asks for. Each takes and gives JSON values; UsageError says why not.

    def version(self) -> Json:
        """What changes with every decision, of whomever."""
        with self._lock:
            self.log.refresh()
            return {"version": self.log.size}

    def overview(self) -> Json:
        """The queue with what is decided, and the schema's fields."""
        with self._lock:
            self.log.refresh()
            fields = self._corrections.fields
            met = {value.field for known in self._known for value in known.values}
            forms = [form.to_dict() for form in fields.values()]
            forms += [{"name": name, "kind": None} for name in sorted(met - fields.keys())]
            names = {each["name"]: at for at, each in enumerate(forms)}
            items = [
                [item.paper, item.value, *self._sort(item, names), verdict]
                for item, verdict in zip(self.items, self._verdicts(), strict=True)
            ]
        return {
            "name": self.name,
            "decisions": self.log.path.name,
            "reviewer": self.reviewer,
            "version": self.log.size,
            "fields": forms,
            "items": items,
        }

    def _sort(self, item: Item, names: Mapping[str, int]) -> tuple[int | None, str]:
        """The field's number, and what kind of step it is."""
        if item.value is None:
            return None, "paper"
        value = self._known[item.paper].values[item.value]
        doubt = "doubtful" if is_doubtful(value) else "sure"
        return names[value.field], "refused" if value.refused else doubt

    def paper(self, number: int) -> Json:
        """A paper with its text, its values and what was decided about them."""
        with self._lock:
            return self._paper(number)

    def _paper(self, number: int) -> Json:
        known, paper = self._at(number)
        standing = self._standing(number)
        added = [each for each in standing.values() if each.verdict == "add"]
        complete = standing.get(WHOLE_PAPER)
        return {
            "paper": number,
            "id": known.id,
            "title": known.title,
            "abstract": paper.abstract,
            "sentences": sentence_spans(paper.abstract),
            "source": paper.record.get("source"),
            "values": [
                _shown(self._with_words(paper, value), standing.get(value.key))
                for value in known.values
            ],
            "added": [_decided(each) for each in added],
            "complete": _decided(complete) if complete else None,
        }

    def _with_words(self, paper: ReadPaper, value: Value) -> Value:
        """A value that was left out for its confidence, with its words."""
        if not value.refused or value.confidence is None:
            return value
        try:
            words = self._restored(paper, value).evidence
        except UsageError:
            return value
        return _resting_on(value, ({**each, "path": value.path + each["path"]} for each in words))

    def _at(self, number: Any) -> tuple[_Known, ReadPaper]:
        if not isinstance(number, int) or not 0 <= number < len(self._known):
            raise UsageError(f"There is no paper {number!r}.")
        return self._known[number], self._papers[number]

    def decide(self, asked: Json) -> Json:
        """Accept, reject or correct a value, by a new ``value`` and the ``places`` of its words."""
        with self._lock:
            known, paper = self._at(asked.get("paper"))
            value = _pick(known.values, asked.get("index"))
            verdict, new = asked.get("verdict"), None
            if verdict == "correct":
                new = self._corrected(paper, value.field, asked)
            elif verdict == "accept" and value.refused:
                new = self._restored(paper, value)
            elif verdict not in ("accept", "reject"):
                raise UsageError(f"There is no verdict {verdict!r}.")
            moved = new is not None and new.value == value.value and asked.get("places")
            if new is not None and (value.refused or not moved):
                self._refuse_second(asked["paper"], value.field, new, value)
            self.log.append(self._judged(known, value, verdict, new))
            return self._paper(cast("int", asked["paper"]))

    def _judged(
        self, known: _Known, value: Value, verdict: Any, new: Corrected | None = None
    ) -> Decision:
        """A decision about a value; what accepts it keeps the words that it rests on."""
        words = value.own_evidence if verdict == "accept" else ()
        return self._decision(
            known, value.path, verdict, old=value.value, new=new.value if new else None,
            evidence=new.evidence if new else words, refused=value.refused,
        )  # fmt: skip

    def _restored(self, paper: ReadPaper, value: Value) -> Corrected:
        """A refused value that the text has after all."""
        if value.path not in (value.field, _item_path(value)):
            raise UsageError(
                "It is a part of a value: select the words of the whole and correct it."
            )
        return self._corrections.check(paper, value.field, value.value, {})

    def _corrected(self, paper: ReadPaper, field: str, asked: Json) -> Corrected:
        return self._corrections.check(paper, field, asked.get("value"), _places(asked, paper))

    def _refuse_second(
        self, paper: int, name: str, new: Corrected, judged: Value | None = None
    ) -> None:
        """Refuse what the paper has already, and a second value of a field that has one.

        ``judged`` is the value that the new one takes the place of.
        """
        standing = self._standing(paper)
        if judged is not None:
            standing.pop(judged.key, None)
        own = [each for each in self._known[paper].values if each.field == name]
        values = [each.value for each in own if not each.refused]
        if new.value in values:
            raise UsageError("The record has this value already: accept it there.")
        of_field = [each for each in standing.values() if each.field == name]
        values += [each.new for each in of_field if each.verdict == "add" or each.refused]
        if new.value in values:
            raise UsageError("This value was added already.")
        values = [value for value in values if value is not None]
        replaces = judged is not None and not judged.refused
        if values and not replaces and not self._corrections.fields[name].many:
            raise UsageError(f"{name} has a value already: correct that one.")

    def add(self, asked: Json) -> Json:
        """Add a ``value`` of a ``field`` that the record lacks, at its ``places``."""
        with self._lock:
            known, paper = self._at(asked.get("paper"))
            name = str(asked.get("field"))
            new = self._corrected(paper, name, asked)
            self._refuse_second(asked["paper"], name, new)
            path = name
            if self._corrections.fields[name].many:
                have = paper.record.get(name)
                path = f"{name}[{len(have) if isinstance(have, list) else 0}]"
            self.log.append(
                self._decision(known, path, "add", new=new.value, evidence=new.evidence)
            )
            return self._paper(cast("int", asked["paper"]))

    def draft(self, asked: Json) -> Json:
        """What a value would be that rests on selected words, before anything is decided."""
        with self._lock:
            known, paper = self._at(asked.get("paper"))
            name = str(asked.get("field"))
            if name not in self._corrections.fields:
                raise UsageError(f"The schema has no field {name!r}.")
            at = asked.get("index")
            old = None if at is None else _pick(known.values, at)
            words = _words(_places(asked, paper).get("", None), paper)
            whole = None if old is None or old.refused else old.value
            return {"value": self._corrections.draft(name, words, whole)}

    def complete(self, asked: Json) -> Json:
        """Accept what is undecided in a paper, and say that nothing is missing."""
        with self._lock:
            known, _ = self._at(asked.get("paper"))
            standing = self._standing(cast("int", asked["paper"]))
            undecided = [value for value in known.values if value.key not in standing]
            decisions = [
                self._judged(known, value, "reject" if value.refused else "accept")
                for value in undecided
            ]
            last = self._decision(known, "", "complete")
            # One time for all of them: they are taken back together.
            self.log.append(*(replace(each, at=last.at) for each in decisions), last)
            return self._paper(cast("int", asked["paper"]))

    def undo(self, _: Json) -> Json:
        """Take back this reviewer's last decision, and what was decided together with it.

        ``undone`` says what it was about; its ``values`` count those of a paper that was done.
        """
        with self._lock:
            self.log.refresh()
            together = self.decisions.last_by(self.reviewer)
            if not together:
                raise UsageError("There is nothing to undo.")
            self.log.append(*(_taken_back(each) for each in reversed(together)))
            last = together[-1]
            about = last.paper, last.title, last.text
            number = next((at for at, each in enumerate(self._known) if each.about == about), None)
            values = len(together) - 1 if last.verdict == "complete" else None
            undone = {**_decided(last), "title": last.title, "values": values, "index": None}
            if number is None:
                return {"undone": undone}
            keys = [value.key for value in self._known[number].values]
            index = keys.index(last.key) if last.key in keys else None
            return {**self._paper(number), "undone": {**undone, "index": index}}

    def _decision(self, known: _Known, path: str, verdict: Any, **more: Any) -> Decision:
        return Decision(
            _now(), self.reviewer, known.id, known.title, known.text, path, verdict, **more
        )

    @property
    def actions(self) -> Mapping[str, Callable[[Json], Json]]:
        """What the page can ask to be done, by name."""
        return {
            "decide": self.decide,
            "add": self.add,
            "draft": self.draft,
            "complete": self.complete,
            "undo": self.undo,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _taken_back(decision: Decision) -> Decision:
    new = None if decision.old is not None else decision.new
    return replace(decision, at=_now(), verdict="undo", new=new, evidence=())


def _resting_on(value: Value, evidence: Iterable[Json]) -> Value:
    return replace(value, evidence=tuple(evidence))


def _pick(values: tuple[Value, ...], index: Any) -> Value:
    if not isinstance(index, int) or not 0 <= index < len(values):
        raise UsageError(f"The paper has no value {index!r}.")
    return values[index]


def _item_path(value: Value) -> str:
    return value.field + value.path.removeprefix(value.field).partition("]")[0] + "]"


def _places(asked: Json, paper: ReadPaper) -> dict[str, Place]:
    """The selected words by key, as the page tells them."""
    places = {}
    given = asked.get("places") or {}
    if not isinstance(given, dict):
        raise UsageError("The selected words have no place.")
    for key, each in given.items():
        try:
            source, start, end = each["source"], int(each["start"]), int(each["end"])
            text = {"title": paper.title, "abstract": paper.abstract}[source]
            fits = 0 <= start < end <= len(text)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UsageError("The selected words have no place.") from error
        if not fits:
            raise UsageError("The selected words are outside of the text.")
        places[str(key)] = Place(source, start, end)
    return places


def _words(place: Place | None, paper: ReadPaper) -> str:
    if place is None:
        raise UsageError("No words are selected.")
    text = paper.title if place.source == "title" else paper.abstract
    return text[place.start : place.end]


def _shown(value: Value, decision: Decision | None) -> Json:
    return {
        "path": value.path,
        "field": value.field,
        "value": value.value,
        "confidence": value.confidence,
        "evidence": list(value.evidence),
        "reason": value.reason,
        "decision": _decided(decision) if decision else None,
    }


def _decided(decision: Decision) -> Json:
    return {
        "verdict": decision.outcome,
        "field": decision.field,
        "path": decision.path,
        "reviewer": decision.reviewer,
        "at": decision.at,
        "new": decision.new,
        "evidence": [dict(each) for each in decision.evidence],
    }
