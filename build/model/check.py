"""A quick look at a checkpoint: exact match on new names and values, dense and PoD, and what goes wrong.

    python check.py --lengths 256 1024 --sequences 20 [--show 10]
"""

import argparse
from pathlib import Path

import torch

import facts
from network import Reader, Shape, Sharing
from sequences import ANSWER, Sequences
from train import LEADERS


def answers(kinds: list[int]) -> list[tuple[int, int]]:
    """Where each run of answer tokens stands."""
    runs, start = [], None
    for index, kind in enumerate([*kinds, 0]):
        if kind == ANSWER and start is None:
            start = index
        elif kind != ANSWER and start is not None:
            runs.append((start, index))
            start = None
    return runs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lengths", type=int, nargs="+", default=[256, 1024])
    parser.add_argument("--sequences", type=int, default=20)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--recent", type=int, default=256)
    parser.add_argument("--facts", type=int, help="facts a document, whatever its length")
    parser.add_argument("--name", default="reader")
    options = parser.parse_args()
    model = Reader(Shape())
    saved = torch.load(Path(__file__).parent / "work" / f"{options.name}.pt")
    model.load_state_dict(saved["model"])
    model.eval()
    torch.set_num_threads(1)
    print(saved["state"])
    for length in options.lengths:
        for label, sharing in (("dense", None), ("pod", Sharing(LEADERS, 16, options.recent, 256))):
            source = Sequences(1234, True, options.facts)
            counts = {"present": [0, 0], "absent": [0, 0]}
            shown = 0
            for _ in range(options.sequences):
                ids, kinds = source.draw(length)
                tokens = torch.tensor([ids])
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    best = model.logits(model(tokens, torch.arange(length)[None], sharing))[0].argmax(-1)
                for start, end in answers(kinds):
                    said, wanted = best[start - 1 : end - 1].tolist(), ids[start:end]
                    kind = "absent" if source.tokenizer.decode(wanted).strip() == facts.ABSENT else "present"
                    counts[kind][0] += said == wanted
                    counts[kind][1] += 1
                    if said != wanted and shown < options.show:
                        shown += 1
                        context = source.tokenizer.decode(ids[max(0, start - 24) : start], skip_special_tokens=False)
                        print(repr(context[-90:]), "|", source.tokenizer.decode(wanted), "|", source.tokenizer.decode(said))
            print(length, label, {kind: f"{right}/{all_}" for kind, (right, all_) in counts.items()}, flush=True)


if __name__ == "__main__":
    main()
