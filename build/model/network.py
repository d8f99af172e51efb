"""The reader: a Llama-shaped network whose attention can run dense or in the PoD form."""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Shape:
    vocabulary: int = 8192
    hidden: int = 192
    layers: int = 8
    query_heads: int = 3
    key_value_heads: int = 1
    head: int = 64
    intermediate: int = 512
    rope_base: float = 1e8
    epsilon: float = 1e-5


@dataclass
class Sharing:
    """Which layer's keys each layer uses for distant tokens, and what counts as proximal."""

    leaders: list[int]
    sinks: int = 16
    recent: int = 256
    block: int = 128


@dataclass
class Context:
    cosine: torch.Tensor
    sine: torch.Tensor
    sharing: Sharing | None
    keys: dict[int, torch.Tensor] = field(default_factory=dict)


def rotary(x: torch.Tensor, context: Context) -> torch.Tensor:
    """Half-split rotation of [batch, heads, tokens, head]."""
    first, second = x.chunk(2, dim=-1)
    cosine, sine = context.cosine, context.sine
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


def fold_heads(query: torch.Tensor, groups: int) -> torch.Tensor:
    """[batch, query heads, rows, head] -> [batch, KV heads, ratio * rows, head]."""
    batch, heads, rows, size = query.shape
    return query.reshape(batch, groups, heads // groups * rows, size)


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
        context.keys[self.index] = key
        leader = context.sharing.leaders[self.index] if context.sharing else self.index
        if leader == self.index or tokens <= context.sharing.sinks + context.sharing.recent:
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
        else:
            mixed = pod_attention(query, key, value, context.keys[leader], context.sharing)
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
        angles = positions[:, None, :, None].float() * self.frequencies
        context = Context(angles.cos(), angles.sin(), sharing)
        x = self.embedding(ids)
        for layer in self.layers:
            x = layer(x, context)
        return self.norm(x)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return F.linear(hidden, self.embedding.weight)
