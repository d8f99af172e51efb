"""Stage 1: how alike the layers look at distant tokens, what following costs each of them, and plans from both.

    python explore.py --name base    ->  ../eval/results/explore-base.json (pictures: npm run eval:report)

Similarity is 1 - JSD / ln 2 of two layers' attention over the distant tokens, renormalised there, averaged over the last
queries and the query heads of a KV head. Cost is the loss of answer tokens on held-out prose with new names and values.
"""

import argparse
import itertools
import json
import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from network import Reader, Sharing, load_reader
from sequences import ANSWER, Sequences

HERE = Path(__file__).parent
TARGET = HERE.parent / "eval" / "results"
# As short as the documents are, the window must leave distant tokens, as it does in a long document.
LENGTH, DOCUMENTS, QUERIES, SINKS, RECENT, SEED = 512, 8, 64, 16, 64, 4242
RANDOM_DRAWS = 10


def documents() -> dict[str, torch.Tensor]:
    batch = Sequences(SEED, evaluation=True).batch(DOCUMENTS, LENGTH, 0.0)
    return {name: torch.from_numpy(array) for name, array in batch.items()}


def similarity(model: Reader, batch: dict[str, torch.Tensor]) -> np.ndarray:
    """[KV heads, layers, layers], averaged over documents, queries and the query heads of a KV head."""
    layers = model.shape.layers
    with torch.no_grad():
        _, watched = model.run(batch["ids"], batch["positions"], None, tuple(range(layers)))
    distant = slice(SINKS, LENGTH - QUERIES - RECENT)
    shares = []
    for query, key, _ in watched:
        keys = key[:, :, distant].repeat_interleave(query.shape[1] // key.shape[1], dim=1)
        scores = query[:, :, -QUERIES:] @ keys.mT * query.shape[-1] ** -0.5
        shares.append(scores.float().softmax(-1))
    entropy = lambda p: -(p * (p + 1e-12).log()).sum(-1)  # noqa: E731
    heads = model.shape.key_value_heads
    matrices = np.stack([np.eye(layers)] * heads)
    for a, b in itertools.combinations(range(layers), 2):
        divergence = entropy((shares[a] + shares[b]) / 2) - (entropy(shares[a]) + entropy(shares[b])) / 2
        alike = 1 - divergence.unflatten(1, (heads, -1)).mean((0, 2, 3)) / np.log(2)
        matrices[:, a, b] = matrices[:, b, a] = alike.numpy()
    return matrices


KNOWN: dict[str, dict[str, float]] = {}


def cost(model: Reader, batch: dict[str, torch.Tensor], leaders: list) -> dict[str, float]:
    """Loss and share of right answer tokens when layers follow these leaders; measured once a plan."""
    if str(leaders) not in KNOWN:
        KNOWN[str(leaders)] = measured(model, batch, leaders)
    return KNOWN[str(leaders)]


def measured(model: Reader, batch: dict[str, torch.Tensor], leaders: list) -> dict[str, float]:
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        hidden = model(batch["ids"], batch["positions"], Sharing(leaders, SINKS, RECENT, 64))
        answers = batch["kinds"][:, 1:] == ANSWER
        logits = model.logits(hidden[:, :-1][answers]).float()
    targets = batch["ids"][:, 1:][answers]
    return {"loss": F.cross_entropy(logits, targets).item(), "right": (logits.argmax(-1) == targets).float().mean().item()}


def following_nearest(leading: set[int], layers: int) -> list[int]:
    """Every layer follows the nearest leader at or before it."""
    return [max(leader for leader in leading if leader <= layer) for layer in range(layers)]


def by_similarity(matrix: np.ndarray, count: int) -> list[int]:
    """Greedy upwards with the threshold that leaves `count` leaders: a layer joins while it is like the open block's leader."""
    layers = len(matrix)
    for threshold in np.linspace(0, 1, 2001):
        leaders = [0]
        for layer in range(1, layers):
            leaders.append(leaders[-1] if matrix[leaders[-1], layer] >= threshold else layer)
        if len(set(leaders)) >= count:
            return leaders
    return list(range(layers))


def greedy_by_loss(model: Reader, batch: dict[str, torch.Tensor]) -> dict[int, list[int]]:
    """From dense on, always the one more follower that costs least; a plan for every number of leaders."""
    layers = model.shape.layers
    leading, plans = set(range(layers)), {layers: list(range(layers))}
    while len(leading) > 1:
        tried = {layer: cost(model, batch, following_nearest(leading - {layer}, layers))["loss"] for layer in leading - {0}}
        leading.remove(min(tried, key=tried.__getitem__))
        plans[len(leading)] = following_nearest(leading, layers)
    return plans


def following_nearest_by_head(leading: set[tuple[int, int]], layers: int, heads: int) -> list[list[int]]:
    """As `following_nearest`, head by head: leading holds (layer, KV head)."""
    each = [following_nearest({layer for layer, own in leading if own == head}, layers) for head in range(heads)]
    return [list(row) for row in zip(*each, strict=True)]


def greedy_by_head(model: Reader, batch: dict[str, torch.Tensor]) -> dict[int, list[list[int]]]:
    """`greedy_by_loss` over (layer, KV head): a plan for every number of those that lead."""
    layers, heads = model.shape.layers, model.shape.key_value_heads
    leading = set(itertools.product(range(layers), range(heads)))
    plans = {}
    while len(leading) > heads:
        tried = {
            unit: cost(model, batch, following_nearest_by_head(leading - {unit}, layers, heads))["loss"]
            for unit in sorted(leading)
            if unit[0] > 0
        }
        leading.remove(min(tried, key=tried.__getitem__))
        plans[len(leading)] = following_nearest_by_head(leading, layers, heads)
    return plans


def random_by_head(layers: int, heads: int, count: int) -> list[list[list[int]]]:
    source = random.Random(SEED)
    units = list(itertools.product(range(1, layers), range(heads)))
    first = {(0, head) for head in range(heads)}
    draws = [first | set(source.sample(units, count - heads)) for _ in range(RANDOM_DRAWS)]
    return [following_nearest_by_head(leading, layers, heads) for leading in draws]


def best_by_loss(model: Reader, batch: dict[str, torch.Tensor], count: int) -> list[int]:
    """The best of all sets of `count` leaders: eight layers are few enough to try every one."""
    layers = model.shape.layers
    sets = ({0, *others} for others in itertools.combinations(range(1, layers), count - 1))
    plans = [following_nearest(each, layers) for each in sets]
    return min(plans, key=lambda plan: cost(model, batch, plan)["loss"])


def every_kth(layers: int, count: int) -> list[int]:
    return following_nearest({int(block * layers / count) for block in range(count)}, layers)


def random_plans(layers: int, count: int) -> list[list[int]]:
    source = random.Random(SEED)
    return [following_nearest({0, *source.sample(range(1, layers), count - 1)}, layers) for _ in range(RANDOM_DRAWS)]


def explore(model: Reader, batch: dict[str, torch.Tensor]) -> dict:
    layers = model.shape.layers
    matrices = similarity(model, batch)
    dense = cost(model, batch, list(range(layers)))
    alone = [dense] + [cost(model, batch, following_nearest(set(range(layers)) - {layer}, layers)) for layer in range(1, layers)]
    greedy = greedy_by_loss(model, batch)
    plans = []
    for count in range(1, layers):
        named = {
            "similarity": by_similarity(matrices.mean(0), count),
            "greedy by loss": greedy[count],
            "best by loss": best_by_loss(model, batch, count),
            "every k-th": every_kth(layers, count),
        }
        plans += [{"found": found, "leaders": plan, "count": count, **cost(model, batch, plan)} for found, plan in named.items()]
        draws = random_plans(layers, count)
        costs = [cost(model, batch, plan) for plan in draws]
        plans += [{"found": "random", "leaders": plan, "count": count, **each} for plan, each in zip(draws, costs, strict=True)]
    heads = model.shape.key_value_heads
    for count, plan in greedy_by_head(model, batch).items():
        plans.append({"found": "greedy by loss, by head", "leaders": plan, "count": count / heads, **cost(model, batch, plan)})
        draws = random_by_head(layers, heads, count)
        costs = [cost(model, batch, each) for each in draws]
        plans += [{"found": "random, by head", "leaders": each, "count": count / heads, **own} for each, own in zip(draws, costs, strict=True)]
    return {"similarity": matrices.tolist(), "dense": dense, "alone": alone, "plans": plans}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="base")
    options = parser.parse_args()
    saved = torch.load(HERE / "work" / f"{options.name}.pt")
    model = load_reader(saved["model"])
    model.eval()
    found = explore(model, documents())
    TARGET.mkdir(exist_ok=True)
    (TARGET / f"explore-{options.name}.json").write_text(json.dumps({"step": saved["state"]["step"], **found}) + "\n")
    print("dense", found["dense"])
    for layer, each in enumerate(found["alone"]):
        print(f"layer {layer} follows: loss {each['loss']:.3f} right {each['right']:.3f}")
    for plan in found["plans"]:
        if 1.5 <= plan["count"] <= 3 and "random" not in plan["found"]:
            print(plan["count"], plan["found"], plan["leaders"], f"loss {plan['loss']:.3f} right {plan['right']:.3f}")


if __name__ == "__main__":
    main()
