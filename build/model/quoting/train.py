"""Trains the quoting reader from scratch; resumes from its checkpoint.

    python train.py --tokens 60 [--name quoting] [--warm checkpoint]
"""

import argparse
import json
import math
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import checkpoints
import tokens
from network import Reader, Shape, masks_for
from sequences import ANSWER, ONCE, PLAIN, REFUSED, START, TWICE, Sequences

WORK = Path(__file__).parent.parent / "work"
# (share of the tokens at which the phase ends, length, tokens a step)
PHASES = [(1.0, 512, 4096)]
# How often a target of a kind is trained on, and how much it then counts.
SAMPLED = {PLAIN: (0.1, 0.5), ANSWER: (1.0, 1.0)} | dict.fromkeys((START, ONCE, TWICE, REFUSED), (1.0, 3.0))
# Where layers learn to look: (sort of pointer, layer, query heads, weight).
POINTERS = (
    ("found", 5, (2, 3), 0.6),
    ("occurs", 5, (0, 1), 0.3),
    ("pointed", 6, (0, 1), 0.4),
    ("again", 4, (2, 3), 0.1),
    ("asks", 4, (0, 1), 0.2),
    ("started", 7, (2,), 1.2),
    ("ended", 7, (3,), 1.0),
    ("taken", 7, (0, 1), 0.3),
    ("matched", 3, (0, 1), 0.2),
    ("before", 1, (0, 1), 0.2),
    ("opened", 2, (2, 3), 0.2),
    ("gathered", 4, (0, 1, 2, 3), 0.2),
)
# These look at all their targets alike; the others at any of them.
EVENLY = {"gathered", "occurs", "asks"}
WATCHED = (1, 2, 3, 4, 5, 6, 7)
WARM_UP_STEPS, SPREAD = 100, 0.4
PEAK_MATRIX, PEAK_EMBEDDING, PEAK_NORM = 0.01, 4e-3, 1.5e-3
HELD_BATCHES = 6
MODES = {"dense": 0.3, "plan": 0.3, "patient": 0.4}

class Threads:
    """One thread or two, whichever is faster at the moment: beside other work two wait for each other."""

    def __init__(self):
        self.took = {1: math.inf, 2: math.inf}
        self.step = 0

    def choose(self) -> int:
        self.step += 1
        best = min(self.took, key=lambda n: self.took[n])
        # Now and then, and while one is not known, the other has its turn.
        count = self.step % 2 + 1 if self.step < 7 else 3 - best if self.step % 12 == 0 else best
        torch.set_num_threads(count)
        return count

    def note(self, count: int, seconds: float) -> None:
        before = self.took[count]
        self.took[count] = seconds if math.isinf(before) or self.step < 7 else 0.5 * (before + seconds)


# Set by SIGTERM: the run saves its checkpoint and ends.
stop: list[bool] = []
# Set by SIGUSR1: the run saves its checkpoint and waits while it is evaluated.
milestones: list[bool] = []


def optimisers(model: Reader) -> list[torch.optim.Optimizer]:
    matrices = [p for layer in model.layers for p in layer.parameters() if p.ndim == 2]
    embedding = list(model.embedding.parameters())
    norms = [p for p in model.parameters() if p.ndim == 1]
    return [
        torch.optim.Muon(matrices, lr=PEAK_MATRIX, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(
            [{"params": embedding, "lr": PEAK_EMBEDDING}, {"params": norms, "lr": PEAK_NORM}], betas=(0.9, 0.98), weight_decay=0.01
        ),
    ]


def scale_at(step: int, progress: float) -> float:
    return min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.02, min(1.0, (1 - progress) / 0.6))


def scores_of(query, key, at: torch.Tensor, heads: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """(the queries [rows, heads, n, head] at places [rows, n]; their scores with the row's keys [rows, heads, n, tokens])."""
    ratio = query.shape[1] // key.shape[1]
    chosen = query[:, list(heads)].float() * query.shape[-1] ** -0.5
    index = at.clamp(min=0)[:, None, :, None].expand(-1, len(heads), -1, chosen.shape[-1])
    asked = chosen.gather(2, index)
    keys = key[:, [head // ratio for head in heads]].float()
    scores = asked @ keys.mT
    later = torch.arange(scores.shape[-1]) > at[:, None, :, None]
    return asked, scores.masked_fill(later, -math.inf)


def pointed(query, key, at, to, heads, elsewhere: torch.Tensor | None = None, evenly: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """(mean loss, mean share of the attention) that heads have on their targets. `elsewhere` [m, 2] (row, place): keys of the other
    rows that count as well, as if all stood in one long document."""
    rows, places = (at >= 0).nonzero().T
    if not len(rows):
        return torch.zeros(()), torch.zeros(())
    asked, scores = scores_of(query, key, at, heads)
    total = scores.logsumexp(-1)
    targets = scores.gather(3, to.clamp(min=0)[:, None].expand(-1, len(heads), -1, -1))
    wanted = targets.masked_fill((to < 0)[:, None], -math.inf).logsumexp(-1)
    share = (wanted - total).exp()[rows, :, places].mean()
    if elsewhere is not None:
        ratio = query.shape[1] // key.shape[1]
        keys = key[elsewhere[:, 0], :, elsewhere[:, 1]].float()[:, [head // ratio for head in heads]]
        other = torch.einsum("rhnd,mhd->rhnm", asked, keys)
        own = torch.arange(at.shape[0])[:, None] == elsewhere[:, 0][None]
        total = torch.logaddexp(total, other.masked_fill(own[:, None, None], -math.inf).logsumexp(-1))
    if evenly:
        known = (to >= 0)[:, None]
        wanted = targets.masked_fill(~known, 0).sum(-1) / known.sum(-1).clamp(min=1)
    return (total - wanted)[rows, :, places].mean(), share


def loss_of(model: Reader, arrays: dict[str, np.ndarray], how: str, recent: int, run) -> tuple[torch.Tensor, dict[str, float]]:
    batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
    masks = masks_for(batch["questions_from"], batch["ids"].shape[1], how, recent)
    with torch.autocast("cpu", torch.bfloat16):
        hidden, watched = run(batch["ids"], batch["positions"], masks.window, masks.whole, WATCHED)
    hidden = hidden[:, :-1].flatten(0, 1)
    targets, kinds = batch["ids"][:, 1:].flatten(), batch["kinds"][:, 1:].flatten().long()
    often, counts = torch.zeros(7), torch.zeros(7)
    for kind, (share, weight) in SAMPLED.items():
        often[kind], counts[kind] = share, weight
    chosen = (torch.rand(kinds.shape) < often[kinds]).nonzero().squeeze(1)
    with torch.autocast("cpu", torch.bfloat16):
        logits = F.linear(hidden[chosen], model.embedding.table())
    losses = F.cross_entropy(logits.float(), targets[chosen], reduction="none")
    kinds = kinds[chosen]
    weights = counts[kinds]
    loss = (losses * weights).sum() / weights.sum()
    right = (logits.argmax(-1) == targets[chosen]).float()
    figures = {name: right[kinds == kind].mean().item() for name, kind in
               (("plain", PLAIN), ("once", ONCE), ("twice", TWICE), ("other", START), ("refused", REFUSED), ("rest", ANSWER))}
    for sort, layer, heads, weight in POINTERS:
        query, key = watched[WATCHED.index(layer)]
        told = torch.arange(batch["ids"].shape[1]) < batch["questions_from"][:, None]
        elsewhere = told.nonzero() if sort == "found" else None
        pointer, share = pointed(query, key, batch[f"{sort}_at"], batch[f"{sort}_to"], heads, elsewhere, sort in EVENLY)
        loss = loss + weight * pointer
        figures[sort] = share.item()
    return loss, figures


def held_out(model: Reader, batches: list[dict[str, np.ndarray]], run) -> str:
    """Mean figures on people's questions that are never trained on, each with a sentence, right or wrong."""
    model.eval()
    with torch.no_grad():
        shown = [tuple(loss_of(model, arrays, "plan", 256, run)[1].items()) for arrays in batches]
    model.train()
    names = [name for name, _ in shown[0]]
    means = np.nanmean([[value for _, value in each] for each in shown], axis=0)
    kept = ("once", "twice", "refused", "rest", "started", "ended", "again", "asks")
    return " ".join(f"{name} {value:.3f}" for name, value in zip(names, means, strict=True) if name in kept)


def evaluated(name: str) -> None:
    """An evaluation by a process of its own, with the arguments in work/milestone; its output goes where the training's goes."""
    arguments = WORK / "milestone"
    given = arguments.read_text().split() if arguments.exists() else []
    subprocess.run([sys.executable, str(Path(__file__).parent / "evaluate_candidates.py"), "--name", name, *given], check=False)


def save(path: Path, model: Reader, optimisers_: list, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimisers": [o.state_dict() for o in optimisers_], "state": state}, partial)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=float, default=60, help="millions")
    parser.add_argument("--name", default="quoting")
    parser.add_argument("--warm", help="checkpoint to go on from, with a new schedule")
    parser.add_argument("--rate", type=float, default=1.0, help="what the peak learning rates are multiplied by")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, help="learning rates fall to nothing within so many minutes, whatever --tokens says")
    parser.add_argument("--milestones", type=int, default=0, help="steps between evaluations; also at SIGUSR1")
    parser.add_argument("--steps", type=int, help="end after so many steps, without a checkpoint")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(2)
    path = WORK / f"{options.name}.pt"
    saved = None if options.steps else checkpoints.load(options.name)
    sequences = Sequences(options.seed)
    words, form = tokens.forms(sequences.tokenizer)
    model = Reader(Shape(), form, words)
    start = saved or (checkpoints.load(options.warm) if options.warm else None)
    if start:
        model.load_state_dict(start[0])
    optimisers_ = optimisers(model)
    peaks = [[group["lr"] for group in o.param_groups] for o in optimisers_]
    state = {"step": 0, "tokens": 0, "seconds": 0.0}
    if saved:
        state = saved[1]
        for optimiser, kept in zip(optimisers_, saved[2] or [], strict=saved[2] is not None):
            optimiser.load_state_dict(kept)
        sequences = Sequences(options.seed + state["step"])
    source = random.Random(options.seed + state["step"])
    torch.manual_seed(options.seed + state["step"])
    threads = Threads()
    holding = Sequences(99, evaluation=True)
    held = [holding.batch(8, 512, 0.0) for _ in range(HELD_BATCHES)]
    torch._dynamo.config.cache_size_limit = 64
    run = torch.compile(model.run, dynamic=False)
    signal.signal(signal.SIGUSR1, lambda *_: milestones.append(True))
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), **state}), flush=True)
    begun = last = last_save = time.time()
    shown = []
    while (progress := state["tokens"] / (options.tokens * 1e6)) < 1 and state["step"] != options.steps and not stop:
        _, length, size = next(phase for phase in PHASES if progress < phase[0])
        arrays = sequences.batch(size // length, length, SPREAD)
        passed = (time.time() - begun) / 60 / options.minutes if options.minutes else progress
        scale = options.rate * scale_at(state["step"], passed)
        for optimiser, own_peaks in zip(optimisers_, peaks, strict=True):
            for group, peak in zip(optimiser.param_groups, own_peaks, strict=True):
                group["lr"] = peak * scale
        count = threads.choose()
        how = source.choices(list(MODES), list(MODES.values()))[0]
        loss, figures = loss_of(model, arrays, how, source.choice([192, 256]), run)
        if not math.isfinite(loss.item()):
            raise SystemExit(f"loss is not finite at step {state['step']}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers_:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        now = time.time()
        threads.note(count, now - last)
        state["step"] += 1
        state["seconds"] += min(now - last, 60)
        state["tokens"] += arrays["ids"].size
        last = now
        shown.append((loss.item(), *figures.values()))
        if state["step"] % 25 == 0 or options.steps:
            means = np.nanmean(shown, axis=0)
            shown.clear()
            told = " ".join(f"{name} {value:.3f}" for name, value in zip(("loss", *figures), means, strict=True))
            print(f"step {state['step']} {told} threads {count} minutes {state['seconds'] / 60:.1f} tokens {state['tokens'] / 1e6:.2f}M", flush=True)
        if state["step"] % 200 == 0:
            print(f"held out {held_out(model, held, run)}", flush=True)
            last = time.time()
        if now - last_save > 120 and not options.steps:
            save(path, model, optimisers_, state)
            last_save = now
        if milestones or (options.milestones and state["step"] % options.milestones == 0):
            milestones.clear()
            save(path, model, optimisers_, state)
            evaluated(options.name)
            last = time.time()
    if not options.steps:
        save(path, model, optimisers_, state)


if __name__ == "__main__":
    main()
