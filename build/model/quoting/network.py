"""The reader: a Llama-shaped network most of whose attention sees no farther than a window."""

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    vocabulary: int = 16384
    hidden: int = 320
    layers: int = 8
    query_heads: int = 4
    key_value_heads: int = 2
    head: int = 64
    intermediate: int = 640
    rope_base: float = 1e12
    epsilon: float = 1e-5


# The (layer, KV head) pairs that see the whole document; all others see its first tokens and a window.
LEADERS = ((5, 0), (5, 1), (6, 0))
SINKS, RECENT = 16, 256


DROPPED = 0.1
"""Share of what a layer adds that is left out while training: people's questions are few, and are seen several times."""


@dataclass
class Masks:
    """What is added to the scores [batch, 1, tokens, tokens]: of pairs that see a window, and of those that see everything."""

    window: torch.Tensor
    whole: torch.Tensor


NEVER = -1e30


def masks_for(questions_from: torch.Tensor, tokens: int, how: str, recent: int = RECENT, block: int = 64, sinks: int = SINKS) -> Masks:
    """`how`: "dense", everything sees everything before it; "plan", LEADERS alone do; "patient", they too only from a row's
    questions on, so that the document itself is read at the price of its windows."""
    row, column = torch.arange(tokens)[:, None], torch.arange(tokens)[None]
    causal = column <= row
    near = causal & ((column >= row // block * block - recent) | (column < sinks))
    asking = row[None] >= questions_from[:, None, None]
    window = causal if how == "dense" else near
    whole = near | (causal & asking) if how == "patient" else causal
    # Of one shape however it is read, so that the network is compiled once.
    add = lambda seen: torch.where(seen, 0.0, NEVER).expand(len(questions_from), -1, -1)[:, None].contiguous()  # noqa: E731
    return Masks(add(window), add(whole))


@dataclass
class Context:
    cosine: torch.Tensor
    sine: torch.Tensor
    masks: Masks
    queries: dict[int, torch.Tensor] = field(default_factory=dict)
    keys: dict[int, torch.Tensor] = field(default_factory=dict)


def rotary(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Half-split rotation of [batch, heads, tokens, head]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


def written_out(query, key, value, masks: list[torch.Tensor]) -> torch.Tensor:
    """Attention as one product of all rows with all keys, which trains faster than the fused kernel on a CPU; a mask for each KV head."""
    batch, heads, tokens, size = query.shape
    groups = key.shape[1]
    folded = (query * size**-0.5).reshape(batch, groups, heads // groups * tokens, size)
    scores = (folded @ key.mT).view(batch, groups, heads // groups, tokens, tokens).float()
    if all(mask is masks[0] for mask in masks):
        scores = scores + masks[0][:, None]
    else:
        scores = torch.stack([scores[:, n] + mask for n, mask in enumerate(masks)], dim=1)
    weights = scores.softmax(-1).to(value.dtype)
    return (weights.view(batch, groups, -1, tokens) @ value).reshape(batch, heads, tokens, size)


class Attention(nn.Module):
    def __init__(self, shape: Shape, index: int):
        super().__init__()
        self.shape, self.index = shape, index
        self.sizes = [shape.query_heads * shape.head, shape.key_value_heads * shape.head, shape.key_value_heads * shape.head]
        self.projection = nn.Linear(shape.hidden, sum(self.sizes), bias=False)
        self.output = nn.Linear(self.sizes[0], shape.hidden, bias=False)

    @torch.no_grad()
    def tie_queries(self) -> None:
        query, key, _ = self.projection.weight.split(self.sizes)
        ratio = self.shape.query_heads // self.shape.key_value_heads
        query.view(self.shape.key_value_heads, ratio, self.shape.head, -1)[:] = key.view(self.shape.key_value_heads, 1, self.shape.head, -1)

    def parts(self, x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor):
        """(query, key, value), each [batch, heads, tokens, head], turned by their positions."""
        batch, tokens, _ = x.shape
        split = self.projection(x).split(self.sizes, dim=-1)
        query, key, value = (part.view(batch, tokens, -1, self.shape.head).transpose(1, 2) for part in split)
        return rotary(query, cosine, sine).to(value.dtype), rotary(key, cosine, sine).to(value.dtype), value

    def forward(self, x: torch.Tensor, context: Context) -> torch.Tensor:
        batch, tokens, _ = x.shape
        query, key, value = self.parts(x, context.cosine, context.sine)
        context.keys[self.index], context.queries[self.index] = key, query
        masks = [
            context.masks.whole if (self.index, head) in LEADERS else context.masks.window
            for head in range(self.shape.key_value_heads)
        ]
        mixed = written_out(query, key, value, masks)
        return self.output(mixed.transpose(1, 2).reshape(batch, tokens, -1))


class Layer(nn.Module):
    def __init__(self, shape: Shape, index: int):
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.attention = Attention(shape, index)
        self.feed_forward_norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.gate_up = nn.Linear(shape.hidden, 2 * shape.intermediate, bias=False)
        self.down = nn.Linear(shape.intermediate, shape.hidden, bias=False)
        self.dropout = nn.Dropout(DROPPED)

    def feed_forward(self, x: torch.Tensor) -> torch.Tensor:
        gate, up = self.gate_up(self.feed_forward_norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(F.silu(gate) * up))

    def forward(self, x: torch.Tensor, context: Context) -> torch.Tensor:
        return self.feed_forward(x + self.dropout(self.attention(self.attention_norm(x), context)))


# Words have to stay legible beneath what the layers add: with embeddings of 0.05, the usual for tied ones, layer 0 alone drowned them.
# The last norm begins small instead, so that logits do.
DEVIATION, LAST_NORM = 0.7, 0.05
# Layers in which words look for the same words begin with queries equal to keys.
MATCHING_LAYERS = (3, 5)


class Embedding(nn.Module):
    """A token's vector is its word's and a little of its own: "The", " the" and "THE" are one word, so that words are matched
    whatever their case and place. Shipped weights hold the sum."""

    def __init__(self, shape: Shape, form: np.ndarray, words: list[str]):
        super().__init__()
        self.register_buffer("form", torch.from_numpy(form), persistent=False)
        self.word = nn.Parameter(spelt(words, shape.hidden))
        self.own = nn.Parameter(torch.randn(shape.vocabulary, shape.hidden) * 0.3 * DEVIATION)

    def table(self) -> torch.Tensor:
        return self.word[self.form] + self.own

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return F.embedding(self.form[ids], self.word) + F.embedding(ids, self.own)


def spelt(words: list[str], hidden: int) -> torch.Tensor:
    """[words, hidden] to begin with: random, but words that share runs of three letters are alike."""
    vectors = torch.randn(len(words), hidden)
    pieces: dict[str, torch.Tensor] = {}
    for index, word in enumerate(words):
        if len(word) < 3 or not word.isalpha():
            continue
        marked = f"<{word}>"
        runs = [marked[n : n + 3] for n in range(len(marked) - 2)]
        for run in runs:
            if run not in pieces:
                pieces[run] = torch.randn(hidden)
        vectors[index] = 0.75 * vectors[index] + 0.66 * sum(pieces[run] for run in runs) / len(runs) ** 0.5
    return vectors * DEVIATION


class Reader(nn.Module):
    def __init__(self, shape: Shape, form: np.ndarray, words: list[str]):
        super().__init__()
        self.shape = shape
        self.layers = nn.ModuleList(Layer(shape, index) for index in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        nn.init.constant_(self.norm.weight, LAST_NORM)
        for layer in self.layers:
            for module in layer.modules():
                if isinstance(module, nn.Linear):
                    nn.init.normal_(module.weight, std=0.5 * module.in_features**-0.5)
            for module in (layer.attention.output, layer.down):
                nn.init.normal_(module.weight, std=0.1 * module.in_features**-0.5)
        for index in MATCHING_LAYERS:
            self.layers[index].attention.tie_queries()
        self.embedding = Embedding(shape, form, words)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head, 2).float() / shape.head)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def angles(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        angles = positions[:, None, :, None].float() * self.frequencies
        return angles.cos(), angles.sin()

    def run(self, ids: torch.Tensor, positions: torch.Tensor, window: torch.Tensor, whole: torch.Tensor, watched: tuple[int, ...]):
        """(final hidden states [batch, tokens, hidden]; query and key of each watched layer)."""
        context = Context(*self.angles(positions), Masks(window, whole))
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, context)
        return self.norm(x), [(context.queries[n], context.keys[n]) for n in watched]
