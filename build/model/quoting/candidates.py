"""Reads sentences of a document again behind a question, several at once, and takes the answer of the one that tells most.

The words' own score (BM25 over sentences) stands here as well, to be compared and joined with the attention's.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass

import torch
import torch.nn.functional as F

import tokens
from answering import Reading
from network import SINKS

FOUND, OCCURS, POINTED = (5, 1), (5, 0), (6, 0)
"""(layer, KV head) whose query heads look for the sentence, for the question's words, for the answer's first token."""
STARTED = (7, 1)
"""Its first query head points at the answer's first token, its second at its last."""
MOST_SAID, LONGEST_SPAN = 40, 24
SATURATION, LENGTH_WEIGHT, BESIDE = 1.0, 0.3, 0.2


def stems(text: str) -> list[str]:
    found = []
    for word in re.findall(r"[^\W_]+", text.lower()):
        ending = next((e for e in ("ies", "ied", "ing", "ed", "es", "s", "e", "y") if word.endswith(e) and len(word) - len(e) >= 3), "")
        found.append(word.removesuffix(ending))
    return found


class Words:
    """BM25 of a document's sentences; a fifth of the score of the one before counts as well, as questions use words of both."""

    def __init__(self, sentences: list[str]):
        self.counts = [Counter(stems(s)) for s in sentences]
        lengths = [sum(c.values()) for c in self.counts]
        mean = sum(lengths) / len(lengths)
        self.norms = [1 - LENGTH_WEIGHT + LENGTH_WEIGHT * n / mean for n in lengths]
        self.spread = Counter(word for c in self.counts for word in c)

    def scores(self, question: str) -> torch.Tensor:
        total = torch.zeros(len(self.counts))
        for word in set(stems(question)):
            rarity = math.log(1 + (len(self.counts) - self.spread[word] + 0.5) / (self.spread[word] + 0.5))
            for index, counts in enumerate(self.counts):
                if word in counts:
                    n = counts[word]
                    total[index] += rarity * n * (SATURATION + 1) / (n + SATURATION * self.norms[index])
        before = torch.cat((torch.zeros(1), total[:-1]))
        return total + BESIDE * before + BESIDE / 2 * torch.cat((total[1:], torch.zeros(1)))


@dataclass
class Looked:
    """Where a question's attention lies, summed over each sentence's tokens; `pointed` token by token of the document."""

    reading: Reading
    found: torch.Tensor
    occurs: torch.Tensor
    pointed: torch.Tensor


def look(reading: Reading, question: list[int], telling: torch.Tensor, spans: list[tuple[int, int]]) -> Looked:
    reading = reading.fork()
    reading.asking = True
    reading.watch_all = True
    length = reading.length
    reading.read([tokens.QUESTION, *question, tokens.ANSWER])
    found = reading.watched[FOUND].mean(0)[-1]
    words = torch.nonzero(telling[torch.tensor(question)]).flatten() + 1
    occurs = reading.watched[OCCURS].mean(0)[words].sum(0)
    pointed = reading.watched[POINTED].mean(0)[-1]
    summed = lambda weights: torch.stack([weights[a:b].sum() for a, b in spans])  # noqa: E731
    return Looked(reading, summed(found), summed(occurs), pointed[:length])


@dataclass
class Said:
    refused: float
    """Probability that the document's not saying is said."""
    said: list[int]
    confidence: float
    start: float
    """Probability of the first token."""


class Rereading:
    """Some continuations [rows] of one reading, in step."""

    def __init__(self, model, reading: Reading):
        self.model, self.reading = model, reading
        self.own: list[tuple[torch.Tensor, torch.Tensor] | None] = [None] * len(model.layers)
        self.valid: torch.Tensor | None = None
        self.pointers: torch.Tensor | None = None
        """Of the last step: attention [rows, 2, tokens, tokens read again] of the heads that point at an answer's start and end."""

    def fork(self) -> "Rereading":
        other = Rereading(self.model, self.reading)
        other.own, other.valid = list(self.own), self.valid
        return other

    @torch.no_grad()
    def read(self, ids: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
        """ids, valid [rows, n] -> logits' hidden states [rows, n, hidden]."""
        model, shape = self.model, self.model.shape
        before = torch.zeros(len(ids), 1, dtype=torch.long) if self.valid is None else self.valid.sum(1, keepdim=True)
        positions = self.reading.length + before + valid.long().cumsum(1) - 1
        self.valid = valid if self.valid is None else torch.cat((self.valid, valid), 1)
        rows, n = ids.shape
        total = self.valid.shape[1]
        causal = torch.ones(n, total, dtype=torch.bool).tril(total - n)
        mask = torch.where(causal & self.valid[:, None], 0.0, -1e30)[:, None]
        cosine, sine = model.angles(positions.clamp(min=0))
        ratio = shape.query_heads // shape.key_value_heads
        x = model.embedding(ids)
        for index, layer in enumerate(model.layers):
            query, key, value = layer.attention.parts(layer.attention_norm(x), cosine, sine)
            if self.own[index] is not None:
                key, value = torch.cat((self.own[index][0], key), 2), torch.cat((self.own[index][1], value), 2)
            self.own[index] = (key, value)
            parts = []
            for head in range(shape.key_value_heads):
                far_key, far_value = self.reading.visible(index, head)
                asked = query[:, head * ratio : (head + 1) * ratio]
                far = asked @ far_key.T
                near = asked @ key[:, head, None].mT
                scores = torch.cat((far * shape.head**-0.5, near * shape.head**-0.5 + mask), -1)
                weights = scores.softmax(-1)
                parts.append(weights[..., : len(far_key)] @ far_value + weights[..., len(far_key) :] @ value[:, head, None])
                if (index, head) == STARTED:
                    self.pointers = weights[..., len(far_key) :]
            x = x + layer.attention.output(torch.cat(parts, 1).transpose(1, 2).reshape(rows, n, -1))
            x = layer.feed_forward(x)
        return model.norm(x)


class Rereader:
    def __init__(self, model, tokenizer, refusal: str):
        self.model, self.tokenizer = model, tokenizer
        self.table = model.embedding.table().detach()
        self.refusal = tokenizer.encode(" " + refusal).ids
        starts = [tokenizer.decode([n]) for n in range(tokenizer.get_vocab_size())]
        self.opens_word = [not text[:1].isalnum() for text in starts]

    def ask(self, looked: Reading, quotes: list[list[int]], twice: bool, ways: tuple[str, ...] = ("both",)) -> list[dict[str, Said]]:
        """What each sentence says, for each way to choose the first token: "words" by the language model, "pointer" by attention, "both"."""
        written = [[*q, *([tokens.ANSWER, *q] if twice else []), tokens.SO] for q in quotes]
        longest = max(map(len, written))
        ids = torch.tensor([w + [tokens.END] * (longest - len(w)) for w in written])
        valid = torch.arange(longest)[None] < torch.tensor([[len(w)] for w in written])
        again = Rereading(self.model, looked)
        hidden = again.read(ids, valid)
        last = torch.tensor([len(w) - 1 for w in written])
        rows = torch.arange(len(quotes))
        taken, ended = again.pointers[rows, 0, last], again.pointers[rows, 1, last]
        first = F.linear(hidden[rows, last], self.table).softmax(-1)
        refused = self.refused(again, first)
        results: list[dict[str, Said]] = [{} for _ in quotes]
        chosen: list[tuple[int, str, int]] = []
        spans: dict[int, tuple[int, int]] = {}
        for row, quote in enumerate(quotes):
            begin = len(quote) + 1 if twice else 0
            pointer = taken[row, begin : begin + len(quote)]
            by_words = first[row, quote]
            # A word's probability belongs to all its occurrences; attention says which.
            same = torch.tensor(quote)
            shares = torch.stack([pointer[i] / pointer[same == same[i]].sum().clamp(min=1e-9) for i in range(len(quote))])
            opens = torch.tensor([i == 0 or self.opens_word[t] for i, t in enumerate(quote)])
            for way in ways:
                score = {"words": by_words * (shares + 1e-3), "pointer": pointer, "both": (by_words + 1e-4) * (pointer + 1e-4), "span": pointer}[way]
                start = int((score * opens + 1e-12 * opens).argmax())
                if way == "span":
                    spans[row] = self.span(quote, pointer * opens, ended[row, begin : begin + len(quote)])
                    start = spans[row][0]
                chosen.append((row, way, start))
        starts = {(row, way): start for row, way, start in chosen}
        for row, way, start in chosen:
            results[row][way] = Said(refused[row], [], 1.0, (first[row, quotes[row][start]]).item())
        unique = sorted({(row, start) for row, _, start in chosen})
        said = self.continued(again, quotes, unique)
        for (row, way), start in starts.items():
            results[row][way].said, results[row][way].confidence = said[row, start]
            if way == "span":
                results[row][way].said = quotes[row][slice(*spans[row])]
        return results

    def span(self, quote: list[int], start: torch.Tensor, end: torch.Tensor) -> tuple[int, int]:
        """The likeliest [start, end) by the two pointers, whole words only."""
        closes = torch.tensor([n + 1 == len(quote) or self.opens_word[quote[n + 1]] for n in range(len(quote))])
        joint = (start[:, None] * (end * closes)[None]).triu().tril(LONGEST_SPAN - 1)
        at = int(joint.argmax())
        return at // len(quote), at % len(quote) + 1

    def refused(self, again: Rereading, first: torch.Tensor) -> list[float]:
        rows = len(first)
        hidden = again.fork().read(torch.full((rows, 1), self.refusal[0]), torch.ones(rows, 1, dtype=torch.bool))
        second = F.linear(hidden[:, -1], self.table).softmax(-1)[:, self.refusal[1]]
        return (first[:, self.refusal[0]] * second).tolist()

    def continued(self, again: Rereading, quotes, starts: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[list[int], float]]:
        """Answers that begin at given tokens of the quotes and go on in them until the model says that they end."""
        rows = torch.tensor([row for row, _ in starts])
        branch = Rereading(self.model, again.reading)
        branch.own = [(k[rows], v[rows]) for k, v in again.own]
        branch.valid = again.valid[rows]
        going = {n: start for n, (_, start) in enumerate(starts)}
        ends, sure = dict(going), dict.fromkeys(going, 1.0)
        for _ in range(MOST_SAID):
            if not going:
                break
            ids = torch.full((len(starts), 1), tokens.END)
            for n, at in going.items():
                ids[n, 0] = quotes[starts[n][0]][at]
            alive = torch.tensor([[n in going] for n in range(len(starts))])
            hidden = branch.read(ids, alive)
            chances = F.linear(hidden[:, -1], self.table).softmax(-1)
            for n, at in list(going.items()):
                quote = quotes[starts[n][0]]
                ends[n] = at + 1
                follows = at + 1 < len(quote)
                go_on = chances[n, quote[at + 1]].item() if follows else 0.0
                stop = chances[n, tokens.END].item()
                inside = follows and not self.opens_word[quote[at + 1]]
                if not follows or (stop >= go_on and not inside):
                    sure[n] *= stop
                    del going[n]
                else:
                    sure[n] *= go_on
                    going[n] = at + 1
        return {pair: (quotes[pair[0]][pair[1] : ends[n]], sure[n]) for n, pair in enumerate(starts)}
