"""Training rows of two kinds. A document and questions about it, most of which end at `<|answer|>`: they teach to find. And drills: questions
with one sentence each, from which the answer is taken or which is refused: they teach to read.

A question is `<|question|> question <|answer|> sentence <|so|> answer <|end|>`; half of the time the sentence stands there twice, with
`<|answer|>` between: in the second copy every word has seen all of the sentence.
"""

import random
import sys
from dataclasses import dataclass, field
from functools import lru_cache, partial
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
IGNORED, PLAIN, ANSWER, START, ONCE, TWICE, REFUSED = range(7)
"""The first token of an answer is ONCE or TWICE where people asked (by how often the sentence stands there), else START."""
SORTS = ("found", "occurs", "pointed", "again", "asks", "started", "ended", "taken", "matched", "before", "opened", "gathered")
MOST_TARGETS = dict.fromkeys(SORTS, 1) | {"matched": 4, "gathered": 24, "occurs": 12, "asks": 3, "started": 4, "ended": 4}
# Of every token's pointers to the one before it and to its sentence's first: so many a row.
PLACES_BEFORE, PLACES_OPENED = 64, 48
SHARES = {"people": 0.45, "facts": 0.3, "text": 0.25}
DRILL_SHARES = {"people": 0.66, "facts": 0.28, "text": 0.06}
# Share of the rows that are drills; of questions about a document those that end at `<|answer|>`; of answered ones those that get a
# wrong sentence, those that get the sentence twice, and of a drill's questions those that are asked of both a right and a wrong one.
DRILLS, STUBS, MISLED, DOUBLED, PAIRED = 0.9, 0.8, 0.33, 0.0, 0.35
DRILLED_FILES = {"wikipedia": 0.6, "privacy-policies": 0.04, "wiki-sentences": 0.36}
# Of wrong sentences those about the entity that is asked for, where there are any.
SAME_ENTITY = 0.7
ASKING_WORDS = {"what", "who", "whom", "whose", "when", "where", "which", "why", "how"}


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
    occurs: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of a telling word of the question, where the document has the same word; its first token where it has not)."""
    pointed: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of an answer token, the first token of the answer in the document)."""
    again: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place in a sentence's second copy, what comes next in its first)."""
    asks: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of `<|so|>`, the word that the question asks with and the one behind it)."""
    started: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of `<|so|>`, the answer's first token in the sentence's last copy; annotators differ)."""
    ended: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of `<|so|>`, the answer's last token there)."""
    taken: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place in an answer, the sentence's token that it goes on with)."""
    matched: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place of a quoted word, where the question has the same word)."""
    before: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place, the place before it)."""
    gathered: list[tuple[int, list[int]]] = field(default_factory=list)
    """(the last token of a sentence of the document, or an answer token; the words of that sentence, or of the question)."""
    opened: list[tuple[int, list[int]]] = field(default_factory=list)
    """(place in a sentence, where the sentence begins)."""
    inside: list[tuple[int, list[int]]] = field(default_factory=list)
    """All places of which `opened` takes some."""


class Sequences:
    def __init__(self, seed: int, evaluation: bool = False):
        self.tokenizer = tokens.load()
        self.source = random.Random(seed)
        self.evaluation = evaluation
        words, self.form = tokens.forms(self.tokenizer)
        # Words that say what a question is about.
        self.telling = np.array([w.isalnum() and w not in FUNCTION_WORDS and w not in ("s", "t") for w in words])
        self.encode = lru_cache(200_000)(self._encode)
        self.asking = np.array([w in ASKING_WORDS for w in words])
        self.refusal = self.encode(" " + ABSENT)[0]

    def _encode(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        encoded = self.tokenizer.encode(text)
        return encoded.ids, encoded.offsets

    def draw_document(self, characters: int, shares: dict[str, float] = SHARES) -> Document:
        source = self.source
        kind = "people" if self.evaluation else source.choices(list(shares), list(shares.values()))[0]
        make = {"people": documents.of_people, "facts": documents.of_facts, "text": documents.of_text}[kind]
        if kind == "facts" and shares is DRILL_SHARES:
            make = partial(documents.of_facts, entities=source.choice([documents.FEW, documents.FEW, documents.MANY]))
        if kind == "people" and shares is DRILL_SHARES:
            file = "wikipedia" if self.evaluation else source.choices(list(DRILLED_FILES), list(DRILLED_FILES.values()))[0]
            document = documents.of_people(source, characters, self.evaluation, file)
        else:
            document = make(source, characters)
        if len(document.sentences) < 2:
            return self.draw_document(characters, shares)
        if source.random() < 0.08:
            documents.wrapped(document, source)
        if not self.evaluation and (kind != "people" or shares is SHARES):
            documents.with_cloze(document, source, 8 if kind == "text" else 3)
        for question in document.questions if kind == "people" or self.evaluation else ():
            question.human = True
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

    def misleading(self, sentences: list[list[int]], question: list[int], right: int | None, about: list[int]) -> int:
        """One of the sentences (token ids) that share most with the question, but not the right one. about: those that say something
        else of what is asked for, which mislead most."""
        if about and self.source.random() < SAME_ENTITY:
            return self.source.choice(about)
        wanted = {f for f in self.form[question].tolist() if self.telling[f]}
        counts = [(len(wanted.intersection(self.form[ids].tolist())), self.source.random(), i) for i, ids in enumerate(sentences) if i != right]
        best = sorted(counts, reverse=True)[: self.source.choice([1, 1, 2, 4, 8])]
        return self.source.choice(best)[2]

    def rivals(self, document: Document, question: Question) -> list[int]:
        """Sentences about what the question is about that state another fact."""
        asked = document.sentences[question.sentence].fact if question.sentence is not None else None
        return [n for n, each in enumerate(document.sentences) if question.about and each.about == question.about and each.fact != asked]

    def ask(self, row: Row, spans: list[tuple[int, int]], question: Question, document: Document) -> None:
        """A question about the document in the row, up to `<|answer|>`: it teaches to look."""
        asked = self.encode(" " + question.text)[0]
        at = len(row.ids)
        row.ids += [tokens.QUESTION, *asked, tokens.ANSWER]
        row.kinds += [IGNORED] * (len(asked) + 2)
        place = len(row.ids) - 1
        self.gather(row, at + 1, place, place)
        self.occur(row, at + 1, asked)
        if question.sentence is not None:
            start, end = spans[question.sentence]
            row.found.append((place, [end - 1]))
            if question.span:
                low, _ = self.answer_tokens(document.sentences[question.sentence], question.span)
                row.pointed.append((place, [start + low]))

    def answer(
        self, row: Row, sentences: list[list[int]], question: Question, document: Document, misled: bool | None = None
    ) -> None:
        """Goes on behind `<|answer|>` with a sentence, right or wrong, and what it says. `sentences`: ids without what leads them."""
        source = self.source
        at = max(i for i, token in enumerate(row.ids) if token == tokens.QUESTION) + 1
        asked = row.ids[at:-1]
        right = question.sentence if question.span else None
        if misled is None:
            misled = len(sentences) > 1 and source.random() < MISLED
        misled = misled or right is None
        quote = sentences[self.misleading(sentences, asked, right, self.rivals(document, question)) if misled else right]
        doubled = source.random() < DOUBLED
        first = len(row.ids)
        self.copy(row, quote, at, asked)
        if doubled:
            row.ids.append(tokens.ANSWER)
            row.kinds.append(IGNORED)
            row.again += [(len(row.ids) + k, [first + k + 1]) for k in range(len(quote) - 1)]
            first = len(row.ids)
            self.copy(row, quote, at, asked)
        row.ids.append(tokens.SO)
        row.kinds.append(IGNORED)
        so = len(row.ids) - 1
        asking = np.flatnonzero(self.asking[self.form[asked]])[:1].tolist() or [0]
        row.asks.append((so, [at + n for n in (asking[0], asking[0] + 1) if n < len(asked)]))
        if misled:
            said, kind = self.refusal, REFUSED
        else:
            low, high = self.answer_tokens(document.sentences[right], question.span)
            said = quote[low:high]
            kind = (TWICE if doubled else ONCE) if question.human else START
            marked = [self.answer_tokens(document.sentences[right], span) for span in (question.span, *question.others)]
            row.started.append((so, list(dict.fromkeys(first + a for a, _ in marked))))
            row.ended.append((so, list(dict.fromkeys(first + b - 1 for _, b in marked))))
            row.taken += [(so + k, [first + low + k]) for k in range(1, len(said))]
        row.ids += [*said, tokens.END]
        row.kinds += [kind] + [ANSWER] * len(said)

    def copy(self, row: Row, quote: list[int], at: int, asked: list[int]) -> None:
        first = len(row.ids)
        row.ids += quote
        row.kinds += [IGNORED] * len(quote)
        row.inside += [(first + k, [first]) for k in range(len(quote))]
        self.match(row, at, asked, first, quote)

    def occur(self, row: Row, at: int, asked: list[int]) -> None:
        forms = self.form[row.ids[: row.questions_from]]
        for k, form in enumerate(self.form[asked].tolist()):
            if self.telling[form]:
                same = np.flatnonzero(forms == form).tolist()
                same = self.source.sample(same, MOST_TARGETS["occurs"]) if len(same) > MOST_TARGETS["occurs"] else same
                row.occurs.append((at + k, same or [0]))

    def gather(self, row: Row, start: int, end: int, place: int) -> None:
        words = (np.flatnonzero(self.telling[self.form[row.ids[start:end]]]) + start).tolist()
        if words:
            row.gathered.append((place, words))

    def match(self, row: Row, at: int, asked: list[int], first: int, quote: list[int]) -> None:
        """Words of the sentence that the question has as well look at them there, all others at `<|question|>`."""
        places: dict[int, list[int]] = {}
        for k, form in enumerate(self.form[asked].tolist()):
            if self.telling[form]:
                places.setdefault(form, []).append(at + k)
        row.matched += [(first + k, places.get(form, [at - 1])) for k, form in enumerate(self.form[quote].tolist())]

    def draw(self, length: int) -> Row:
        """A row of exactly `length` tokens."""
        row = self.drill(length) if self.evaluation or self.source.random() < DRILLS else self.about(length)
        row.before = [(at, [at - 1]) for at in self.source.sample(range(1, length), PLACES_BEFORE)]
        row.opened += self.source.sample(row.inside, min(PLACES_OPENED, len(row.inside)))
        return self.cut(row, length)

    def about(self, length: int) -> Row:
        """A document with questions about it."""
        source = self.source
        document = self.draw_document(int(length * source.uniform(0.4, 0.65) * 4))
        row = Row([tokens.BEGIN], [IGNORED])
        spans = self.write_document(row, document, int(length * 0.7))
        if not spans:
            return self.about(length)
        row.inside = [(at, [start]) for start, end in spans for at in range(start, end)]
        row.opened = [(end - 1, [start]) for start, end in spans]
        questions = [q for q in document.questions if q.sentence is None or q.sentence < len(spans)]
        source.shuffle(questions)
        sentences = [row.ids[a:b] for a, b in spans]
        refill = 0
        while len(row.ids) < length and refill < 12:
            if not questions:
                refill += 1
                fresh = Document(document.sentences[: len(spans)])
                documents.with_cloze(fresh, source, 6)
                questions = fresh.questions
                continue
            question = questions.pop()
            self.ask(row, spans, question, document)
            if source.random() >= STUBS:
                self.answer(row, sentences, question, document)
        return row

    def drill(self, length: int) -> Row:
        """Questions with a sentence each and no document."""
        source = self.source
        row = Row([tokens.BEGIN], [IGNORED], 1)
        while len(row.ids) < length:
            document = self.draw_document(1200, DRILL_SHARES)
            sentences = []
            for sentence in document.sentences:
                ids, _ = self.encode(sentence.lead + sentence.text)
                sentences.append(ids["\n" in sentence.lead :])
            for question in source.sample(document.questions, min(4, len(document.questions))):
                both = question.span is not None and len(sentences) > 1 and source.random() < PAIRED
                # One behind the other, so that what tells them apart is the sentence alone.
                for misled in source.sample([False, True], 2) if both else [None]:
                    self.drilled(row, sentences, question, document, misled)
        return row

    def drilled(self, row: Row, sentences: list[list[int]], question: Question, document: Document, misled: bool | None) -> None:
        row.borders.append(len(row.ids))
        text = question.text.lower().rstrip("?") if self.source.random() < 0.1 else question.text
        asked = self.encode(" " + text)[0]
        at = len(row.ids)
        row.ids += [tokens.QUESTION, *asked, tokens.ANSWER]
        row.kinds += [IGNORED] * (len(asked) + 2)
        self.gather(row, at + 1, len(row.ids) - 1, len(row.ids) - 1)
        self.answer(row, sentences, question, document, misled)

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
    print(np.bincount(batch["kinds"].ravel(), minlength=7) // 4)
    for row in range(4):
        print(sequences.tokenizer.decode(batch["ids"][row].tolist(), skip_special_tokens=False))
