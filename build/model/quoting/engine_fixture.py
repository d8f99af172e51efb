"""Writes what PyTorch finds, points at and chooses with a tiny random model, for the engine to be held against.

    python engine_fixture.py    ->  tests/fixtures/quoting/ (a model folder's graph and plan; expected.json)

The document has as many tokens as the window's grid asks for, so that the engine's window and the one here stand at the same place.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.append(str(Path(__file__).parent.parent))

import answering  # noqa: E402
import candidates  # noqa: E402
import network  # noqa: E402
import tokens  # noqa: E402
from export import under_public_names  # noqa: E402
from network import RECENT, SINKS, Reader, Shape  # noqa: E402
from onnx_decoder import Decoder, Pattern, config_of, write  # noqa: E402

FOLDER = Path(__file__).resolve().parents[3] / "tests" / "fixtures" / "quoting"
SHAPE = Shape(vocabulary=96, hidden=32, layers=4, query_heads=4, key_value_heads=2, head=16, intermediate=48, rope_base=10_000.0)
LEADERS = ((2, 0), (2, 1), (3, 0))
FINDER, POINTERS = (2, 0), (3, 1)
# Tokens below are special; of the others every third is no telling word, and every fourth goes on with the word before it.
FIRST_PLAIN = 8
DOCUMENT, QUESTION, SENTENCES, QUESTIONS = 768, 11, 40, 3
POSITIONS = 1024


def random_reader() -> Reader:
    torch.manual_seed(7)
    network.MATCHING_LAYERS = ()
    model = Reader(SHAPE, np.arange(SHAPE.vocabulary), [f"word{n}" for n in range(SHAPE.vocabulary)]).float().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Wide enough that attention chooses and the next token is not anyone's guess.
            spread = 0.3 if parameter.ndim == 2 else 0.1
            parameter.copy_(torch.randn_like(parameter) * spread + (1.0 if "norm" in name else 0.0))
        model.norm.weight.mul_(0.35)
    return model


class PlainTokenizer:
    """As much of a tokenizer as reading again asks for: what a token begins with."""

    def encode(self, text: str):
        return type("Encoded", (), {"ids": [20, 33, 47]})()

    def decode(self, ids: list[int]) -> str:
        return "a" if ids[0] % 4 == 0 and ids[0] >= FIRST_PLAIN else " a"

    def get_vocab_size(self) -> int:
        return SHAPE.vocabulary


def asked(model: Reader, rereader: candidates.Rereader, ids: list[int], spans: list, telling: torch.Tensor, source) -> dict:
    reading = answering.Reading(model, "plan")
    reading.read(ids)
    question = source.integers(FIRST_PLAIN, SHAPE.vocabulary, QUESTION).tolist()
    looked = candidates.look(reading, question, telling, spans)
    # The engine's window does not move on within a question.
    looked.reading.recent = RECENT + QUESTION + 2
    order = looked.occurs.topk(3).indices.tolist()
    said = rereader.ask(looked.reading, [ids[a:b] for a, b in spans], False)
    chosen = []
    for n in order:
        joint, (start, end) = said[n]["joint"], spans[n]
        chosen.append({"sentence": n, "refused": joint.refused, "said": joint.said, "chance": joint.confidence})
    return {"question": question, "attention": looked.occurs.tolist(), "read": chosen}


def main() -> None:
    answering.LEADERS = LEADERS
    candidates.FOUND, candidates.OCCURS, candidates.POINTED, candidates.STARTED = (2, 1), FINDER, (2, 1), POINTERS
    model = random_reader()
    decoder = Decoder(
        SHAPE.vocabulary, SHAPE.hidden, SHAPE.layers, SHAPE.query_heads, SHAPE.key_value_heads, SHAPE.head, SHAPE.intermediate,
        SHAPE.epsilon, SHAPE.rope_base, POSITIONS,
    )  # fmt: skip
    write(FOLDER, decoder, under_public_names(model), Pattern(computed_caches=True))
    source = np.random.default_rng(11)
    ids = [tokens.BEGIN, *source.integers(FIRST_PLAIN, SHAPE.vocabulary, DOCUMENT - 1).tolist()]
    cuts = sorted(source.choice(np.arange(4, DOCUMENT), SENTENCES - 1, replace=False).tolist())
    spans = [(a, b) for a, b in zip([1, *cuts], [*cuts, DOCUMENT], strict=True)]
    telling = torch.tensor([n >= FIRST_PLAIN and n % 3 != 0 for n in range(SHAPE.vocabulary)])
    rereader = candidates.Rereader(model, PlainTokenizer(), "")
    lead, stream = {"role": "lead", "keys": "f16", "values": "f16"}, {"role": "stream"}
    expected = {
        "ids": ids, "spans": spans, "telling": torch.nonzero(telling).flatten().tolist(),
        "opens": [n for n in range(SHAPE.vocabulary) if rereader.opens_word[n]],
        "refusal": rereader.refusal, "sinks": SINKS, "recent": RECENT,
        "plan": [[lead if (layer, head) in LEADERS else stream for head in range(SHAPE.key_value_heads)] for layer in range(SHAPE.layers)],
        "finder": FINDER, "pointers": POINTERS,
        "asked": [asked(model, rereader, ids, spans, telling, source) for _ in range(QUESTIONS)],
    }  # fmt: skip
    (FOLDER / "config.json").write_text(json.dumps(config_of(decoder, "llama", bos_token_id=tokens.BEGIN, eos_token_id=tokens.END)) + "\n")
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")
    for each in expected["asked"]:
        print([round(max(each["attention"]), 3)], [(r["sentence"], round(r["refused"], 5), r["said"], f"{r['chance']:.2e}") for r in each["read"]])


if __name__ == "__main__":
    main()
