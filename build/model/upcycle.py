"""Doubles the KV heads of a checkpoint: each query head keeps the key and value it had, and from there on they may part.

    python upcycle.py --name reader --to wide    ->  work/wide.pt, to be trained with `train.py --name wide`

The network computes the same as before (grouped-query attention with two equal KV heads is the one with one).
"""

import argparse
from pathlib import Path

import torch

from network import Shape

WORK = Path(__file__).parent / "work"


def doubled(projection: torch.Tensor, shape: Shape) -> torch.Tensor:
    """[q + k + v, hidden] with each KV head's rows twice, one after the other: its query heads are split between the two."""
    queries = shape.query_heads * shape.head
    own = shape.key_value_heads * shape.head
    query, key, value = projection.split([queries, own, own])
    twice = lambda part: part.view(shape.key_value_heads, 1, shape.head, -1).expand(-1, 2, -1, -1).reshape(2 * own, -1)  # noqa: E731
    return torch.cat((query, twice(key), twice(value)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="reader")
    parser.add_argument("--to", default="wide")
    parser.add_argument("--heads", type=int, default=1, help="KV heads that the checkpoint has")
    options = parser.parse_args()
    shape = Shape(key_value_heads=options.heads)
    model = torch.load(WORK / f"{options.name}.pt")["model"]
    wide = {name: doubled(tensor, shape) if name.endswith("attention.projection.weight") else tensor for name, tensor in model.items()}
    torch.save({"model": wide}, WORK / f"{options.to}.pt")


if __name__ == "__main__":
    main()
