"""Writes model folders with random weights in the shapes of real ones, for benchmarks: speed does not ask what is said.

    python random_model.py    ->  build/bench/cache/smollm2-135m-random, build/bench/cache/qwen3-0.6b-random
"""

import json
import shutil
from pathlib import Path

import numpy as np

from onnx_decoder import Decoder, Pattern, config_of, write

ROOT = Path(__file__).resolve().parents[2]
# The built-in reader's: what is asked of these models is how fast they are, and it is in every clone.
TOKENIZER = ROOT / "assets" / "models" / "reader"
Q4 = {"storage": "q4", "external_data": True}
SHAPES = {
    "smollm2-135m-random": ("llama", Decoder(49152, 576, 30, 9, 3, 64, 1536, 1e-5, 100_000.0, 32768), Pattern(**Q4)),
    "qwen3-0.6b-random": ("qwen3", Decoder(151936, 1024, 28, 16, 8, 128, 3072, 1e-6, 1e6, 40960), Pattern(**Q4, norm="inputs")),
}


def random_weights(shape: Decoder, norm: bool) -> dict[str, np.ndarray]:
    source = np.random.default_rng(3)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (source.standard_normal((rows, columns), dtype=np.float32) * columns**-0.5).astype(np.float32)

    weights = {"model.embed_tokens.weight": matrix(shape.vocabulary, shape.hidden), "model.norm.weight": np.ones(shape.hidden, np.float32)}
    width, narrow = shape.query_heads * shape.head, shape.key_value_heads * shape.head
    for layer in range(shape.layers):
        base = f"model.layers.{layer}"
        sizes = {"q": width, "k": narrow, "v": narrow}
        weights |= {f"{base}.self_attn.{name}_proj.weight": matrix(size, shape.hidden) for name, size in sizes.items()}
        if norm:
            weights |= {f"{base}.self_attn.{name}_norm.weight": np.ones(shape.head, np.float32) for name in ("q", "k")}
        weights[f"{base}.self_attn.o_proj.weight"] = matrix(shape.hidden, width)
        weights |= {f"{base}.mlp.{name}_proj.weight": matrix(shape.intermediate, shape.hidden) for name in ("gate", "up")}
        weights[f"{base}.mlp.down_proj.weight"] = matrix(shape.hidden, shape.intermediate)
        weights |= {f"{base}.{name}.weight": np.ones(shape.hidden, np.float32) for name in ("input_layernorm", "post_attention_layernorm")}
    return weights


def main() -> None:
    for name, (kind, shape, pattern) in SHAPES.items():
        target = ROOT / "build" / "bench" / "cache" / name
        write(target, shape, random_weights(shape, pattern.norm is not None), pattern, "model_q4.onnx")
        (target / "config.json").write_text(json.dumps(config_of(shape, kind, eos_token_id=2)) + "\n")
        (target / "generation_config.json").write_text(json.dumps({"eos_token_id": 2}) + "\n")
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(TOKENIZER / file, target / file)
        print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
