"""Names in one form: what is put together, and above all what is not."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sqlite3
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from helpers import read_jsonl, write_jsonl
from hypothesis import given
from hypothesis import strategies as st

from extractor.canonical import CanonicalColumns, Kind, canonical, kind_of, merged
from extractor.canonical.table import table_of
from extractor.record import frame_schema, record_schema
from extractor.task import load_task
from extractor.writers import infer_schema

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Invoke

KINDS: list[Kind | None] = ["device", "dataset", None]

SAME: dict[Kind | None, list[list[str]]] = {
    "device": [
        ["H100", "NVidia H100", "H100 GPU", "NVIDIA H100 GPUs", "NVIDIA H100 Tensor Core GPU"],
        ["A100 80GB", "NVIDIA A100 (80 GB)", "A100-80GB GPUs"],
        ["RTX 4090", "NVIDIA GeForce RTX 4090", "GeForce RTX4090 GPU", "Nvidia 4090"],
        ["V100", "Tesla V100", "NVIDIA Tesla V100 GPU", "NVIDIA® V100"],
        ["RTX A6000", "NVIDIA A6000"],
        ["TPU v3", "Google TPUv3", "Google Cloud TPU v3", "TPU-v3 accelerators"],
        ["Apple M1", "M1 chip", "the M1"],
        ["Loihi 2", "Intel Loihi 2 chip", "Loihi-2 processor"],
        ["Intel Xeon Gold 6248", "Xeon Gold 6248 CPU", "Intel(R) Xeon(R) Gold 6248 processor"],
        ["Jetson AGX Orin", "NVIDIA Jetson AGX Orin", "AGX Orin", "Jetson AGX Orin board"],
        ["Raspberry Pi 4B", "Raspberry Pi 4 Model B"],
        ["Alveo U280", "Xilinx U280", "Xilinx Alveo U280 FPGA"],
        ["AMD Instinct MI250X", "MI250X", "AMD MI250X GPUs", "MI250Xs"],
        ["A100", "A100s", "NVIDIA A100s", "NVIDIA A100s GPUs"],
        ["RTX 4090", "RTX 4090s", "4090s"],
        ["K80", "Tesla K80s"],
        ["L40S", "L40s", "NVIDIA L40s GPUs"],
        ["TPU", "TPUs"],
    ],
    "dataset": [
        ["ImageNet-1K", "ImageNet 1k", "ILSVRC-2012", "ILSVRC 2012", "the ImageNet-1K dataset"],
        ["CIFAR-10", "CIFAR10", "Cifar 10", "CIFAR‑10 data set"],
        ["Fashion-MNIST", "FashionMNIST", "Fashion MNist"],
        ["COCO", "MS-COCO", "MSCOCO dataset", "Microsoft COCO"],
        ["GLUE", "the GLUE benchmark", "GLUE benchmark suite"],
        ["Long Range Arena", "Long Range Arena (LRA)", "LRA benchmark"],
        ["BookCorpus", "Book Corpus", "Toronto BookCorpus"],
        ["VQA v2", "VQAv2", "VQA-v2", "VQA v2.0"],
        ["SQuAD v1.1", "SQuAD 1.1"],
        ["Pokémon", "Pokemon"],
        ["ImageNet 256x256", "ImageNet-256×256", "ImageNet 256$\\times$256"],
        ["Cora", "the Cora dataset"],
    ],
    None: [["Llama-2 7B", "llama 2-7B"], ["graph-learning", "Graph learning"]],
}

APART: dict[Kind | None, list[list[str]]] = {
    "device": [
        ["A100", "A100 40GB", "A100 80GB", "A100 SXM4", "DGX A100", "A10", "A1000", "A10G"],
        ["H100", "H200", "H800", "H20", "GH200", "DGX H100", "H100 NVL"],
        ["V100", "V100 16GB", "V100 32GB", "V1000", "V100S"],
        ["L40", "L40S"],
        ["iPhone 5", "iPhone 5s"],
        ["Galaxy A52", "Galaxy A52s"],
        ["i5-4570", "i5-4570s"],
        ["RTX 3090", "RTX 3090 Ti", "RTX 4090", "RTX 3080", "RTX 4090 Laptop", "RTX 309"],
        ["RTX 6000", "RTX A6000", "Quadro RTX 6000", "RTX 6000 Ada"],
        ["TPU", "TPU v2", "TPU v3", "TPU v3-8", "TPU v3-32", "TPU v5e", "TPU v5p", "Edge TPU"],
        ["Apple A10", "NVIDIA A10"],
        ["Apple M1", "Apple M1 Pro", "Apple M1 Max", "Apple M2", "M1 GPU", "M1 CPU", "Cortex-M1"],
        ["NVIDIA GPU", "AMD GPU", "Intel GPU", "GPU", "NVIDIA", "edge GPU", "edge CPU", "CPU"],
        ["Intel CPU", "AMD CPU", "ARM CPU", "Apple CPU"],
        ["Jetson Nano", "Jetson Orin Nano", "Jetson Orin NX", "Jetson AGX Orin", "Jetson Xavier"],
        ["Raspberry Pi", "Raspberry Pi 3", "Raspberry Pi 4", "Raspberry Pi 5", "Raspberry Pi Pico"],
        ["Snapdragon 8 Gen 2", "Snapdragon 8 Gen 3", "Snapdragon 8+ Gen 2", "Snapdragon 888"],
        ["Loihi", "Loihi 2"],
        ["Xeon Gold 6248", "Xeon Gold 6248R", "Xeon Silver 4210"],
        ["i7-9700", "i7-9700K", "i9-9700"],
        ["MI250", "MI250X", "MI300X", "MI300A"],
        ["ZCU102", "ZCU104", "Alveo U250", "Alveo U280"],
    ],
    "dataset": [
        ["ImageNet", "ImageNet-1K", "ImageNet-21K", "ImageNet-100", "ImageNet-V2", "ImageNet-A",
         "ImageNet-C", "ImageNet-R", "Tiny ImageNet", "ImageNet validation set", "ILSVRC-2010"],
        ["CIFAR", "CIFAR-10", "CIFAR-100", "CIFAR-10-C", "CIFAR-10.1", "CIFAR-10/100", "CIFAR-10N"],
        ["MNIST", "Fashion-MNIST", "EMNIST", "KMNIST", "N-MNIST", "QMNIST"],
        ["COCO", "COCO 2014", "COCO 2017", "COCO-Stuff", "RefCOCO", "RefCOCO+", "RefCOCOg"],
        ["GLUE", "SuperGLUE", "CLUE"],
        ["SQuAD", "SQuAD 1.1", "SQuAD 2.0"],
        ["WikiText", "WikiText-2", "WikiText-103", "Wiki-40B"],
        ["HumanEval", "HumanEval+", "HumanEval-X", "MBPP", "MBPP+"],
        ["SWE-bench", "SWE-bench Lite", "SWE-bench Verified"],
        ["MATH", "MATH-500", "GSM8K", "GSM-Hard", "GSM1K"],
        ["MMLU", "MMLU-Pro", "CMMLU", "MMMU"],
        ["GPQA", "GPQA Diamond"],
        ["AIME 2024", "AIME 2025", "AIME"],
        ["VQA", "VQA v1", "VQA v2", "OK-VQA"],
        ["Kinetics", "Kinetics-400", "Kinetics-600", "Kinetics-700"],
        ["MovieLens", "MovieLens-1M", "MovieLens-10M", "MovieLens-100K"],
        ["PASCAL VOC", "PASCAL VOC 2007", "PASCAL VOC 2012", "PASCAL Context"],
        ["CelebA", "CelebA-HQ", "CelebAMask-HQ"],
        ["D4RL", "Atari", "Atari 100k"],
        ["BIG-Bench", "BIG-Bench Hard", "BIG-Bench Lite"],
        ["ScanNet", "ScanNet++", "ScanNet200"],
        ["Speech Commands", "Speech Commands v1", "Speech Commands v2"],
        ["image dataset", "text corpus", "dataset", "benchmark"],
        ["Aerial Image Dataset", "Aerial Image Benchmark", "Aerial Image"],
    ],
    None: [
        ["Llama-2 7B", "Llama-2 13B", "Llama 27B", "Llama-2", "Llama-27B-2", "Llama 3"],
        ["C", "C++", "C#", "A*", "A"],
        ["GPT-4", "GPT-4.1", "GPT-41", "GPT-4o"],
        ["https://a.org/X", "https://a.org/x"],
        ["the GLUE benchmark", "GLUE"],
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_spellings_of_one_name_have_one_key(kind: Kind | None) -> None:
    for names in SAME[kind]:
        assert len({canonical(name, kind).key for name in names}) == 1, names


@pytest.mark.parametrize("kind", KINDS)
def test_other_things_stay_apart(kind: Kind | None) -> None:
    for names in APART[kind]:
        for one, other in itertools.combinations(names, 2):
            assert canonical(one, kind).key != canonical(other, kind).key, (one, other)


@pytest.mark.parametrize("kind", ["device", "dataset"])
def test_every_spelling_of_the_table_leads_to_one_name(kind: Kind) -> None:
    names = table_of(kind).names
    assert len(names) > 10
    for spelling, name in names.items():
        assert canonical(name, kind) == canonical(spelling, kind)
        assert canonical(name, kind).label == name


WORD = st.sampled_from(
    ["Foo", "bar", "NVIDIA", "Intel", "Apple", "A100", "H200", "i7-9700", "80GB", "GPU", "CPU",
     "chip", "dataset", "benchmark", "corpus", "the", "v2", "2", "7B", "10", "100", "1K", "(LRA)",
     "Tensor", "Core", "Tesla", "RTX", "4090", "4090s", "A100s", "Ti", "TPU", "TPUs",
     "Jetson", "ImageNet", "-", "+", "é"]
)  # fmt: skip
NAME = st.lists(WORD, min_size=1, max_size=5).flatmap(
    lambda words: st.sampled_from([" ".join(words), "-".join(words), "".join(words)])
)
ANY = NAME | st.text(max_size=24)


@given(ANY, st.sampled_from(KINDS))
def test_a_label_is_a_spelling_of_its_name(name: str, kind: Kind | None) -> None:
    found = canonical(name, kind)
    assert canonical(found.label, kind).key == found.key
    assert found.label.strip() or not name.strip()


@given(ANY, st.sampled_from(KINDS))
def test_the_numbers_of_a_name_are_those_of_its_label(name: str, kind: Kind | None) -> None:
    """No rule takes a size or a version away; only the table may write one in another way."""
    found = canonical(name, kind)
    if not found.known:
        digits = re.compile(r"[0-9]+")
        plain = unicodedata.normalize("NFKC", name)
        kept = digits.findall(unicodedata.normalize("NFKC", found.label))
        assert kept == digits.findall(plain)


@given(NAME, st.sampled_from(KINDS))
def test_case_spaces_and_hyphens_do_not_matter(name: str, kind: Kind | None) -> None:
    key = canonical(name, kind).key
    wide = f"  {name.replace(' ', '  ')} "
    assert canonical(wide, kind).key == key
    if kind is None and re.search(r"\w", name):
        for other in (name.upper(), name.replace(" ", "-"), name.replace("-", "\u2011")):
            assert canonical(other, kind).key == key


@given(st.dictionaries(ANY, st.integers(1, 9), max_size=12), st.sampled_from(KINDS))
def test_merging_loses_no_spelling_and_gives_each_name_one_label(
    counts: dict[str, int], kind: Kind | None
) -> None:
    groups = merged(counts, kind)
    assert sorted(name for group in groups.values() for name in group) == sorted(counts)
    for label, group in groups.items():
        assert {canonical(name, kind).key for name in group} == {canonical(label, kind).key}


def test_a_label_is_what_most_write_where_the_table_has_none() -> None:
    counts = {"Foo-Bench": 2, "FooBench": 3, "FOObench benchmark": 1}
    assert list(merged(counts, "dataset")) == ["FooBench"]
    assert list(merged({"Humanity's Last Exam": 1}, "dataset")) == ["Humanity's Last Exam"]
    assert list(merged({"NVidia H100": 9, "H100 GPU": 1}, "device")) == ["H100"]


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("hardware", "device"), ("gpus", "device"), ("training_devices", "device"),
        ("benchmarks", "dataset"), ("dataset", "dataset"), ("evalDatasets", "dataset"),
        ("corpora", "dataset"), ("topics", None), ("kind", None), ("chipmunks", None),
    ],
)  # fmt: skip
def test_the_name_of_a_field_says_what_names_it_has(field: str, kind: Kind | None) -> None:
    assert kind_of(field) == kind


def record(number: int, **fields: Any) -> dict[str, Any]:
    tokens = {"prompt_tokens": 0, "completion_tokens": 0}
    meta = {"model": "m1", "task": "mine@0", "cached": False, **tokens, "dropped": []}
    named = {"id": str(number), "title": f"Title {number}"}
    return {**named, **fields, "evidence": [], "meta": meta}


class TestColumns:
    def columns(self, rows: list[dict[str, Any]]) -> CanonicalColumns:
        columns = CanonicalColumns(infer_schema(rows, frame_schema()))
        columns.count(rows)
        return columns

    def test_names_stand_beside_the_words_of_the_paper(self) -> None:
        rows = [
            record(1, hardware=["NVidia H100", "H100 GPU"], topics=["Graph-Nets"], name="X"),
            record(2, hardware=[], topics=["graph nets", "Graph-Nets"], name="Y"),
        ]
        columns = self.columns(rows)
        first, second = columns.add_to(rows)
        assert first["hardware"] == ["NVidia H100", "H100 GPU"]
        assert first["hardware_canonical"] == ["H100", "H100"]
        assert second["hardware_canonical"] == []
        assert second["topics_canonical"] == ["Graph-Nets", "Graph-Nets"]
        assert list(first)[2:7] == [
            "hardware", "hardware_canonical", "topics", "topics_canonical", "name",
        ]  # fmt: skip
        assert columns.schema["properties"]["hardware_canonical"]["type"] == "array"

    def test_in_the_objects_of_a_list_too(self) -> None:
        rows = [record(1, results=[{"dataset": "MS-COCO", "value": 3}, {"value": 4}])]
        columns = self.columns(rows)
        (row,) = columns.add_to(rows)
        assert row["results"] == [
            {"dataset": "MS-COCO", "dataset_canonical": "COCO", "value": 3},
            {"value": 4},
        ]

    def test_doing_it_twice_changes_nothing(self) -> None:
        rows = [record(1, hardware=["H100 GPU"], results=[{"dataset": "MS-COCO"}])]
        once = list(self.columns(rows).add_to(rows))
        assert list(self.columns(once).add_to(once)) == once

    def test_the_built_in_schemas(self) -> None:
        paper = CanonicalColumns(record_schema(load_task("paper"))).schema["properties"]
        assert [name for name in paper if name.endswith("_canonical")] == [
            "benchmarks_canonical", "hardware_canonical",
        ]  # fmt: skip
        results = CanonicalColumns(record_schema(load_task("results"))).schema
        assert "dataset_canonical" in results["$defs"]["Result"]["properties"]

    def test_names_that_were_not_counted_have_their_own_form(self) -> None:
        columns = CanonicalColumns(infer_schema([record(1, hardware=["x"])], frame_schema()))
        (row,) = columns.add_to([record(1, hardware=["Loihi 2 chip", None])])
        assert row["hardware_canonical"] == ["Loihi 2", None]


@pytest.mark.parametrize("ending", ["jsonl", "sqlite", "parquet"])
def test_convert_adds_the_columns_to_any_format(
    invoke: Invoke, tmp_path: Path, ending: str
) -> None:
    rows = [record(1, hardware=["NVidia H100"]), record(2, hardware=["H100 GPU"])]
    records = write_jsonl(tmp_path / "records.jsonl", rows)
    out, back = tmp_path / f"out.{ending}", tmp_path / "back.jsonl"
    assert invoke("convert", str(records), str(out), "--canonical", "--quiet").code == 0
    assert invoke("convert", str(out), str(back), "--quiet").code == 0
    found = read_jsonl(back)
    assert [row["hardware_canonical"] for row in found] == [["H100"], ["H100"]]
    assert [row["hardware"] for row in found] == [["NVidia H100"], ["H100 GPU"]]


def test_a_row_of_a_flat_view_has_the_name_of_its_own_item(invoke: Invoke, tmp_path: Path) -> None:
    rows = [record(1, hardware=["NVidia H100", None, "Tesla T4"], topics=["a", "b"])]
    records = write_jsonl(tmp_path / "records.jsonl", rows)
    flat, base = tmp_path / "flat.csv", tmp_path / "base.sqlite"
    assert invoke("convert", records, flat, "--view", "hardware", "--canonical").code == 0
    assert invoke("convert", records, base, "--canonical").code == 0
    with flat.open(encoding="utf-8-sig") as stream:
        found = [(row["hardware"], row["hardware_canonical"]) for row in csv.DictReader(stream)]
    assert found == [("NVidia H100", "H100"), ("", ""), ("Tesla T4", "T4")]
    with closing(sqlite3.connect(base)) as db:
        asked = "SELECT hardware, hardware_canonical FROM hardware_flat ORDER BY position"
        names = [tuple(name or "" for name in row) for row in db.execute(asked)]
    assert names == found


def test_what_looks_at_records_leaves_the_columns_out(invoke: Invoke, tmp_path: Path) -> None:
    result = {"dataset": "MS-COCO", "value": 3, "unit": "%"}
    rows = [record(n, hardware=["NVidia H100"], results=[result], year_canonical=n) for n in (1, 2)]
    (tmp_path / "plain").mkdir()
    plain = write_jsonl(tmp_path / "plain" / "records.jsonl", rows)
    wide = tmp_path / "records.jsonl"
    assert invoke("convert", plain, wide, "--canonical").code == 0
    assert read_jsonl(wide)[0]["results"][0]["dataset_canonical"] == "COCO"
    pages = []
    for records in (plain, wide):
        assert invoke("report", records, "--quiet").code == 0
        pages.append(records.with_suffix(".html").read_bytes())
        drafted = json.loads(invoke("gold", "draft", records, "-o", "-").out.split("\n")[0])
        assert drafted.keys() == {"id", "title", "hardware", "results", "year_canonical"}
    assert pages[0] == pages[1]
    assert "No difference in 2 papers." in invoke("diff", plain, wide).out


def test_a_command_does_without_what_a_file_of_options_adds(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "extractor.toml").write_text("[convert]\ncanonical = true\n")
    records = write_jsonl(tmp_path / "r.jsonl", [record(1, hardware=["NVidia H100"])])
    for option, there in (([], True), (["--no-canonical"], False)):
        assert invoke("convert", records, "out.jsonl", "--quiet", *option).code == 0
        assert ("hardware_canonical" in read_jsonl(tmp_path / "out.jsonl")[0]) is there


def test_convert_writes_them_into_a_spreadsheet_with_a_schema(
    invoke: Invoke, tmp_path: Path
) -> None:
    schema = tmp_path / "mine.py"
    schema.write_text(
        "from pydantic import BaseModel\n\nclass Mine(BaseModel):\n    hardware: list[str]\n"
    )
    records = write_jsonl(tmp_path / "records.jsonl", [record(1, hardware=["NVidia H100", "T4"])])
    out = tmp_path / "out.csv"
    done = invoke(
        "convert", str(records), str(out), "--canonical", "--schema", f"{schema}:Mine", "--quiet"
    )
    assert (done.code, done.err) == (0, "")
    assert "NVidia H100 | T4,H100 | T4" in out.read_text("utf-8-sig")
