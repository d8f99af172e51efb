"""Exports a checkpoint of the reader in the onnx-community layout, with its plan, into assets/models/reader.

    python export.py [--name reader] [--storage q8] [--to FOLDER]
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch

from network import Shape, shape_of
from onnx_decoder import Decoder, Pattern, config_of, write
from sequences import POSITIONS
from train import LEADERS

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "assets" / "models" / "reader"
SINKS, RECENT = 16, 256


def under_public_names(state: dict[str, torch.Tensor], shape: Shape) -> dict[str, np.ndarray]:
    """The reader's weights under the names that `transformers` uses for Llama."""
    plain = {name: tensor.float().numpy() for name, tensor in state.items()}
    weights = {"model.embed_tokens.weight": plain["embedding.weight"], "model.norm.weight": plain["norm.weight"]}
    sizes = np.cumsum([shape.query_heads * shape.head, shape.key_value_heads * shape.head])
    for index in range(shape.layers):
        own, public = f"layers.{index}", f"model.layers.{index}"
        parts = np.split(plain[f"{own}.attention.projection.weight"], sizes)
        for name, part in zip("qkv", parts, strict=True):
            weights[f"{public}.self_attn.{name}_proj.weight"] = part
        weights[f"{public}.self_attn.o_proj.weight"] = plain[f"{own}.attention.output.weight"]
        gate, up = np.split(plain[f"{own}.gate_up.weight"], 2)
        weights[f"{public}.mlp.gate_proj.weight"] = gate
        weights[f"{public}.mlp.up_proj.weight"] = up
        weights[f"{public}.mlp.down_proj.weight"] = plain[f"{own}.down.weight"]
        weights[f"{public}.input_layernorm.weight"] = plain[f"{own}.attention_norm.weight"]
        weights[f"{public}.post_attention_layernorm.weight"] = plain[f"{own}.feed_forward_norm.weight"]
    return weights


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="reader")
    parser.add_argument("--to", type=Path, default=TARGET)
    parser.add_argument("--storage", default="q8", choices=["f32", "f16", "q4", "q8"])
    parser.add_argument("--leaders", type=json.loads, default=LEADERS)
    parser.add_argument("--found", default="trained with this plan in place from the start; half of the steps ran dense")
    parser.add_argument("--not-adapted", action="store_true")
    options = parser.parse_args()
    saved = torch.load(HERE / "work" / f"{options.name}.pt")
    shape = shape_of(saved["model"])
    decoder = Decoder(
        shape.vocabulary, shape.hidden, shape.layers, shape.query_heads, shape.key_value_heads, shape.head,
        shape.intermediate, shape.epsilon, shape.rope_base, POSITIONS,
    )
    target = options.to
    write(target, decoder, under_public_names(saved["model"], shape), Pattern(storage=options.storage, computed_caches=True))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(HERE / "work" / "tokenizer" / name, target / name)
    plan = {
        "version": 1,
        "leaders": [each if isinstance(each, list) else [each] * shape.key_value_heads for each in options.leaders],
        "sinks": SINKS,
        "recent": RECENT,
        "adapted": not options.not_adapted,
        "found": options.found,
    }
    files = {
        "config.json": config_of(decoder, "llama", bos_token_id=0, eos_token_id=3, torch_dtype="float32"),
        "generation_config.json": {"bos_token_id": 0, "eos_token_id": 3, "do_sample": False},
        "pod.json": plan,
    }
    for name, content in files.items():
        (target / name).write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps({"step": saved["state"]["step"], "bytes": sum(p.stat().st_size for p in target.rglob("*") if p.is_file())}))


if __name__ == "__main__":
    main()
