"""Reads a document once and answers questions about it, as the engine does: a cache for each (layer, KV head), windows where the
plan says so, and answers held to the document's own words."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

import tokens
from network import LEADERS, RECENT, SINKS, Reader

MOST_QUOTED, MOST_SAID = 110, 60
FINDING_LAYER = 5


class Reading:
    """What has been read so far. `how` as in `network.masks_for`."""

    def __init__(self, model: Reader, how: str = "plan", recent: int = RECENT):
        self.model, self.how, self.recent = model, how, recent
        self.length = 0
        self.asking = False
        self.keys: list[list] = [[None] * model.shape.key_value_heads for _ in model.layers]
        self.values: list[list] = [[None] * model.shape.key_value_heads for _ in model.layers]
        self.watched: dict[tuple[int, int], torch.Tensor] = {}
        """Attention of the last token read, by (layer, KV head): [query heads, what it sees]; for those that lead."""
        self.watch_all = False
        """Whether all tokens' attention is kept: [query heads, tokens of the chunk, what they see]."""

    def fork(self) -> "Reading":
        """A copy that goes on by itself."""
        other = Reading(self.model, self.how, self.recent)
        other.length, other.asking = self.length, self.asking
        other.keys, other.values = [list(k) for k in self.keys], [list(v) for v in self.values]
        return other

    def streams(self, layer: int, head: int) -> bool:
        return self.how != "dense" and (layer, head) not in LEADERS

    def visible(self, layer: int, head: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values [n, head] that what comes next will see."""
        keys, values = self.keys[layer][head], self.values[layer][head]
        border = len(keys) - self.recent
        if not self.streams(layer, head) or border <= SINKS:
            return keys, values
        return torch.cat((keys[:SINKS], keys[border:])), torch.cat((values[:SINKS], values[border:]))

    def mixed(self, layer: int, head: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """Attention of the query heads [ratio, n, head] that share a KV head, whose new key and value are [n, head]."""
        keys, values = self.keys[layer][head], self.values[layer][head]
        if keys is not None:
            key, value = torch.cat((keys, key)), torch.cat((values, value))
        self.keys[layer][head], self.values[layer][head] = key, value
        ratio, rows, size = query.shape
        border = len(key) - rows - self.recent
        windowed = self.streams(layer, head) or (self.how == "patient" and not self.asking)
        if windowed and border > SINKS:
            key, value = torch.cat((key[:SINKS], key[border:])), torch.cat((value[:SINKS], value[border:]))
            if self.streams(layer, head):
                self.keys[layer][head], self.values[layer][head] = key, value
        scores = (query @ key.T) * size**-0.5
        if rows > 1:
            later = torch.ones(rows, len(key), dtype=torch.bool).triu(len(key) - rows + 1)
            scores = scores.masked_fill(later, -torch.inf)
        weights = scores.softmax(-1)
        if not windowed:
            self.watched[layer, head] = weights if self.watch_all else weights[:, -1]
        return weights @ value

    @torch.no_grad()
    def read(self, ids: list[int], chunk: int = 256) -> torch.Tensor:
        """Reads on; returns the final hidden states of the last chunk [n, hidden]."""
        for start in range(0, len(ids), chunk):
            hidden = self.read_chunk(ids[start : start + chunk])
        return hidden

    def read_chunk(self, ids: list[int]) -> torch.Tensor:
        model, shape = self.model, self.model.shape
        ratio = shape.query_heads // shape.key_value_heads
        cosine, sine = model.angles(torch.arange(self.length, self.length + len(ids))[None])
        x = model.embedding(torch.tensor([ids]))
        for index, layer in enumerate(model.layers):
            query, key, value = layer.attention.parts(layer.attention_norm(x), cosine, sine)
            parts = [
                self.mixed(index, head, query[0, head * ratio : (head + 1) * ratio], key[0, head], value[0, head])
                for head in range(shape.key_value_heads)
            ]
            x = x + layer.attention.output(torch.cat(parts).transpose(0, 1).reshape(1, len(ids), -1))
            x = layer.feed_forward(x)
        self.length += len(ids)
        return model.norm(x)[0]


@dataclass
class Answered:
    quote: list[int]
    said: list[int]
    place: int | None
    """Where in the document the quote stands."""
    confidence: float
    """Product of the probabilities of what was said after the quote."""


class Answerer:
    def __init__(self, model: Reader, tokenizer, refusal: str, held: bool = True, bias: float = 0.0):
        """`held`: quotes and answers are the document's own tokens. `bias` is added to the refusal's logit."""
        self.model, self.tokenizer, self.held, self.bias = model, tokenizer, held, bias
        self.table = model.embedding.table().detach()
        self.refusal = tokenizer.encode(" " + refusal).ids
        starts = [tokenizer.decode([n]) for n in range(tokenizer.get_vocab_size())]
        self.opens_word = torch.tensor([not text[:1].isalnum() for text in starts])

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return F.linear(hidden[-1], self.table)

    def ask(self, reading: Reading, document: torch.Tensor, question: str) -> Answered:
        reading = reading.fork()
        reading.asking = True
        ids = [tokens.QUESTION, *self.tokenizer.encode(" " + question).ids, tokens.ANSWER]
        logits = self.logits(reading.read(ids))
        quote, place, logits = self.quote(reading, document, logits)
        said, confidence = self.say(reading, quote, logits)
        return Answered(quote, said, place, confidence)

    def ask_among(self, reading: Reading, document: torch.Tensor, question: str, sentences: list[tuple[int, int]], count: int) -> Answered:
        """Looks at `count` sentences [start, end) of the document, those that attention finds, reads each again behind the question,
        and takes the answer of the one that speaks most for itself."""
        reading = reading.fork()
        reading.asking = True
        reading.read([tokens.QUESTION, *self.tokenizer.encode(" " + question).ids, tokens.ANSWER])
        looked = torch.cat([reading.watched[FINDING_LAYER, head] for head in range(self.model.shape.key_value_heads)]).mean(0)
        # Sentences are read at their last token, where all of them is known.
        shares = torch.stack([looked[start:end].sum() for start, end in sentences])
        answers = []
        for index in shares.topk(min(count, len(sentences))).indices.tolist():
            start, end = sentences[index]
            quote = document[start:end].tolist()
            again = reading.fork()
            logits = self.logits(again.read([*quote, tokens.SO]))
            refused = self.refused(again, logits)
            said, confidence = self.say(again, quote, logits.clone())
            answers.append((shares[index].item() * (1 - refused), Answered(quote, said, start, confidence)))
        return max(answers, key=lambda each: each[0])[1]

    def refused(self, reading: Reading, logits: torch.Tensor) -> float:
        """Probability that the refusal is said: of its first two tokens, as its first may also begin an answer."""
        first = logits.softmax(-1)[self.refusal[0]].item()
        if first < 0.02:
            return first
        second = self.logits(reading.fork().read([self.refusal[0]])).softmax(-1)[self.refusal[1]].item()
        return first * second

    def quote(self, reading: Reading, document: torch.Tensor, logits: torch.Tensor):
        quote: list[int] = []
        candidates = torch.arange(len(document))
        while len(quote) < MOST_QUOTED:
            if self.held:
                candidates = candidates[candidates + len(quote) < len(document)]
                allowed = torch.unique(document[candidates + len(quote)])
                if quote:
                    allowed = torch.cat((allowed, torch.tensor([tokens.SO])))
                best = allowed[logits[allowed].argmax()].item()
            else:
                best = logits.argmax().item()
            if best == tokens.SO or best == tokens.END:
                break
            candidates = candidates[document[(candidates + len(quote)).clamp(max=len(document) - 1)] == best]
            quote.append(best)
            logits = self.logits(reading.read([best]))
        logits = self.logits(reading.read([tokens.SO]))
        return quote, candidates[0].item() if len(candidates) else None, logits

    def say(self, reading: Reading, quote: list[int], logits: torch.Tensor) -> tuple[list[int], float]:
        said: list[int] = []
        confidence = 1.0
        ways = [quote[n:] for n in range(len(quote))] + [self.refusal]
        if not self.held:
            ways = []
        while len(said) < MOST_SAID:
            probabilities = logits.softmax(-1)
            if not said:
                logits[self.refusal[0]] += self.bias
            if self.held:
                allowed = {way[len(said)] for way in ways if len(way) > len(said)}
                if said and any(len(way) == len(said) or self.opens_word[way[len(said)]] for way in ways):
                    allowed.add(tokens.END)
                allowed = torch.tensor(sorted(allowed))
                best = allowed[logits[allowed].argmax()].item()
            else:
                best = logits.argmax().item()
            confidence *= probabilities[best].item()
            if best == tokens.END:
                break
            ways = [way for way in ways if len(way) > len(said) and way[len(said)] == best]
            said.append(best)
            logits = self.logits(reading.read([best]))
        return said, confidence
