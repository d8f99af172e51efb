"""Trains the reader; resumes from its checkpoint.

    python train.py                                           the reader, with its plan in place from the start
    python train.py --name base --tokens 12 --leaders dense   a dense model to explore
    python train.py --name wide --warm upcycled --tokens 50   a trained reader, changed or not, for longer on long documents
    python train.py --name adapted --start base --tokens 1 --leaders "[0,0,0,0,0,5,5,5]"   the base, adapted to a plan

The curriculum goes by the share of the tokens done, so that a run from its seed repeats itself: short sequences with
spread positions first, long ones last, plain phrasings first, all of them soon.
"""

import argparse
import json
import math
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from network import WRITTEN_OUT, Reader, Shape, Sharing, load_reader
from sequences import ANSWER, PLAIN, Sequences

WORK = Path(__file__).parent / "work"
LEADERS = [0, 0, 0, 0, 0, 5, 5, 5]
# (share of the tokens at which the phase ends, length, tokens a step)
PHASES = [(0.25, 128, 8192), (0.55, 256, 8192), (0.8, 512, 8192), (0.91, 1024, 8192), (0.98, 2048, 8192), (1.0, 8192, 8192)]
PLAIN_SHARE, PLAIN_WEIGHT = 0.08, 0.16
# Where layers learn to look. Layer 4, from an answer's place and from a value's start: half of its heads at the entity's name,
# the others at the attribute's. Layer 5, from an answer's place: at the sentence that tells. Layer 6: half of its heads at the
# value's start.
WATCHED, POINTER_WEIGHT, FIRST_TOKEN_WEIGHT = (4, 5, 6), 0.6, 3.0
NAMED = {"entity": (0, 2), "attribute": (2, 4)}
# Share of the run over which phrasings go from the plainest to all of them.
VARIED_AFTER, WARM_UP_STEPS, SPREAD = 0.12, 100, 0.5
PEAK_MATRIX, PEAK_OTHER = 0.01, 1.5e-3
DENSE_SHARE = 0.5
# Dilution: prose further back than NEAR counts as often as if it stood there up to DILUTION times, so that a short sequence asks
# for the sharpness of a long one. It is drawn for each step of up to WRITTEN_OUT tokens.
DILUTION, NEAR, DILUTED_SHARE = 256, 48, 0.7
# A trained reader goes on with documents that are crowded with facts of one attribute.
LATER_PHASES = [(0.35, 256, 8192), (0.75, 512, 8192), (0.87, 1024, 8192), (0.95, 2048, 8192), (1.0, 8192, 8192)]
LATER_RATE = 0.4
# Adapting: a low rate, most steps under the plan, long sequences last as in training.
ADAPTING_PHASES = [(0.7, 512, 8192), (0.85, 1024, 8192), (0.95, 2048, 8192), (1.0, 8192, 8192)]
ADAPTING_RATE, ADAPTING_DENSE_SHARE = 0.25, 0.3
ANSWER_TOKEN = 2


# Set by SIGTERM: the run saves its checkpoint and ends.
stop: list[bool] = []


def sharing_for(length: int, leaders: list[int], source: random.Random) -> Sharing:
    """The plan with a window drawn for the length, as short sequences must have distant tokens too."""
    recent = source.choice([w for w in (16, 32, 64, 128, 256) if 32 <= w <= max(32, length // 4)])
    return Sharing(leaders, sinks=source.choice([4, 16]), recent=recent, block=max(32, min(512, length // 4)))


def optimisers(model: Reader) -> list[torch.optim.Optimizer]:
    matrices = [p for layer in model.layers for p in layer.parameters() if p.ndim == 2]
    others = [p for p in model.parameters() if not any(p is m for m in matrices)]
    return [
        torch.optim.Muon(matrices, lr=PEAK_MATRIX, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=PEAK_OTHER, betas=(0.9, 0.98), weight_decay=0.01),
    ]


def scale_at(step: int, progress: float) -> float:
    return min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.02, 1 - progress)


def dilution_of(prose: torch.Tensor, source: random.Random) -> torch.Tensor:
    """[batch, tokens, tokens]: the logarithm of how often each prose token [batch, tokens] counts for each row."""
    tokens = prose.shape[1]
    times = math.exp(source.uniform(0, math.log(DILUTION))) if source.random() < DILUTED_SHARE else 1.0
    behind = torch.arange(tokens)[:, None] - torch.arange(tokens)[None] > NEAR
    return (prose[:, None] & behind) * math.log(times)


def pointed(watched, places: torch.Tensor, target: torch.Tensor, heads: slice, sharing: Sharing | None, dilution) -> torch.Tensor:
    """Share of the attention [n] that some heads of a layer have on their target [n, tokens], from places [n, 2] (row, place)."""
    query, key, leader_key = watched
    rows, places = places.T
    asked = query[rows, :, places][:, heads].float() * query.shape[-1] ** -0.5
    ratio = query.shape[1] // key.shape[1]
    scores_with = lambda keys: torch.einsum(  # noqa: E731
        "nhd,nhtd->nht", asked, keys[rows].repeat_interleave(ratio, dim=1)[:, heads].float()
    )
    scores = scores_with(key)
    columns = torch.arange(scores.shape[-1])[None, None]
    if sharing and leader_key is not key:
        border = sharing.border(scores.shape[-1])[places][:, None, None]
        scores = torch.where((columns >= sharing.sinks) & (columns < border), scores_with(leader_key), scores)
    if dilution is not None:
        scores = scores + dilution[rows, places][:, None]
    weights = scores.masked_fill(columns > places[:, None, None], -math.inf).softmax(-1)
    return (weights * target[:, None]).sum(-1).mean(-1)


def loss_of(model: Reader, arrays: dict[str, np.ndarray], sharing: Sharing | None, run=None, dilute: random.Random | None = None) -> tuple[torch.Tensor, list[float]]:
    """(loss, [answer loss, share of answer tokens right, attention on the sentence, the value's start, the entity's name and the
    attribute's])."""
    batch = {name: torch.from_numpy(array) for name, array in arrays.items()}
    dilution = dilution_of(batch["prose"], dilute) if dilute and batch["ids"].shape[1] <= WRITTEN_OUT else None
    with torch.autocast("cpu", torch.bfloat16):
        hidden, watched = (run or model.run)(batch["ids"], batch["positions"], sharing, WATCHED, dilution)
    hidden = hidden[:, :-1].flatten(0, 1)
    targets, kinds = batch["ids"][:, 1:].flatten(), batch["kinds"][:, 1:].flatten()
    answers = (kinds == ANSWER).nonzero().squeeze(1)
    plain = ((kinds == PLAIN) & (torch.rand(kinds.shape) < PLAIN_SHARE)).nonzero().squeeze(1)
    chosen = torch.cat((answers, plain))
    with torch.autocast("cpu", torch.bfloat16):
        logits = model.logits(hidden[chosen])
    losses = F.cross_entropy(logits.float(), targets[chosen], reduction="none")
    first = batch["ids"][:, :-1].flatten()[answers] == ANSWER_TOKEN
    weights = torch.cat((1 + first * (FIRST_TOKEN_WEIGHT - 1), torch.full((len(plain),), PLAIN_WEIGHT)))
    half = model.shape.query_heads // 2
    told = pointed(watched[1], batch["asking"], batch["telling"], slice(None), sharing, dilution)
    value = pointed(watched[2], batch["asking"], batch["value"], slice(half), sharing, dilution)
    shares = [told, value]
    for part, heads in NAMED.items():
        present = batch[part].any(-1)
        shares.append(pointed(watched[0], batch["naming"][present], batch[part][present], slice(*heads), sharing, dilution))
    pointers = sum((share + 1e-6).log().mean() for share in shares)
    loss = (losses * weights).sum() / weights.sum() - POINTER_WEIGHT * pointers
    right = (logits[: len(answers)].argmax(-1) == targets[answers]).float().mean()
    return loss, [losses[: len(answers)].mean().item(), right.item(), *(share.mean().item() for share in shares)]


def compiled(model: Reader):
    """`model.run`, compiled where the sequence is short enough for attention written out."""
    torch._dynamo.config.cache_size_limit = 64
    layered = torch.compile(model.layered, dynamic=False)

    def run(ids, positions, sharing, watched, dilution):
        tokens = ids.shape[1]
        if tokens > WRITTEN_OUT:
            return model.run(ids, positions, sharing, watched, dilution)
        if not sharing:
            return layered(ids, positions, None, None, None, watched, dilution)
        return layered(ids, positions, sharing.leaders, None, sharing.distant(tokens), watched, dilution)

    return run


def save(path: Path, model: Reader, optimisers_: list, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save({"model": model.state_dict(), "optimisers": [o.state_dict() for o in optimisers_], "state": state}, partial)
    partial.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=float, default=60, help="millions")
    parser.add_argument("--leaders", default=json.dumps(LEADERS), help="a list, or 'dense'")
    parser.add_argument("--start", help="checkpoint to adapt")
    parser.add_argument("--warm", help="checkpoint to go on from, with a new schedule")
    parser.add_argument("--name", default="reader")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, help="end after so many steps, without a checkpoint")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    # A run from its seed repeats itself: without this, threads add up the embedding's gradient in whatever order they come.
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)
    path = WORK / f"{options.name}.pt"
    before = options.warm or options.start
    saved = torch.load(path) if path.exists() and not options.steps else None
    first = saved or (torch.load(WORK / f"{before}.pt") if before else None)
    model = load_reader(first["model"]) if first else Reader(Shape())
    optimisers_ = optimisers(model)
    state = {"step": 0, "tokens": 0, "seconds": 0.0}
    if saved:
        for optimiser, kept in zip(optimisers_, saved["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        state = saved["state"]
        torch.manual_seed(options.seed + state["step"])
    print(json.dumps({"parameters": sum(p.numel() for p in model.parameters()), **state}), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: stop.append(True))
    run(model, optimisers_, options, state, path)
    if not options.steps:
        save(path, model, optimisers_, state)


def run(model: Reader, optimisers_: list, options: argparse.Namespace, state: dict, path: Path) -> None:
    peaks = [[group["lr"] for group in o.param_groups] for o in optimisers(model)]
    source = random.Random(options.seed + state["step"])
    sequences = Sequences(options.seed + state["step"])
    leaders = None if options.leaders == "dense" else json.loads(options.leaders)
    phases, rate, dense_share = PHASES, 1.0, DENSE_SHARE
    if options.start:
        phases, rate, dense_share = ADAPTING_PHASES, ADAPTING_RATE, ADAPTING_DENSE_SHARE
    elif options.warm:
        phases, rate = LATER_PHASES, LATER_RATE
    forward = compiled(model)
    last, last_save, shown = time.time(), time.time(), []
    while (progress := state["tokens"] / (options.tokens * 1e6)) < 1 and state["step"] != options.steps and not stop:
        _, length, tokens = next(phase for phase in phases if progress < phase[0])
        if source.random() < 0.15 and length > 128:
            length //= 2
        sequences.variety = 0.1 + 0.9 * (1.0 if options.start or options.warm else min(1.0, progress / VARIED_AFTER))
        batch = sequences.batch(max(1, tokens // length), length, SPREAD)
        scale = rate * scale_at(state["step"], progress)
        for optimiser, own_peaks in zip(optimisers_, peaks, strict=True):
            for group, peak in zip(optimiser.param_groups, own_peaks, strict=True):
                group["lr"] = peak * scale
        shared = leaders is not None and source.random() >= dense_share
        loss, figures = loss_of(model, batch, sharing_for(length, leaders, source) if shared else None, forward, source)
        if not math.isfinite(loss.item()):
            raise SystemExit(f"loss is not finite at step {state['step']}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers_:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        now = time.time()
        state["step"] += 1
        state["seconds"] += min(now - last, 30)
        state["tokens"] += batch["ids"].size
        last = now
        shown.append((loss.item(), *figures))
        if state["step"] % 25 == 0 or options.steps:
            loss_, answer, right, told, value, *named = np.mean(shown, axis=0)
            shown.clear()
            print(f"step {state['step']} length {length} loss {loss_:.4f} answer {answer:.4f} right {right:.4f} "
                  f"told {told:.4f} value {value:.4f} named {' '.join(f'{share:.3f}' for share in named)} "
                  f"minutes {state['seconds'] / 60:.1f} tokens {state['tokens'] / 1e6:.2f}M", flush=True)
        if now - last_save > 120 and not options.steps:
            save(path, model, optimisers_, state)
            last_save = now


if __name__ == "__main__":
    main()
