"""Writes one model of random weights twice, as a GGUF file of 1 GB (Q8_0) and as exporters write it (int8): for `build/bench/gguf-load.ts`.

    python large_gguf.py    ->  build/bench/cache/random-1b.gguf, build/bench/cache/random-1b-onnx
"""

import json
import shutil
import zlib

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, quants

from onnx_decoder import Decoder, Pattern, config_of
from onnx_decoder import write as write_onnx
from random_gguf import paired
from reader_gguf import HERE, READER, write_tokenizer

CACHE = HERE.parents[1] / "build" / "bench" / "cache"
SHAPE = Decoder(49152, 2048, 16, 16, 8, 128, 6144, 1e-5, 500_000.0, 32768)


class RandomWeights:
    """Made anew whenever they are asked for, and always the same, so that they are never all in memory."""

    def __contains__(self, name: str) -> bool:
        return not name.endswith(".bias")

    def __getitem__(self, name: str) -> np.ndarray:
        if "norm" in name:
            return np.ones(SHAPE.hidden, np.float32)
        wide, narrow = SHAPE.query_heads * SHAPE.head, SHAPE.key_value_heads * SHAPE.head
        sizes = {
            "embed_tokens": (SHAPE.vocabulary, SHAPE.hidden), "q_proj": (wide, SHAPE.hidden), "k_proj": (narrow, SHAPE.hidden), "v_proj": (narrow, SHAPE.hidden),
            "o_proj": (SHAPE.hidden, wide), "gate_proj": (SHAPE.intermediate, SHAPE.hidden), "up_proj": (SHAPE.intermediate, SHAPE.hidden), "down_proj": (SHAPE.hidden, SHAPE.intermediate),
        }
        rows, columns = sizes[name.split(".")[-2]]
        source = np.random.default_rng(zlib.crc32(name.encode()))
        return source.standard_normal((rows, columns), dtype=np.float32) * np.float32(columns**-0.5)


def write_gguf(path, weights: RandomWeights) -> None:
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(SHAPE.positions)
    writer.add_embedding_length(SHAPE.hidden)
    writer.add_block_count(SHAPE.layers)
    writer.add_feed_forward_length(SHAPE.intermediate)
    writer.add_head_count(SHAPE.query_heads)
    writer.add_head_count_kv(SHAPE.key_value_heads)
    writer.add_rope_freq_base(SHAPE.rope_base)
    writer.add_layer_norm_rms_eps(SHAPE.epsilon)
    write_tokenizer(writer)
    matrix = lambda name, weight: writer.add_tensor(name, quants.quantize(weight, Type.Q8_0), raw_dtype=Type.Q8_0)  # noqa: E731
    matrix("token_embd.weight", weights["model.embed_tokens.weight"])
    for layer in range(SHAPE.layers):
        base, block = f"model.layers.{layer}", f"blk.{layer}"
        matrix(f"{block}.attn_q.weight", paired(weights[f"{base}.self_attn.q_proj.weight"], SHAPE.query_heads))
        matrix(f"{block}.attn_k.weight", paired(weights[f"{base}.self_attn.k_proj.weight"], SHAPE.key_value_heads))
        matrix(f"{block}.attn_v.weight", weights[f"{base}.self_attn.v_proj.weight"])
        matrix(f"{block}.attn_output.weight", weights[f"{base}.self_attn.o_proj.weight"])
        for part in ("gate", "up", "down"):
            matrix(f"{block}.ffn_{part}.weight", weights[f"{base}.mlp.{part}_proj.weight"])
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{name}.weight", weights["norm.weight"])
    writer.add_tensor("output_norm.weight", weights["norm.weight"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(path.name, path.stat().st_size)


def main() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    weights = RandomWeights()
    write_gguf(CACHE / "random-1b.gguf", weights)
    folder = CACHE / "random-1b-onnx"
    write_onnx(folder, SHAPE, weights, Pattern(storage="q8", external_data=True), "model.onnx")
    (folder / "config.json").write_text(json.dumps(config_of(SHAPE, "llama", eos_token_id=3)) + "\n")
    for file in ("generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(READER / file, folder / file)
    print(folder.name)


if __name__ == "__main__":
    main()
