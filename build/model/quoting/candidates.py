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
from cloze import FUNCTION_WORDS

FOUND, OCCURS, POINTED = (5, 1), (5, 0), (6, 0)
"""(layer, KV head) whose query heads look for the sentence, for the question's words, for the answer's first token."""
STARTED = (7, 1)
"""Its first query head points at the answer's first token, its second at its last."""
STARTS, LONGEST_SPAN = 4, 24
WAYS = ("words", "pointer", "span", "joint")
"""How start and end of an answer are chosen: by the language model; by the start pointer and the language model; by both pointers; by all."""
SATURATION, LENGTH_WEIGHT, BESIDE = 1.0, 0.3, 0.2


def stems(text: str) -> list[str]:
    found = []
    for word in re.findall(r"[^\W_]+", text.lower()):
        ending = next((e for e in ("ies", "ied", "ing", "ed", "es", "s", "e", "y") if word.endswith(e) and len(word) - len(e) >= 3), "")
        found.append(word.removesuffix(ending))
    return found


def beside(scores: torch.Tensor) -> torch.Tensor:
    """Each sentence's score with a part of its neighbours'."""
    none = torch.zeros(1)
    return scores + BESIDE * torch.cat((none, scores[:-1])) + BESIDE / 2 * torch.cat((scores[1:], none))


class Words:
    """BM25 of a document's sentences, as a share of what a sentence with every word of the question once would have; its neighbours
    count a little, as questions use words of several sentences."""

    def __init__(self, sentences: list[str]):
        self.counts = [Counter(stems(s)) for s in sentences]
        lengths = [sum(c.values()) for c in self.counts]
        mean = sum(lengths) / len(lengths)
        self.norms = [1 - LENGTH_WEIGHT + LENGTH_WEIGHT * n / mean for n in lengths]
        self.spread = Counter(word for c in self.counts for word in c)

    def scores(self, question: str) -> torch.Tensor:
        total, possible = torch.zeros(len(self.counts)), 0.0
        # "How", "be" and "by" are rare in many a text, and would be followed.
        asked = [w for w in re.findall(r"[^\W_]+", question.lower()) if w not in FUNCTION_WORDS]
        for word in set(stems(" ".join(asked) or question)):
            rarity = math.log(1 + (len(self.counts) - self.spread[word] + 0.5) / (self.spread[word] + 0.5))
            possible += rarity
            for index, counts in enumerate(self.counts):
                if word in counts:
                    n = counts[word]
                    total[index] += rarity * n * (SATURATION + 1) / (n + SATURATION * self.norms[index])
        total /= max(possible, 1e-6)
        return beside(total)


@dataclass
class Looked:
    """Where a question's attention lies, summed over each sentence's tokens (`occurs`: with its neighbours'); `pointed` token by token of the document."""

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
    return Looked(reading, summed(found), beside(summed(occurs)), pointed[:length])


@dataclass
class Said:
    refused: float
    """Probability that the document's not saying is said."""
    said: list[int]
    confidence: float


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


@dataclass
class Chosen:
    """A sentence and what speaks for each of its tokens [n] as the answer's first and last."""

    quote: list[int]
    pointer: torch.Tensor
    ends: torch.Tensor
    first: torch.Tensor

    def starts(self) -> list[int]:
        return sorted({*self.pointer.topk(min(STARTS, len(self.quote))).indices.tolist(), int(self.first.argmax())})

    def span(self, way: str, stops: dict[int, torch.Tensor]) -> tuple[list[int], float]:
        """(answer, its score) by one of WAYS. `stops`: for each start the chances that the answer ends behind each token from there."""
        start_of = {"words": self.first, "joint": self.pointer * self.first.sqrt()}.get(way, self.pointer)
        scored = []
        for start, by_words in stops.items():
            by_pointer = self.ends[start : start + len(by_words)] * (by_words > 1e-8)
            end = {"span": by_pointer, "joint": by_pointer * by_words.sqrt()}.get(way, by_words)
            first = start_of[start].item() if way in ("span", "joint") or start == int(start_of.argmax()) else 0.0
            scored.append((first * end.max().item(), start, start + int(end.argmax()) + 1))
        score, start, stop = max(scored)
        return self.quote[start:stop], score


class Rereader:
    def __init__(self, model, tokenizer, refusal: str):
        self.model, self.tokenizer = model, tokenizer
        self.table = model.embedding.table().detach()
        self.refusal = tokenizer.encode(" " + refusal).ids
        starts = [tokenizer.decode([n]) for n in range(tokenizer.get_vocab_size())]
        self.opens_word = [not text[:1].isalnum() for text in starts]

    def ask(self, looked: Reading, quotes: list[list[int]], twice: bool) -> list[dict[str, Said]]:
        """What each sentence says, for each of WAYS."""
        written = [[*q, *([tokens.ANSWER, *q] if twice else []), tokens.SO] for q in quotes]
        longest = max(map(len, written))
        ids = torch.tensor([w + [tokens.END] * (longest - len(w)) for w in written])
        valid = torch.arange(longest)[None] < torch.tensor([[len(w)] for w in written])
        again = Rereading(self.model, looked)
        hidden = again.read(ids, valid)
        last = torch.tensor([len(w) - 1 for w in written])
        rows = torch.arange(len(quotes))
        starts, ends = again.pointers[rows, 0, last], again.pointers[rows, 1, last]
        first = F.linear(hidden[rows, last], self.table).softmax(-1)
        refused = self.refused(again, first)
        chosen: list[Chosen] = []
        for row, quote in enumerate(quotes):
            begin = len(quote) + 1 if twice else 0
            opens = torch.tensor([float(n == 0 or self.opens_word[t]) for n, t in enumerate(quote)])
            pointer = starts[row, begin : begin + len(quote)] * opens + 1e-9
            # A token's probability belongs to all its occurrences; attention says which.
            token = torch.tensor(quote)
            shares = torch.stack([pointer[n] / pointer[token == token[n]].sum() for n in range(len(quote))])
            chosen.append(Chosen(quote, pointer, ends[row, begin : begin + len(quote)], first[row, quote] * shares * opens + 1e-9))
        pairs = [(row, start) for row, each in enumerate(chosen) for start in each.starts()]
        stops = self.stops(again, quotes, pairs)
        return [
            {way: Said(refused[row], *each.span(way, {s: stops[row, s] for s in each.starts()})) for way in WAYS}
            for row, each in enumerate(chosen)
        ]

    def refused(self, again: Rereading, first: torch.Tensor) -> list[float]:
        rows = len(first)
        hidden = again.fork().read(torch.full((rows, 1), self.refusal[0]), torch.ones(rows, 1, dtype=torch.bool))
        second = F.linear(hidden[:, -1], self.table).softmax(-1)[:, self.refusal[1]]
        return (first[:, self.refusal[0]] * second).tolist()

    def stops(self, again: Rereading, quotes: list[list[int]], pairs: list[tuple[int, int]]) -> dict[tuple[int, int], torch.Tensor]:
        """For each (row, start): the probabilities that the language model, held to the quote, ends an answer behind each token from
        there on; whole words only."""
        rows = torch.tensor([row for row, _ in pairs])
        branch = Rereading(self.model, again.reading)
        branch.own = [(k[rows], v[rows]) for k, v in again.own]
        branch.valid = again.valid[rows]
        written = [quotes[row][start : start + LONGEST_SPAN] for row, start in pairs]
        longest = max(map(len, written))
        ids = torch.tensor([w + [tokens.END] * (longest - len(w)) for w in written])
        valid = torch.arange(longest)[None] < torch.tensor([[len(w)] for w in written])
        chances = F.linear(branch.read(ids, valid), self.table).softmax(-1)
        result = {}
        for n, (row, start) in enumerate(pairs):
            follows = [*quotes[row][start + 1 :], tokens.END][: len(written[n])]
            here = torch.arange(len(follows))
            go_on, stop = chances[n, here, torch.tensor(follows)], chances[n, here, tokens.END]
            ending = torch.tensor([t == tokens.END or self.opens_word[t] for t in follows])
            stop = torch.where(ending, stop / (stop + go_on).clamp(min=1e-9), 0.0)
            if start + len(follows) == len(quotes[row]):
                stop[-1] = 1.0
            reached = torch.cat((torch.ones(1), (1 - stop).cumprod(0)[:-1]))
            result[row, start] = reached * stop + 1e-9
        return result
