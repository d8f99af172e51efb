"""Training rows: a document, then questions about it, each answered by a quote, `<|so|>` and the answer in short."""

import random
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parent.parent))

import documents  # noqa: E402
import tokens  # noqa: E402
from cloze import FUNCTION_WORDS  # noqa: E402
from facts import ABSENT  # noqa: E402
from text import Document, Question, Sentence  # noqa: E402

POSITIONS = 300_000
# What a token is as a target.
IGNORED, PLAIN, QUOTE_START, QUOTE, ANSWER_START, ANSWER = range(6)
SORTS = ("found", "copied", "taken", "matched", "before", "opened", "gathered")
MOST_TARGETS = dict.fromkeys(SORTS, 1) | {"matched": 4, "gathered": 24}
# Of every token's pointers to the one before it and to its sentence's first: so many a row.
PLACES_BEFORE, PLACES_OPENED = 64, 48
SHARES = {"people": 0.45, "facts": 0.3, "text": 0.25}
# Of the questions answered in full: quoted wrongly and refused; of others' documents and refused.
MISLED, FOREIGN = 0.1, 0.12
STUBS = 0.55


@dataclass
class Row:
    ids: list[int]
    kinds: list[int] = field(default_factory=list)
    questions_from: int = 0
    """Where the document ends."""
    borders: list[int] = field(default_factory=list)
    """Where sentences begin: positions may be pulled apart there."""
    found: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of an answer token, the last token of the sentence that tells)."""
    copied: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place, the document's token that the quote goes on with)."""
    taken: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place, the quote's token that the answer goes on with)."""
    matched: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of a quoted word, where the question has the same word)."""
    before: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place, the place before it)."""
    gathered: list[tuple[int, list[int]]] = field(default_factory=list)
    """(the last token of a sentence of the document, or an answer token; the words of that sentence, or of the question)."""
    opened: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place in a sentence of the document, where the sentence begins)."""


class Sequences:
    def __init__(self, seed: int, evaluation: bool = False):
        self.tokenizer = tokens.load()
        self.source = random.Random(seed)
        self.evaluation = evaluation
        words, self.form = tokens.forms(self.tokenizer)
        # Words that say what a question is about.
        self.telling = np.array([w.isalnum() and w not in FUNCTION_WORDS and w not in ("s", "t") for w in words])
        self.encode = lru_cache(200_000)(self._encode)
        self.refusal = self.encode(" " + ABSENT)[0]
        self.strange: list[str] = []
        """Questions about other documents."""

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoded = self.tokenizer.encode(text)
        return encoded.ids, encoded.offsets

    def draw_document(self, characters: int) -> Document:
        source = self.source
        kind = source.choices(list(SHARES), list(SHARES.values()))[0]
        make = {"people": documents.of_people, "facts": documents.of_facts, "text": documents.of_text}[kind]
        document = make(source, characters)
        if len(document.sentences) < 2:
            return self.draw_document(characters)
        if source.random() < 0.08:
            documents.wrapped(document, source)
        documents.with_cloze(document, source, 8 if kind == "text" else 3)
        return document

    def write_document(self, row: Row, document: Document, room: int) -> list[tuple[int, int]]:
        """Writes as many sentences as there is room for; returns the tokens [start, end) of each."""
        spans = []
        for sentence in document.sentences:
            ids, _ = self.encode(sentence.lead + sentence.text)
            if len(row.ids) + len(ids) > room:
                break
            start = len(row.ids) + ("\n" in sentence.lead)
            row.borders.append(len(row.ids))
            row.ids += ids
            spans.append((start, len(row.ids)))
            self.gather(row, start, len(row.ids), len(row.ids) - 1)
        row.kinds += [PLAIN] * (len(row.ids) - len(row.kinds))
        row.questions_from = len(row.ids)
        return spans

    def answer_tokens(self, sentence: Sentence, span: tuple[int, int]) -> tuple[int, int]:
        """The tokens of the sentence (without what leads it) that hold a span of its text."""
        _, offsets = self.encode(sentence.lead + sentence.text)
        lead = len(sentence.lead)
        skip = int("\n" in sentence.lead)
        inside = [i for i, (a, b) in enumerate(offsets) if b > span[0] + lead and a < span[1] + lead]
        return inside[0] - skip, inside[-1] + 1 - skip

    def overlapping(self, row: Row, spans: list[tuple[int, int]], question: list[int]) -> int:
        """The sentence that shares most with the question."""
        wanted = {f for f in self.form[question].tolist() if self.telling[f]}
        counts = [len(wanted.intersection(self.form[row.ids[a:b]].tolist())) for a, b in spans]
        best = max(counts)
        return self.source.choice([i for i, count in enumerate(counts) if count == best])

    def ask(self, row: Row, document: Document, spans: list[tuple[int, int]], question: Question, stub: bool) -> None:
        """Writes one turn. A stub ends where the answer would begin: it teaches to look, at a fourth of the tokens."""
        source = self.source
        asked = self.encode(" " + question.text)[0]
        at = len(row.ids)
        row.ids += [tokens.QUESTION, *asked, tokens.ANSWER]
        row.kinds += [IGNORED] * (len(asked) + 2)
        place = len(row.ids) - 1
        self.gather(row, at + 1, place, place)
        known = question.sentence is not None
        misled = known and not stub and len(spans) > 1 and source.random() < MISLED
        if known:
            start, end = spans[question.sentence]
            row.found.append((place, [end - 1]))
            row.copied.append((place, [start]))
        if stub:
            return
        if misled:
            others = [i for i in range(len(spans)) if i != question.sentence]
            chosen = source.choice(others)
            if source.random() < 0.7:
                chosen = others[self.overlapping(row, [spans[i] for i in others], asked)]
            start, end = spans[chosen]
        elif not known:
            start, end = spans[self.overlapping(row, spans, asked)]
            row.found.append((place, [end - 1]))
            row.copied.append((place, [start]))
        quote = row.ids[start:end]
        first = len(row.ids)
        row.ids += quote
        start_kind, rest_kind = (IGNORED, IGNORED) if misled else (QUOTE_START, QUOTE)
        row.kinds += [start_kind] * min(3, len(quote)) + [rest_kind] * max(0, len(quote) - 3)
        row.copied += [(first + k, [start + k + 1]) for k in range(len(quote) - 1)]
        self.match(row, at + 1, asked, first, quote)
        row.ids.append(tokens.SO)
        row.kinds.append(ANSWER)
        so = len(row.ids) - 1
        if question.span and known and not misled:
            low, high = self.answer_tokens(document.sentences[question.sentence], question.span)
            answer = quote[low:high]
            row.taken += [(so + k, [first + low + k]) for k in range(len(answer))]
        else:
            answer = self.refusal
            row.taken.append((so, [0]))
        row.ids += [*answer, tokens.END]
        row.kinds += [ANSWER_START] + [ANSWER] * len(answer)

    def gather(self, row: Row, start: int, end: int, place: int) -> None:
        words = (np.flatnonzero(self.telling[self.form[row.ids[start:end]]]) + start).tolist()
        if words:
            row.gathered.append((place, words))

    def match(self, row: Row, at: int, asked: list[int], first: int, quote: list[int]) -> None:
        forms = self.form[asked]
        for k, form in enumerate(self.form[quote].tolist()):
            if self.telling[form]:
                same = (np.flatnonzero(forms == form)[: MOST_TARGETS["matched"]] + at).tolist()
                if same:
                    row.matched.append((first + k, same))

    def draw(self, length: int) -> Row:
        """A row of exactly `length` tokens."""
        source = self.source
        share = source.uniform(0.4, 0.65)
        document = self.draw_document(int(length * share * 4))
        row = Row([tokens.BEGIN], [IGNORED])
        spans = self.write_document(row, document, int(length * 0.7))
        if not spans:
            return self.draw(length)
        questions = [q for q in document.questions if q.sentence is None or q.sentence < len(spans)]
        self.strange += [q.text for q in questions if q.span][:2]
        del self.strange[:-400]
        source.shuffle(questions)
        refill = 0
        while len(row.ids) < length:
            if not questions:
                refill += 1
                fresh = Document(document.sentences[: len(spans)])
                documents.with_cloze(fresh, source, 6)
                questions = fresh.questions
                if refill > 12:
                    break
                continue
            question = questions.pop()
            if len(self.strange) > 100 and source.random() < FOREIGN * (1 - STUBS):
                other = source.choice(self.strange)
                if other not in {q.text for q in document.questions}:
                    question = Question(other, None, None)
            self.ask(row, document, spans, question, question.sentence is not None and source.random() < STUBS)
        row.before = [(at, [at - 1]) for at in source.sample(range(1, length), PLACES_BEFORE)]
        inside = [(at, [start]) for start, end in spans for at in range(start, end)]
        row.opened = source.sample(inside, min(PLACES_OPENED, len(inside)))
        row.opened += [(end - 1, [start]) for start, end in spans]
        return self.cut(row, length)

    def cut(self, row: Row, length: int) -> Row:
        """The row at its length: what stands beyond is dropped, with what points from there."""
        missing = length - len(row.ids)
        row.ids += [tokens.END] * missing
        row.kinds += [IGNORED] * missing
        del row.ids[length:], row.kinds[length:]
        for name in SORTS:
            setattr(row, name, [p for p in getattr(row, name) if p[0] < length])
        return row

    def positions(self, row: Row, spread: float) -> np.ndarray:
        """Positions of a row: with probability `spread` pulled apart between sentences and before the questions."""
        source, length = self.source, len(row.ids)
        positions = np.arange(length)
        if source.random() >= spread:
            return positions
        cuts = [row.questions_from] + [source.choice(row.borders) for _ in range(source.randint(0, 4))]
        total = int(np.exp(source.uniform(np.log(64), np.log(POSITIONS - length))))
        weights = [source.random() for _ in cuts]
        for cut, weight in zip(cuts, weights, strict=True):
            positions[cut:] += int(total * weight / (sum(weights) + 1e-9))
        return positions

    def batch(self, count: int, length: int, spread: float) -> dict[str, np.ndarray]:
        """ids, kinds, positions [rows, length]; questions_from [rows]; of each sort of pointer `<sort>_at` [rows, n] (-1: none) and
        `<sort>_to` [rows, n, MOST_TARGETS]."""
        rows = [self.draw(length) for _ in range(count)]
        arrays = {
            "ids": np.array([r.ids for r in rows], dtype=np.int64),
            "kinds": np.array([r.kinds for r in rows], dtype=np.int8),
            "positions": np.stack([self.positions(r, spread) for r in rows]),
            "questions_from": np.array([r.questions_from for r in rows]),
        }
        for sort in SORTS:
            longest = max(1, *(len(getattr(r, sort)) for r in rows))
            longest = -(-longest // 16) * 16
            at = np.full((count, longest), -1)
            most = MOST_TARGETS[sort]
            to = np.full((count, longest, most), -1)
            for n, r in enumerate(rows):
                for k, (place, targets) in enumerate(getattr(r, sort)):
                    at[n, k] = place
                    to[n, k, : len(targets)] = targets[:most]
            arrays[f"{sort}_at"], arrays[f"{sort}_to"] = at, to
        return arrays


if __name__ == "__main__":
    import time

    sequences = Sequences(3)
    started = time.time()
    batch = sequences.batch(64, 512, 0.5)
    print(f"{(time.time() - started) / 4:.2f} s for 8,192 tokens")
    print({name: int((batch[f"{name}_at"] >= 0).sum()) // 4 for name in SORTS})
    print(np.bincount(batch["kinds"].ravel(), minlength=6) // 4)
    print(sequences.tokenizer.decode(batch["ids"][0].tolist(), skip_special_tokens=False))
