"""Exports the quoting reader in the onnx-community layout.

    python export.py --to FOLDER [--name quoting] [--storage q8] [--check]

`--check` runs the graph in onnxruntime beside PyTorch, both dense, on a sentence. Beside the graph go pod.json, the plan that the weights
were trained with, and quoting.json, which tells the engine how the model answers; how likely an answer is right comes from
checkpoints/NAME-confidence.json (`build/eval/quoting.ts --write`) where it is there.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.append(str(Path(__file__).parent.parent))

import candidates  # noqa: E402
import checkpoints  # noqa: E402
import tokens  # noqa: E402
from cloze import FUNCTION_WORDS  # noqa: E402
from evaluate_candidates import FINDING_WEIGHT  # noqa: E402
from facts import ABSENT  # noqa: E402
from network import LEADERS, RECENT, SINKS, Reader, Shape, masks_for  # noqa: E402
from onnx_decoder import Decoder, Pattern, config_of, write  # noqa: E402

POSITIONS = 262_144
# Sentences that attention and words each propose.
CANDIDATES = 4


def plan(shape: Shape) -> dict:
    """pod.json: what `network.LEADERS` says."""
    lead, stream = {"role": "lead", "keys": "f16", "values": "f16"}, {"role": "stream"}
    units = [[lead if (layer, head) in LEADERS else stream for head in range(shape.key_value_heads)] for layer in range(shape.layers)]
    found = "trained with this plan in place from the start"
    named = {"id": "pod", "label": "PoD", "units": units, "sinks": SINKS, "recent": RECENT, "adapted": True, "found": found}
    return {"version": 2, "plans": [named]}


def quoting(confidence: Path) -> dict:
    """quoting.json: `engine/quoting/quoting-file.ts` says what its parts mean."""
    unit = lambda pair: {"layer": pair[0], "keyValueHead": pair[1]}  # noqa: E731
    known = {"confidence": json.loads(confidence.read_text())} if confidence.exists() else {}
    return {
        "version": 1,
        "candidates": {"attention": CANDIDATES, "words": CANDIDATES},
        "finder": unit(candidates.OCCURS),
        "start": {**unit(candidates.STARTED), "queryHead": 0},
        "end": {**unit(candidates.STARTED), "queryHead": 1},
        "tokens": {"so": tokens.SPECIAL[tokens.SO], "end": tokens.SPECIAL[tokens.END]},
        "refusal": ABSENT,
        "functionWords": sorted(FUNCTION_WORDS),
        "findingWeight": FINDING_WEIGHT,
        **known,
    }


def under_public_names(model: Reader) -> dict[str, np.ndarray]:
    """The reader's weights under the names that `transformers` uses for Llama."""
    shape = model.shape
    plain = {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}
    weights = {"model.embed_tokens.weight": model.embedding.table().detach().numpy(), "model.norm.weight": plain["norm.weight"]}
    sizes = np.cumsum([shape.query_heads * shape.head, shape.key_value_heads * shape.head])
    for index in range(shape.layers):
        own, public = f"layers.{index}", f"model.layers.{index}"
        for name, part in zip("qkv", np.split(plain[f"{own}.attention.projection.weight"], sizes), strict=True):
            weights[f"{public}.self_attn.{name}_proj.weight"] = part
        weights[f"{public}.self_attn.o_proj.weight"] = plain[f"{own}.attention.output.weight"]
        for name, part in zip(("gate", "up"), np.split(plain[f"{own}.gate_up.weight"], 2), strict=True):
            weights[f"{public}.mlp.{name}_proj.weight"] = part
        weights[f"{public}.mlp.down_proj.weight"] = plain[f"{own}.down.weight"]
        weights[f"{public}.input_layernorm.weight"] = plain[f"{own}.attention_norm.weight"]
        weights[f"{public}.post_attention_layernorm.weight"] = plain[f"{own}.feed_forward_norm.weight"]
    return weights


def check(model: Reader, graph: Path) -> None:
    """Largest difference of the logits, and how often the likeliest token is the same."""
    import onnxruntime

    shape = model.shape
    ids = tokens.load().encode("The yacht Cézanne carries 4,410 crates of tea, and nobody asked who paid for them.").ids
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    feeds = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}
    for given in session.get_inputs():
        if given.name.startswith("past"):
            feeds[given.name] = np.zeros((1, shape.key_value_heads, 0, shape.head), dtype=np.float32)
    theirs = session.run(["logits"], feeds)[0][0]
    masks = masks_for(torch.tensor([len(ids)]), len(ids), "dense")
    with torch.no_grad():
        hidden, _ = model.run(torch.tensor([ids]), torch.arange(len(ids))[None], masks.window, masks.whole, ())
        ours = F.linear(hidden[0], model.embedding.table()).numpy()
    same = (ours.argmax(-1) == theirs.argmax(-1)).mean()
    print(f"logits differ by {np.abs(ours - theirs).max():.4f} of {np.abs(ours).max():.1f}; likeliest token the same: {same:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="quoting")
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--storage", default="q8", choices=["f32", "f16", "q4", "q8"])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    words, form = tokens.forms(tokens.load())
    model = Reader(Shape(), form, words)
    weights, state, _ = checkpoints.load(options.name)
    model.load_state_dict(weights)
    model.eval()
    shape = model.shape
    decoder = Decoder(
        shape.vocabulary, shape.hidden, shape.layers, shape.query_heads, shape.key_value_heads, shape.head,
        shape.intermediate, shape.epsilon, shape.rope_base, POSITIONS,
    )  # fmt: skip
    write(options.to, decoder, under_public_names(model), Pattern(storage=options.storage, computed_caches=True))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokens.FOLDER / name, options.to / name)
    files = {
        "config.json": config_of(decoder, "llama", bos_token_id=tokens.BEGIN, eos_token_id=tokens.END, torch_dtype="float32"),
        "pod.json": plan(shape),
        "quoting.json": quoting(checkpoints.KEPT / f"{options.name}-confidence.json"),
        "generation_config.json": {"bos_token_id": tokens.BEGIN, "eos_token_id": tokens.END, "do_sample": False},
    }
    for name, content in files.items():
        (options.to / name).write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps({**state, "bytes": sum(p.stat().st_size for p in options.to.rglob("*") if p.is_file())}))
    if options.check:
        check(model, options.to / "onnx" / "model.onnx")


if __name__ == "__main__":
    main()
