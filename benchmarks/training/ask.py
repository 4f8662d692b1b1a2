"""Puts the questions of ``--questions`` to an embedded model and prints its answers.

    python -m benchmarks.training.ask QUESTIONS --model NAME --limit N >> ANSWERS

Each line of QUESTIONS has ``id``, ``key`` and ``prompt``; each line of ANSWERS adds ``model``
and ``answers``, the probability of each allowed word.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
from pathlib import Path

from extractor.approaches.candidates import likelihoods, question_sampling
from extractor.llm.answer import COMPLETION, Answer, Request
from extractor.llm.own_files import default_cache_dir
from extractor.llm.settings import ModelSettings
from extractor.run.session import open_engine
from extractor.run.settings import CallSettings
from extractor.task import load_task


async def ask_all(questions: list[dict[str, str]], model: str) -> None:
    """Print the model's answer to every question."""
    calls = CallSettings(cache_dir=default_cache_dir())
    async with open_engine(load_task("paper"), ModelSettings(model=model), calls) as engine:
        sampling = question_sampling(engine.endpoint)
        for question in questions:
            request = Request({**sampling, "prompt": question["prompt"]}, COMPLETION, limit=1)
            asked = engine.client.ask(request)
            answer = asked if isinstance(asked, Answer) else await asked
            said = likelihoods(answer.logprobs)
            row = {"model": model, "id": question["id"], "key": question["key"]}
            rounded = {word: round(chance, 6) for word, chance in said.items()}
            print(json.dumps({**row, "answers": rounded}), flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    lines = options.questions.read_text(encoding="utf-8").splitlines()
    chosen = itertools.islice(map(json.loads, lines), options.limit)
    asyncio.run(ask_all(list(chosen), options.model))


if __name__ == "__main__":
    main()
