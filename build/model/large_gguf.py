"""Writes models of random weights twice, as a GGUF file of about 1 GB and as exporters write it: for `build/bench/gguf-load.ts`.

    python large_gguf.py [SHAPE-TYPE ...]    ->  build/bench/cache/large-SHAPE-TYPE.gguf, build/bench/cache/large-SHAPE-TYPE-onnx

Without names: wide-q8_0. K types have no twin, because no exporter writes their blocks.
"""

import json
import shutil
import sys
import zlib

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, quants

from onnx_decoder import Decoder, Pattern, config_of
from onnx_decoder import write as write_onnx
from random_gguf import paired, random_blocks
from reader_gguf import HERE, READER, write_tokenizer

CACHE = HERE.parents[1] / "build" / "bench" / "cache"
SHAPES = {
    "wide": Decoder(49152, 2048, 16, 16, 8, 128, 6144, 1e-5, 500_000.0, 32768),
    # Qwen3-0.6B's: many layers, a large vocabulary.
    "deep": Decoder(151936, 1024, 28, 16, 8, 128, 3072, 1e-6, 1_000_000.0, 32768),
}
# How exporters store the same weights.
TWINS = {Type.Q8_0: "q8", Type.Q4_0: "q4", Type.F16: "f16"}
K_TYPES = (Type.Q4_K, Type.Q5_K, Type.Q6_K)


class RandomWeights:
    """Made anew whenever they are asked for, and always the same, so that they are never all in memory."""

    def __init__(self, shape: Decoder):
        self.shape = shape

    def __contains__(self, name: str) -> bool:
        return not name.endswith(".bias")

    def __getitem__(self, name: str) -> np.ndarray:
        shape = self.shape
        if "norm" in name:
            return np.ones(shape.hidden, np.float32)
        wide, narrow = shape.query_heads * shape.head, shape.key_value_heads * shape.head
        sizes = {
            "embed_tokens": (shape.vocabulary, shape.hidden), "q_proj": (wide, shape.hidden), "k_proj": (narrow, shape.hidden), "v_proj": (narrow, shape.hidden),
            "o_proj": (shape.hidden, wide), "gate_proj": (shape.intermediate, shape.hidden), "up_proj": (shape.intermediate, shape.hidden), "down_proj": (shape.hidden, shape.intermediate),
        }
        rows, columns = sizes[name.split(".")[-2]]
        source = np.random.default_rng(zlib.crc32(name.encode()))
        return source.standard_normal((rows, columns), dtype=np.float32) * np.float32(columns**-0.5)


def stored_rows(name: str, weight: np.ndarray, kind: Type) -> np.ndarray:
    if kind in K_TYPES:
        # No two alike: onnxruntime packs equal weights of a session once.
        return random_blocks(kind, *weight.shape, np.random.default_rng(zlib.crc32(name.encode())))
    return quants.quantize(weight, kind)


def write_gguf(path, shape: Decoder, kind: Type) -> None:
    weights = RandomWeights(shape)
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(shape.positions)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.intermediate)
    writer.add_head_count(shape.query_heads)
    writer.add_head_count_kv(shape.key_value_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    write_tokenizer(writer)
    matrix = lambda name, weight: writer.add_tensor(name, stored_rows(name, weight, kind), raw_dtype=kind)  # noqa: E731
    matrix("token_embd.weight", weights["model.embed_tokens.weight"])
    for layer in range(shape.layers):
        base, block = f"model.layers.{layer}", f"blk.{layer}"
        matrix(f"{block}.attn_q.weight", paired(weights[f"{base}.self_attn.q_proj.weight"], shape.query_heads))
        matrix(f"{block}.attn_k.weight", paired(weights[f"{base}.self_attn.k_proj.weight"], shape.key_value_heads))
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


def write_twin(folder, shape: Decoder, storage: str) -> None:
    write_onnx(folder, shape, RandomWeights(shape), Pattern(storage=storage, external_data=True), "model.onnx")
    (folder / "config.json").write_text(json.dumps(config_of(shape, "llama", eos_token_id=3)) + "\n")
    for file in ("generation_config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(READER / file, folder / file)
    print(folder.name)


def main() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or ["wide-q8_0"]:
        shape, kind = SHAPES[name.split("-")[0]], Type[name.split("-")[1].upper()]
        write_gguf(CACHE / f"large-{name}.gguf", shape, kind)
        if kind in TWINS:
            write_twin(CACHE / f"large-{name}-onnx", shape, TWINS[kind])


if __name__ == "__main__":
    main()
