"""Questions that people asked about real text (../shared/questions), as sentences with spans in them."""

import gzip
import json
import random
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from text import Sentence, sentence_spans

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "questions"
# Weights that ship may be trained on these; the two others are for evaluation alone.
TRAINING = ("wikipedia", "privacy-policies", "wiki-sentences")
EVALUATION = ("reddit", "amazon")
# Contexts of one article or policy stand beside each other in the files, so they are held out by the block.
BLOCK, HELD_OUT = 20, {"wikipedia": 0.2, "privacy-policies": 0.1, "wiki-sentences": 0.1}


@dataclass(frozen=True)
class Asked:
    text: str
    spans: tuple[tuple[int, int, int, int], ...]
    """(sentence, start, end, votes) of every answer that stands within one sentence."""
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Passage:
    sentences: tuple[Sentence, ...]
    asked: tuple[Asked, ...]


def held_out(file: str, index: int) -> bool:
    """Whether the context at `index` is kept from training."""
    if file in EVALUATION:
        return True
    return zlib.crc32(f"{file} {index // BLOCK}".encode()) % 100 < 100 * HELD_OUT[file]


def asked_of(raw: dict, spans: list[tuple[int, int]], context: str) -> Asked:
    found = []
    for answer in raw["answers"]:
        start, end = answer["start"], answer["start"] + len(answer["text"])
        # Annotators sometimes end in the middle of a word.
        while start > 0 and context[start - 1].isalnum() and context[start].isalnum():
            start -= 1
        while end < len(context) and context[end].isalnum() and context[end - 1].isalnum():
            end += 1
        for index, (low, high) in enumerate(spans):
            if low <= start and end <= high + 1 and min(end, high) > start:
                found.append((index, start - low, min(end, high) - low, answer["votes"]))
    return Asked(raw["question"], tuple(found), tuple(answer["text"] for answer in raw["answers"]))


@cache
def passages(file: str, evaluation: bool) -> tuple[Passage, ...]:
    """The contexts of one file that are for training, or for evaluation."""
    kept = []
    with gzip.open(FOLDER / f"{file}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            if held_out(file, index) != evaluation:
                continue
            raw = json.loads(line)
            context = raw["context"]
            spans = sentence_spans(context)
            sentences = tuple(Sentence(" ".join(context[a:b].split(" ")), " " if n else "\n") for n, (a, b) in enumerate(spans))
            kept.append(Passage(sentences, tuple(asked_of(each, spans, context) for each in raw["questions"])))
    return tuple(kept)


def choose_span(asked: Asked, source: random.Random) -> tuple[int, int, int] | None:
    """One annotated answer, the more likely the more annotators agreed on it and the shorter it is."""
    if not asked.spans:
        return None
    weights = [votes**2 * (1.0 if end - start < 60 else 0.3) for _, start, end, votes in asked.spans]
    sentence, start, end, _ = source.choices(asked.spans, weights)[0]
    return sentence, start, end
