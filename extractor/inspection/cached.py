"""How many papers have all their answers in the store, so that a run asks nothing about them.

Nothing is asked here. An approach that only fills in a prompt makes a paper's requests in a moment,
and every paper is looked up. Any other works on each paper first, for a tenth of a second or more;
there a draw of the papers is looked up, and tells the share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from extractor.errors import ExtractorError
from extractor.inspection.survey import Survey
from extractor.llm.own_files import DATABASE
from extractor.paper import Paper
from extractor.run.session import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from extractor.llm.settings import ModelSettings
    from extractor.readers import Item
    from extractor.run.engine import Engine
    from extractor.run.settings import CallSettings
    from extractor.task import Task


@dataclass(frozen=True)
class Cached:
    """``papers`` have all their answers, judged by a draw unless that is ``exact``; the
    ``remaining`` ones are to be asked about, ``sample`` is a draw of them."""

    papers: int
    exact: bool
    remaining: int
    sample: Sequence[Paper]


async def look_up(
    items: Iterable[Item],
    survey: Survey,
    task: Task[Any],
    model: ModelSettings,
    calls: CallSettings,
) -> Cached:
    """Take all items into the survey, and look their papers up; raises what the items raise.

    Raises UsageError where the settings contradict each other, CacheError.
    """
    if calls.cache_dir is not None and not (calls.cache_dir / DATABASE).exists():
        calls = replace(calls, cache_dir=None)  # looking makes no store
    async with open_engine(task, model, calls) as engine:
        answers = engine.endpoint.answers
        if not engine.instant or calls.cache_dir is None:
            for item in items:
                survey.take(item)
            return _judged(engine, survey, look=calls.cache_dir is not None and answers)
        others = Survey(sample_size=survey.sample_size)
        for item in items:
            survey.take(item)
            if isinstance(item, Paper) and not _is_cached(engine, item):
                others.take(item)
        return Cached(survey.papers - others.papers, True, others.distinct, others.sample)


def _judged(engine: Engine[Any], survey: Survey, *, look: bool) -> Cached:
    """By the survey's own draw."""
    sample = [paper for paper in survey.sample if not (look and _is_cached(engine, paper))]
    drawn = len(survey.sample)
    share = len(sample) / drawn if drawn else 1.0
    left = round(survey.papers * share)
    exact = drawn == survey.papers or not look
    return Cached(survey.papers - left, exact, round(survey.distinct * share), sample)


def _is_cached(engine: Engine[Any], paper: Paper) -> bool:
    try:
        record = engine.attempt(paper, engine.client.recall).begin()
    except ExtractorError:  # stored answers of which no record is made
        return False
    return record is not None and record.meta.cached
