"""Trains the reader with the sharing plan in place from the start; resumes from its checkpoint.

    python train.py --minutes 85

The curriculum goes by the share of the time spent: short sequences with spread positions first, long ones last.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from network import Reader, Shape, Sharing
from sequences import ANSWER, PLAIN, Sequences

WORK = Path(__file__).parent / "work"
LEADERS = [0, 0, 0, 0, 0, 5, 5, 5]
# (share of the time at which the phase ends, length, tokens a step)
PHASES = [(0.30, 256, 8192), (0.62, 512, 8192), (0.84, 1024, 8192), (0.93, 2048, 8192), (1.0, 8192, 8192)]
PLAIN_SHARE, PLAIN_WEIGHT = 0.125, 0.16
WARM_UP_STEPS, FLAT_UNTIL = 100, 0.0
PEAK_MATRIX, PEAK_OTHER = 0.008, 1.5e-3


def sharing_for(length: int, source: random.Random) -> Sharing | None:
    """A quarter of the steps dense; the others PoD with a window drawn for the length."""
    if source.random() < 0.25:
        return None
    recent = source.choice([w for w in (16, 32, 64, 128, 256) if 32 <= w <= max(32, length // 4)])
    return Sharing(LEADERS, sinks=source.choice([4, 16]), recent=recent, block=max(64, min(512, length // 4)))


def optimisers(model: Reader) -> list[torch.optim.Optimizer]:
    matrices = [p for layer in model.layers for p in layer.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    return [
        torch.optim.Muon(matrices, lr=PEAK_MATRIX, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=PEAK_OTHER, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def scale_at(step: int, progress: float) -> float:
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    return warm * (1.0 if progress < FLAT_UNTIL else max(0.02, 1 - (progress - FLAT_UNTIL) / (1 - FLAT_UNTIL)))


def loss_of(model: Reader, batch: dict[str, np.ndarray], sharing: Sharing | None) -> tuple[torch.Tensor, float]:
    """(loss, share of answer tokens predicted right); the plain text counts little and by a sample."""
    ids, kinds = torch.from_numpy(batch["ids"]), torch.from_numpy(batch["kinds"])
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(ids, torch.from_numpy(batch["positions"]), sharing)[:, :-1].flatten(0, 1)
    targets, kinds = ids[:, 1:].flatten(), kinds[:, 1:].flatten()
    answers = (kinds == ANSWER).nonzero().squeeze(1)
    plain = ((kinds == PLAIN) & (torch.rand(kinds.shape) < PLAIN_SHARE)).nonzero().squeeze(1)
    chosen = torch.cat((answers, plain))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model.logits(hidden[chosen])
    losses = F.cross_entropy(logits.float(), targets[chosen], reduction="none")
    weights = torch.cat((torch.ones(len(answers)), torch.full((len(plain),), PLAIN_WEIGHT)))
    right = (logits[: len(answers)].argmax(-1) == targets[answers]).float().mean().item()
    return (losses * weights).sum() / weights.sum(), right


def save(path: Path, model: Reader, optimisers_: list, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimisers": [o.state_dict() for o in optimisers_], "state": state}, partial)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=85)
    parser.add_argument("--name", default="reader")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(2)
    model = Reader(Shape())
    optimisers_ = optimisers(model)
    state = {"step": 0, "spent": 0.0, "tokens": 0}
    path = WORK / f"{options.name}.pt"
    if path.exists():
        saved = torch.load(path)
        model.load_state_dict(saved["model"])
        for optimiser, kept in zip(optimisers_, saved["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        state = saved["state"]
    peaks = [[group["lr"] for group in o.param_groups] for o in optimisers(model)]
    source = random.Random(options.seed + state["step"])
    sequences = Sequences(options.seed + state["step"])
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), **state}), flush=True)
    run(model, optimisers_, peaks, sequences, source, state, options.minutes * 60, path)
    save(path, model, optimisers_, state)


def run(model, optimisers_, peaks, sequences, source, state, seconds, path) -> None:
    last, last_save, shown = time.time(), time.time(), []
    while state["spent"] < seconds:
        progress = state["spent"] / seconds
        _, length, tokens = next(phase for phase in PHASES if progress < phase[0])
        if source.random() < 0.15 and length > 128:
            length //= 2
        batch = sequences.batch(max(1, tokens // length), length, 0.5)
        scale = scale_at(state["step"], progress)
        for optimiser, rates in zip(optimisers_, peaks, strict=True):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * scale
        loss, right = loss_of(model, batch, sharing_for(length, source))
        if not math.isfinite(loss.item()):
            raise SystemExit(f"loss is not finite at step {state['step']}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers_:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        now = time.time()
        state["step"] += 1
        state["spent"] += min(now - last, 30)  # a paused process must not age the curriculum
        state["tokens"] += batch["ids"].size
        last = now
        shown.append((loss.item(), right))
        if state["step"] % 25 == 0:
            means = np.mean(shown, axis=0)
            shown.clear()
            print(f"step {state['step']} length {length} loss {means[0]:.4f} right {means[1]:.4f} "
                  f"minutes {state['spent'] / 60:.1f} tokens {state['tokens'] / 1e6:.2f}M", flush=True)
        if now - last_save > 120:
            save(path, model, optimisers_, state)
            last_save = now


if __name__ == "__main__":
    main()
