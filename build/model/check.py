"""A quick look at a checkpoint: exact match on new names and values, dense and PoD, and what goes wrong.

    python check.py --lengths 256 1024 --sequences 20 [--facts 24] [--show 10]
"""

import argparse
from pathlib import Path

import torch

import facts
from network import Reader, Sharing, load_reader
from sequences import Sequence, Sequences
from train import LEADERS


def predicted(model: Reader, sequence: Sequence, sharing: Sharing | None) -> list[tuple[list[int], list[int]]]:
    """(wanted, said) of every answer, each token predicted behind the right ones before it."""
    tokens = torch.tensor([sequence.ids])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        best = model.logits(model(tokens, torch.arange(len(sequence.ids))[None], sharing))[0].argmax(-1).tolist()
    pairs = []
    for turn, (place, *_) in zip(sequence.turns, sequence.pointers, strict=True):
        pairs.append((turn.answer, best[place : place + len(turn.answer)]))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--recent", type=int, default=256)
    parser.add_argument("--facts", type=int, help="facts a document, whatever its length")
    parser.add_argument("--name", default="reader")
    options = parser.parse_args()
    saved = torch.load(Path(__file__).parent / "work" / f"{options.name}.pt")
    model = load_reader(saved["model"])
    model.eval()
    torch.set_num_threads(2)
    print(saved["state"])
    for length in options.lengths:
        for label, sharing in (("dense", None), ("pod", Sharing(LEADERS, 16, options.recent, 256))):
            source = Sequences(1234, True, options.facts)
            counts: dict[str, list[int]] = {"present": [0, 0], "absent": [0, 0], "present refused": [0, 0]}
            shown = 0
            for _ in range(options.sequences):
                sequence = source.draw(length)
                for turn, (wanted, said) in zip(sequence.turns, predicted(model, sequence, sharing), strict=True):
                    kind = "absent" if turn.fact is None else "present"
                    counts[kind][0] += said == wanted
                    counts[kind][1] += 1
                    said_text = source.tokenizer.decode(said).strip()
                    if kind == "present":
                        counts["present refused"][0] += said_text == facts.ABSENT
                        counts["present refused"][1] += 1
                    if said != wanted and shown < options.show:
                        shown += 1
                        told = "" if turn.fact is None else sequence.facts[turn.fact].sentences
                        print(turn.text, "|", source.tokenizer.decode(wanted), "|", said_text, "|", told)
            print(length, label, {kind: f"{right}/{all_}" for kind, (right, all_) in counts.items()}, flush=True)


if __name__ == "__main__":
    main()
