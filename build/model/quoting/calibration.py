"""The probability that an answer is right, from what is known when it is given.

    python calibration.py RECORDS [--finder both] [--way joint] [--count 4]

RECORDS: what `evaluate_candidates.py --keep` wrote. Fitted on every other document's questions and measured on the rest, then the other way
round. An answer is right from an F1 of one half on; of a question that the document doesn't answer none is.
"""

import argparse
import json
from pathlib import Path

import torch
import torch.nn.functional as F

from evaluate_candidates import features, judge

BINS = 10


def fitted(inputs: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Weights [features + 1] of a logistic regression, a little held back."""
    weights = torch.zeros(inputs.shape[1], requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=100)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(inputs @ weights, right) + 1e-3 * weights.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return weights.detach()


def error(chances: torch.Tensor, right: torch.Tensor) -> tuple[float, list[tuple[float, float, int]]]:
    """(expected calibration error; (mean probability, share right, answers) of each bin that is not empty)."""
    bins = (chances * BINS).long().clamp(max=BINS - 1)
    curve = [(chances[bins == n].mean().item(), right[bins == n].mean().item(), int((bins == n).sum())) for n in bins.unique().tolist()]
    return sum(abs(p - r) * n for p, r, n in curve) / len(right), curve


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("records", type=Path, nargs="+")
    parser.add_argument("--finder", default="both")
    parser.add_argument("--way", default="joint")
    parser.add_argument("--label", default="once")
    parser.add_argument("--count", type=int, default=4)
    options = parser.parse_args()
    entries = [json.loads(line) for path in options.records for line in path.read_text().splitlines()]
    inputs, right, f1, exact, asked, documents = [], [], [], [], [], []
    for entry in entries:
        chosen, score = judge(entry, options.finder, options.label, options.way, options.count)
        said = chosen[options.label][options.way]
        inputs.append([1.0, *features(chosen, options.finder, options.label, options.way, entry)])
        right.append(float(said["f1"] >= 0.5))
        f1.append(said["f1"])
        exact.append(float(said["exact"]))
        asked.append(bool(entry["wanted"]))
        documents.append(entry["tokens"])
    x, y, scores, exacts, there = torch.tensor(inputs), torch.tensor(right), torch.tensor(f1), torch.tensor(exact), torch.tensor(asked)
    half = torch.tensor([n % 2 for n in documents], dtype=torch.bool)
    chances = torch.zeros(len(y))
    for one in (half, ~half):
        chances[~one] = (x[~one] @ fitted(x[one], y[one])).sigmoid()
    whole, curve = error(chances, y)
    print(f"expected calibration error {whole:.3f} over {len(y)} answers; weights of all: {[round(w, 3) for w in fitted(x, y).tolist()]}")
    for p, share, n in curve:
        print(f"  told {p:.2f} right {share:.2f} of {n}")
    for border in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4):
        kept = chances >= border
        print(
            f"  refused below {border}: answerable refused {100 * (~kept[there]).float().mean():.1f}, absent refused {100 * (~kept[~there]).float().mean():.1f},"
            f" F1 {100 * (scores * kept)[there].mean():.1f}, exact {100 * (exacts * kept)[there].mean():.1f}"
        )


if __name__ == "__main__":
    main()
