"""The reader: a Llama-shaped network whose attention can run dense or in the PoD form."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    vocabulary: int = 8192
    hidden: int = 256
    layers: int = 8
    query_heads: int = 4
    key_value_heads: int = 2
    head: int = 64
    intermediate: int = 512
    rope_base: float = 1e12
    epsilon: float = 1e-5


def shape_of(weights: dict[str, torch.Tensor]) -> Shape:
    """The shape of a checkpoint: checkpoints differ in their KV heads."""
    plain = Shape()
    rows = weights["layers.0.attention.projection.weight"].shape[0]
    return Shape(key_value_heads=(rows // plain.head - plain.query_heads) // 2)


def load_reader(weights: dict[str, torch.Tensor]) -> "Reader":
    reader = Reader(shape_of(weights))
    reader.load_state_dict(weights)
    return reader


@dataclass
class Sharing:
    """Which layer's keys each layer uses for distant tokens, and what counts as proximal. A layer's leader is one for all its KV
    heads, or a list with one for each."""

    leaders: list[int] | list[list[int]]
    sinks: int = 16
    recent: int = 256
    block: int = 128


    def border(self, tokens: int) -> torch.Tensor:
        """[tokens] where each row's distant tokens end: `recent` before its block, nowhere below the sinks."""
        starts = torch.arange(tokens) // self.block * self.block
        return (starts - self.recent).clamp(min=self.sinks)

    def distant(self, tokens: int) -> torch.Tensor:
        """[tokens, tokens], true where a row (first index) sees a token by its leader's key."""
        column = torch.arange(tokens)[None]
        return (column >= self.sinks) & (column < self.border(tokens)[:, None])


# Up to this many tokens attention is written out, which trains faster than the fused kernel on a CPU.
WRITTEN_OUT = 512


@dataclass
class Context:
    cosine: torch.Tensor
    sine: torch.Tensor
    leaders: list | None
    sharing: Sharing | None
    distant: torch.Tensor | None
    dilution: torch.Tensor | None
    keys: dict[int, torch.Tensor] = field(default_factory=dict)
    queries: dict[int, torch.Tensor] = field(default_factory=dict)


def leader_key(index: int, context: Context) -> torch.Tensor:
    """[batch, KV heads, tokens, head]: each head's key of the layer that leads it; the layer's own where it leads itself whole."""
    own = context.keys[index]
    leader = context.leaders[index] if context.leaders else index
    rows = leader if isinstance(leader, (list, tuple)) else [leader] * own.shape[1]
    if all(each == rows[0] for each in rows):
        return context.keys[rows[0]]
    return torch.cat([context.keys[each][:, head : head + 1] for head, each in enumerate(rows)], dim=1)


def rotary(x: torch.Tensor, context: Context) -> torch.Tensor:
    """Half-split rotation of [batch, heads, tokens, head]."""
    first, second = x.chunk(2, dim=-1)
    cosine, sine = context.cosine, context.sine
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


def fold_heads(query: torch.Tensor, groups: int) -> torch.Tensor:
    """[batch, query heads, rows, head] -> [batch, KV heads, ratio * rows, head]."""
    batch, heads, rows, size = query.shape
    return query.reshape(batch, groups, heads // groups * rows, size)


def written_out(query, key, value, leader_key, distant, dilution) -> torch.Tensor:
    """Attention as one product of all rows with all keys; by the leader's keys where `distant` holds. `dilution` [batch, tokens,
    tokens] is added to the scores."""
    batch, heads, tokens, size = query.shape
    groups = key.shape[1]
    folded = fold_heads(query * size**-0.5, groups)
    scores = (folded @ key.mT).view(batch, groups, heads // groups, tokens, tokens)
    if leader_key is not None:
        other = (folded @ leader_key.mT).view(scores.shape)
        scores = torch.where(distant, other, scores)
    scores = scores.float()
    if dilution is not None:
        scores = scores + dilution[:, None, None]
    causal = torch.ones(tokens, tokens, dtype=torch.bool).tril()
    weights = scores.masked_fill(~causal, -1e30).softmax(-1).to(value.dtype)
    return (weights.view(batch, groups, -1, tokens) @ value).reshape(batch, heads, tokens, size)


def pod_attention(query, key, value, leader_key, sharing: Sharing) -> torch.Tensor:
    """Attention of a follower, block of queries by block, exactly as the engine prefills in chunks.

    A block sees full keys for the sinks and for everything from `recent` tokens before its start on; in between it
    sees the leader's keys. Query, key, value: [batch, heads, tokens, head].
    """
    batch, heads, tokens, size = query.shape
    groups = key.shape[1]
    outputs = []
    for start in range(0, tokens, sharing.block):
        end = min(tokens, start + sharing.block)
        border = start - sharing.recent
        keys = key[:, :, :end]
        if border > sharing.sinks:
            sinks = sharing.sinks
            keys = torch.cat((key[:, :, :sinks], leader_key[:, :, sinks:border], key[:, :, border:end]), dim=2)
        rows = end - start
        causal = torch.ones(rows, end, dtype=torch.bool).tril(start).repeat(heads // groups, 1)
        part = F.scaled_dot_product_attention(
            fold_heads(query[:, :, start:end], groups), keys, value[:, :, :end], attn_mask=causal
        )
        outputs.append(part.reshape(batch, heads, rows, size))
    return torch.cat(outputs, dim=2)


class Attention(nn.Module):
    def __init__(self, shape: Shape, index: int):
        super().__init__()
        self.shape, self.index = shape, index
        self.sizes = [shape.query_heads * shape.head, shape.key_value_heads * shape.head, shape.key_value_heads * shape.head]
        self.projection = nn.Linear(shape.hidden, sum(self.sizes), bias=False)
        self.output = nn.Linear(self.sizes[0], shape.hidden, bias=False)

    def forward(self, x: torch.Tensor, context: Context) -> torch.Tensor:
        batch, tokens, _ = x.shape
        parts = self.projection(x).split(self.sizes, dim=-1)
        query, key, value = (part.view(batch, tokens, -1, self.shape.head).transpose(1, 2) for part in parts)
        query, key = rotary(query, context).to(value.dtype), rotary(key, context).to(value.dtype)
        context.keys[self.index], context.queries[self.index] = key, query
        others = leader_key(self.index, context)
        others = None if others is key else others
        if tokens <= WRITTEN_OUT:
            mixed = written_out(query, key, value, others, context.distant, context.dilution)
        elif others is None:
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        else:
            mixed = pod_attention(query, key, value, others, context.sharing)
        return self.output(mixed.transpose(1, 2).reshape(batch, tokens, -1))


class Layer(nn.Module):
    def __init__(self, shape: Shape, index: int):
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.attention = Attention(shape, index)
        self.feed_forward_norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        self.gate_up = nn.Linear(shape.hidden, 2 * shape.intermediate, bias=False)
        self.down = nn.Linear(shape.intermediate, shape.hidden, bias=False)

    def forward(self, x: torch.Tensor, context: Context) -> torch.Tensor:
        x = x + self.attention(self.attention_norm(x), context)
        gate, up = self.gate_up(self.feed_forward_norm(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class Reader(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape, index) for index in range(shape.layers))
        self.norm = nn.RMSNorm(shape.hidden, eps=shape.epsilon)
        frequencies = shape.rope_base ** (-torch.arange(0, shape.head, 2).float() / shape.head)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.apply(self.initialise)

    def initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.05)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.5 * module.in_features**-0.5)

    def forward(self, ids: torch.Tensor, positions: torch.Tensor, sharing: Sharing | None = None) -> torch.Tensor:
        """Final hidden states [batch, tokens, hidden]; logits are these times the embedding, transposed."""
        return self.run(ids, positions, sharing, ())[0]

    def run(self, ids: torch.Tensor, positions: torch.Tensor, sharing: Sharing | None, watched: tuple[int, ...], dilution=None):
        """(final hidden states; queries, keys and leader's keys of each watched layer, [batch, heads, tokens, head])."""
        tokens = ids.shape[1]
        distant = sharing.distant(tokens) if sharing and tokens <= WRITTEN_OUT else None
        return self.layered(ids, positions, sharing.leaders if sharing else None, sharing, distant, watched, dilution)

    def layered(self, ids, positions, leaders, sharing, distant, watched: tuple[int, ...], dilution=None):
        angles = positions[:, None, :, None].float() * self.frequencies
        context = Context(angles.cos(), angles.sin(), leaders, sharing, distant, dilution)
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, context)
        keys, queries = context.keys, context.queries
        return self.norm(x), [(queries[i], keys[i], leader_key(i, context)) for i in watched]

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return F.linear(hidden, self.embedding.weight)
