"""Training sequences: prose with facts planted in it, then the questions, every fact asked."""

import random
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

import facts
import prose

WORK = Path(__file__).parent / "work"
POSITIONS = 65536
ANSWER, PLAIN, IGNORED = 2, 1, 0
MOST_QUESTIONS = 48
# (length, fewest facts, most facts)
FACTS_BY_LENGTH = [(128, 1, 3), (256, 2, 6), (512, 4, 10), (1024, 6, 16), (2048, 8, 32), (1 << 30, 24, 48)]


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


class Sequences:
    def __init__(self, seed: int, evaluation: bool = False, count: int | None = None):
        self.tokenizer = Tokenizer.from_file(str(WORK / "tokenizer" / "tokenizer.json"))
        self.source = random.Random(seed)
        self.evaluation = evaluation
        self.count = count
        files = prose.held_out_files() if evaluation else prose.training_files()
        self.prose = Prose(self.tokenizer, files, "held-out" if evaluation else "training")
        self.begin, self.question, self.answer, self.end = range(4)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text).ids

    def draw(self, length: int) -> tuple[list[int], list[int]]:
        """(token ids, kind of each token as a target), both of exactly `length`."""
        source = self.source
        low, high = next((a, b) for limit, a, b in FACTS_BY_LENGTH if length <= limit)
        drawn = facts.draw_facts(source, self.count or source.randint(low, high), self.evaluation)
        statements = [self.encode((" " if source.random() < 0.85 else "\n") + fact.statement) for fact in drawn]
        turns = self.turns(drawn, length)
        room = length - 1 - sum(len(s) for s in statements) - sum(len(q) + len(a) for q, a in turns)
        while room < 0:
            if len(turns) > 1:
                dropped = turns.pop()
                room += len(dropped[0]) + len(dropped[1])
            else:
                return self.draw(length)
        document = self.document(statements, room)
        ids, kinds = [self.begin, *document], [IGNORED] + [PLAIN] * len(document)
        for question, answer in turns:
            ids += question + answer
            kinds += [IGNORED] * len(question) + [ANSWER] * len(answer)
        return ids, kinds

    def turns(self, drawn: list[facts.Fact], length: int) -> list[tuple[list[int], list[int]]]:
        source = self.source
        asked = [(fact.question, fact.value) for fact in drawn]
        for _ in range(len(asked)):
            if source.random() < 0.1:
                asked.append((facts.draw_absent(source, drawn, self.evaluation), facts.ABSENT))
        source.shuffle(asked)
        return [
            # The leading space makes a name's first token the one it has within a sentence.
            ([self.question, *self.encode(" " + question), self.answer], [*self.encode(" " + answer), self.end])
            for question, answer in asked[:MOST_QUESTIONS]
        ]

    def document(self, statements: list[list[int]], room: int) -> list[int]:
        source = self.source
        ids, ends = self.prose.slice(source, room) if room else ([], [])
        places = sorted(source.choice(ends) if ends and source.random() < 0.97 else source.randint(0, room) for _ in statements)
        document: list[int] = []
        last = 0
        for place, statement in zip(places, statements, strict=True):
            document += ids[last:place] + statement
            last = place
        return document + ids[last:]

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
        drawn = [self.draw(length) for _ in range(rows)]
        return {
            "ids": np.array([ids for ids, _ in drawn], dtype=np.int64),
            "kinds": np.array([kinds for _, kinds in drawn], dtype=np.int8),
            "positions": np.stack([self.positions(length, spread) for _ in range(rows)]),
        }
