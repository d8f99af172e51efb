"""Training sequences: prose with facts planted in it, then the questions, every fact asked."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

import facts
import prose

WORK = Path(__file__).parent / "work"
POSITIONS = 65536
ANSWER, PLAIN, IGNORED = 2, 1, 0
MOST_QUESTIONS = 48
ABSENT_TO_PRESENT = 0.21
SPARSE = 0.3
# (length, fewest facts, most facts)
FACTS_BY_LENGTH = [(128, 1, 3), (256, 2, 7), (512, 5, 13), (1024, 10, 26), (2048, 14, 48), (1 << 30, 24, 48)]

Span = tuple[int, int]


@dataclass
class Told:
    """A sentence as tokens, and where in them its parts stand."""

    ids: list[int]
    value: Span
    """The value's first token; the whole sentence where the entity is named after the value."""
    entity: Span | None
    attribute: Span | None


def tokens_of(encoded, text: str, part: str) -> Span | None:
    """The tokens that hold `part`, whatever the case of its first letter."""
    at = text.find(part[1:]) - 1
    if at < 0:
        return None
    inside = [index for index, (start, end) in enumerate(encoded.offsets) if end > at and start < at + len(part)]
    return (inside[0], inside[-1] + 1)


def shifted(span: Span | None, by: int) -> Span | None:
    return (span[0] + by, span[1] + by) if span else None


class Prose:
    """Token ids of the prose and the places where a sentence ends."""

    def __init__(self, tokenizer: Tokenizer, files: list[Path], cache: str):
        store = WORK / f"prose-{cache}.npy"
        if not store.exists():
            ids = [i for path in files for i in tokenizer.encode("\n".join(prose.paragraphs(path))).ids]
            np.save(store, np.array(ids, dtype=np.uint16))
        self.ids = np.load(store)
        closing = {i for i in range(tokenizer.get_vocab_size()) if tokenizer.decode([i]).endswith((".", "!", "?"))}
        self.ends = np.isin(self.ids, np.array(sorted(closing), dtype=np.uint16))

    def slice(self, source: random.Random, length: int) -> tuple[list[int], list[int]]:
        """`length` tokens from a random place, and the offsets after which a fact may stand."""
        start = source.randrange(len(self.ids) - length)
        ids = self.ids[start : start + length]
        return ids.tolist(), (np.flatnonzero(self.ends[start : start + length]) + 1).tolist()


@dataclass
class Turn:
    question: list[int]
    answer: list[int]
    fact: int | None
    """Index of the fact that answers it, None where the document does not say."""
    text: str
    entity: Span | None
    attribute: Span | None
    """Where in `question` both are named; an attribute may be asked for in other words."""


@dataclass
class Sequence:
    ids: list[int]
    kinds: list[int]
    """What each token is as a target: ANSWER, PLAIN or IGNORED."""
    pointers: list[tuple[int, list[Span], list[Span]]]
    """(place of an answer token; the sentences that answer it; where in them the value begins). Absent: the first token."""
    namings: list[tuple[int, Span | None, Span | None]]
    """(place of an answer token or of a value's start, where its entity is named, where its attribute is)."""
    prose: list[Span]
    """Where the prose stands that tells nothing."""
    facts: list[facts.Fact]
    turns: list[Turn]


class Sequences:
    def __init__(self, seed: int, evaluation: bool = False, count: int | None = None):
        self.tokenizer = Tokenizer.from_file(str(WORK / "tokenizer" / "tokenizer.json"))
        self.source = random.Random(seed)
        self.evaluation = evaluation
        self.count = count
        self.variety = 1.0
        files = prose.held_out_files() if evaluation else prose.training_files()
        self.prose = Prose(self.tokenizer, files, "held-out" if evaluation else "training")
        self.begin, self.question, self.answer, self.end = range(4)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids

    def draw(self, length: int) -> Sequence:
        """A document of facts and its questions, of exactly `length` tokens."""
        source = self.source
        # Facts of one attribute are the hard ones to tell apart: most training documents are crowded with them.
        crowding = 0.0 if self.evaluation else source.choice([0.0, 0.5, 0.9])
        situation = facts.Situation(source, self.evaluation, self.variety, crowding)
        low, high = next((a, b) for limit, a, b in FACTS_BY_LENGTH if length <= limit)
        # Some documents tell little and are prose otherwise.
        sparse = not self.evaluation and source.random() < SPARSE
        drawn = facts.draw_facts(situation, self.count or source.randint(*((1, low) if sparse else (low, high))))
        told = [[self.tell(s, fact) for s in fact.sentences] for fact in drawn]
        sentences = [[each.ids for each in own] for own in told]
        turns = self.turns(situation, drawn)
        room = length - 1 - sum(len(s) for own in sentences for s in own) - sum(len(t.question) + len(t.answer) for t in turns)
        while room < 0 and len(turns) > 1:
            dropped = turns.pop()
            room += len(dropped.question) + len(dropped.answer)
        if room < 0:
            return self.draw(length)
        document, spans = self.document(sentences, room)
        ids, kinds, pointers = [self.begin, *document], [IGNORED] + [PLAIN] * len(document), []
        told_at = sorted(shifted(span, 1) for own in spans for span in own)
        prose_at = [(end, start) for (_, end), (start, _) in zip([(0, 1), *told_at], [*told_at, (len(ids), 0)], strict=True)]
        namings = [
            (start + 1 + each.value[0], shifted(each.entity, start + 1), shifted(each.attribute, start + 1))
            for own, places in zip(told, spans, strict=True)
            for each, (start, _) in zip(own, places, strict=True)
            if each.value[1] - each.value[0] == 1
        ]
        for turn in turns:
            entity, attribute = shifted(turn.entity, len(ids)), shifted(turn.attribute, len(ids))
            namings.append((len(ids) + len(turn.question) - 1, entity, attribute))
            ids += turn.question
            pointers.append((len(ids) - 1, *self.telling(drawn, spans, told, turn.fact)))
            ids += turn.answer
            kinds += [IGNORED] * len(turn.question) + [ANSWER] * len(turn.answer)
        return Sequence(ids, kinds, pointers, namings, prose_at, drawn, turns)

    def tell(self, text: str, fact: facts.Fact) -> Told:
        lead = " " if self.source.random() < 0.85 else "\n"
        text = lead + text
        encoded = self.tokenizer.encode(text)
        entity, attribute = (tokens_of(encoded, text, part) for part in (fact.entity, fact.attribute.name))
        at = text.rfind(fact.value)
        if at < text.find(fact.entity[1:]):
            return Told(encoded.ids, (0, len(encoded.ids)), entity, attribute)
        first = next(index for index, (_, end) in enumerate(encoded.offsets) if end > at)
        before = lambda span: span if span and span[1] <= first else None  # noqa: E731
        return Told(encoded.ids, (first, first + 1), before(entity), before(attribute))

    def telling(self, drawn, spans, told, index: int | None) -> tuple[list[Span], list[Span]]:
        """(the sentences that tell a fact as it stands in the end, where the value begins in them)."""
        if index is None:
            return [(0, 1)], [(0, 1)]
        # One token on, because the document starts at 1.
        places = [
            ((start + 1, end + 1), (start + 1 + each.value[0], start + 1 + each.value[1]))
            for (start, end), each in zip(spans[index], told[index], strict=True)
        ]
        chosen = places[-1:] if drawn[index].corrected else places
        return [whole for whole, _ in chosen], [value for _, value in chosen]

    def turns(self, situation: facts.Situation, drawn: list[facts.Fact]) -> list[Turn]:
        source = self.source
        asked: list[tuple[facts.Asked, str, int | None]] = [(fact.asked, fact.value, i) for i, fact in enumerate(drawn)]
        for _ in range(len(asked)):
            if source.random() < ABSENT_TO_PRESENT:
                asked.append((facts.draw_absent(situation, drawn), facts.ABSENT, None))
        source.shuffle(asked)
        return [self.turn(*each) for each in asked[:MOST_QUESTIONS]]

    def turn(self, asked: facts.Asked, answer: str, index: int | None) -> Turn:
        # The leading space makes a name's first token the one it has within a sentence.
        text = " " + asked.text
        encoded = self.tokenizer.encode(text)
        entity, attribute = (shifted(tokens_of(encoded, text, part), 1) for part in (asked.entity, asked.attribute))
        question = [self.question, *encoded.ids, self.answer]
        return Turn(question, [*self.encode(" " + answer), self.end], index, asked.text, entity, attribute)

    def document(self, sentences: list[list[list[int]]], room: int) -> tuple[list[int], list[list[Span]]]:
        """The prose with the sentences in it, and where each came to stand."""
        source = self.source
        ids, ends = self.prose.slice(source, room) if room else ([], [])
        anywhere = lambda: source.choice(ends) if ends and source.random() < 0.97 else source.randint(0, room)  # noqa: E731
        placed = []
        for index, own in enumerate(sentences):
            places = sorted(anywhere() for _ in own)
            placed += [(place, index, sentence) for place, sentence in zip(places, own, strict=True)]
        placed.sort(key=lambda each: each[0])
        document: list[int] = []
        spans: list[list[Span]] = [[] for _ in sentences]
        last = 0
        for place, index, sentence in placed:
            document += ids[last:place]
            spans[index].append((len(document), len(document) + len(sentence)))
            document += sentence
            last = place
        return document + ids[last:], spans

    def positions(self, length: int, spread: float) -> np.ndarray:
        """Positions of a sequence: with probability `spread` cut at random and pulled apart (PoSE)."""
        source = self.source
        positions = np.arange(length)
        if source.random() >= spread:
            return positions
        cuts = sorted(source.randrange(2, length) for _ in range(source.randint(1, 6)))
        total = int(np.exp(source.uniform(np.log(64), np.log(POSITIONS - length))))
        weights = [source.random() for _ in cuts]
        for cut, weight in zip(cuts, weights, strict=True):
            positions[cut:] += int(total * weight / (sum(weights) + 1e-9))
        return positions

    def batch(self, rows: int, length: int, spread: float) -> dict[str, np.ndarray]:
        """ids, kinds, positions [rows, length]; asking [n, 2] (row, place), telling and value [n, length] of its pointers; naming
        [m, 2], entity and attribute [m, length] of its namings; prose [rows, length], true where nothing is told."""
        drawn = [self.draw(length) for _ in range(rows)]
        pointers = [(row, *pointer) for row, each in enumerate(drawn) for pointer in each.pointers]
        telling, value = np.zeros((2, len(pointers), length), dtype=bool)
        for index, (_, _, sentences, values) in enumerate(pointers):
            for start, end in sentences:
                telling[index, start:end] = True
            for start, end in values:
                value[index, start:end] = True
        namings = [(row, *naming) for row, each in enumerate(drawn) for naming in each.namings]
        entity, attribute = np.zeros((2, len(namings), length), dtype=bool)
        for index, (_, _, *parts) in enumerate(namings):
            for marks, part in zip((entity, attribute), parts, strict=True):
                if part:
                    marks[index, part[0] : part[1]] = True
        prose = np.zeros((rows, length), dtype=bool)
        for row, each in enumerate(drawn):
            for start, end in each.prose:
                prose[row, start:end] = True
        return {
            "prose": prose,
            "ids": np.array([each.ids for each in drawn], dtype=np.int64),
            "kinds": np.array([each.kinds for each in drawn], dtype=np.int8),
            "positions": np.stack([self.positions(length, spread) for _ in range(rows)]),
            "asking": np.array([(row, place) for row, place, _, _ in pointers], dtype=np.int64),
            "telling": telling,
            "value": value,
            "naming": np.array([(row, place) for row, place, *_ in namings], dtype=np.int64),
            "entity": entity,
            "attribute": attribute,
        }
