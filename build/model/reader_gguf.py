"""Writes the built-in reader as GGUF, so that it can be imported again, asked what it is asked as ONNX, and held against llama.cpp.

    python reader_gguf.py [TYPE ...]    ->  build/model/work/reader-TYPE.gguf, and reader-TYPE.json with a text's token ids

Without types: every one that Proxima takes. K types are rounded here, because the package can only read them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, TokenType, quants
from onnx import numpy_helper
from tokenizers import Tokenizer

from random_gguf import paired

HERE = Path(__file__).parent
READER = HERE.parents[1] / "assets" / "models" / "reader"
CONFIG = json.loads((READER / "config.json").read_text())


TYPES = (Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K)
SUPER = 256


def half(values: np.ndarray) -> np.ndarray:
    """[blocks] -> [blocks, 2] bytes."""
    return values.astype(np.float16).reshape(-1, 1).view(np.uint8)


def q6_k(weight: np.ndarray) -> np.ndarray:
    groups = weight.reshape(-1, 16, 16)
    peak = np.abs(groups).max(-1) / 31
    unit = (peak.max(-1) / 127).astype(np.float16).astype(np.float32)
    scales = np.round(peak / np.maximum(unit, 1e-12)[:, None]).astype(np.int8)
    step = (unit[:, None] * scales)[..., None]
    levels = (np.clip(np.round(groups / np.where(step == 0, 1, step)), -32, 31) + 32).astype(np.uint8).reshape(-1, 2, 4, 32)
    low = (levels[:, :, :2] & 15) | ((levels[:, :, 2:] & 15) << 4)
    high = sum((levels[:, :, part] >> 4) << (2 * part) for part in range(4))
    blocks = len(groups)
    return np.concatenate([low.reshape(blocks, 128), high.reshape(blocks, 64), scales.view(np.uint8), half(unit)], axis=1)


def q45_k(weight: np.ndarray, bits: int) -> np.ndarray:
    groups = weight.reshape(-1, 8, 32)
    least, most = np.minimum(groups.min(-1), 0), np.maximum(groups.max(-1), 0)
    step = (most - least) / (2**bits - 1)
    units = [(each.max(-1) / 63).astype(np.float16).astype(np.float32) for each in (step, -least)]
    scales, smallest = (np.round(each / np.maximum(unit, 1e-12)[:, None]).astype(np.uint8) for each, unit in zip((step, -least), units))
    width = (units[0][:, None] * scales)[..., None]
    levels = np.clip(np.round((groups + (units[1][:, None] * smallest)[..., None]) / np.where(width == 0, 1, width)), 0, 2**bits - 1).astype(np.uint8)
    sixes = np.concatenate([scales[:, :4] | ((scales[:, 4:] >> 4) << 6), smallest[:, :4] | ((smallest[:, 4:] >> 4) << 6), (scales[:, 4:] & 15) | ((smallest[:, 4:] & 15) << 4)], axis=1)
    low = ((levels[:, 0::2] & 15) | ((levels[:, 1::2] & 15) << 4)).reshape(len(groups), 128)
    fifth = [sum((levels[:, group] >> 4) << group for group in range(8))] if bits == 5 else []
    return np.concatenate([half(units[0]), half(units[1]), sixes, *fifth, low], axis=1)


def rounded(weight: np.ndarray, kind: Type) -> np.ndarray:
    """The rows' bytes."""
    weight = np.ascontiguousarray(weight, dtype=np.float32)
    k_types = {Type.Q4_K: lambda: q45_k(weight, 4), Type.Q5_K: lambda: q45_k(weight, 5), Type.Q6_K: lambda: q6_k(weight)}
    return k_types[kind]().astype(np.uint8).reshape(len(weight), -1) if kind in k_types else quants.quantize(weight, kind)


def weights_of_reader() -> dict[str, np.ndarray]:
    """Under the names of the graph, levels times scales multiplied out."""
    stored = {each.name: numpy_helper.to_array(each) for each in onnx.load(READER / "onnx" / "model.onnx").graph.initializer}
    weights = {}
    for name, values in stored.items():
        if name.endswith(".quantised"):
            base = name.removesuffix(".quantised")
            weights[base] = ((values.astype(np.float32) - 128) * stored[f"{base}.scales"][..., None]).reshape(len(values), -1)
        elif name.endswith(".weight"):
            weights[name.removesuffix(".weight")] = values
    return weights


def write_tokenizer(writer: GGUFWriter) -> None:
    definition = json.loads((READER / "tokenizer.json").read_text())
    template = json.loads((READER / "tokenizer_config.json").read_text())["chat_template"]
    special = {each["content"] for each in definition["added_tokens"]}
    tokens = [token for token, _ in sorted(definition["model"]["vocab"].items(), key=lambda each: each[1])]
    writer.add_tokenizer_model("gpt2")
    # Digits one by one, then GPT-2's pattern, as the reader's tokenizer cuts.
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL if token in special else TokenType.NORMAL for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in definition["model"]["merges"]])
    writer.add_bos_token_id(CONFIG["bos_token_id"])
    writer.add_eos_token_id(CONFIG["eos_token_id"])
    writer.add_chat_template(template)


def write(path: Path, stored: Type, weights: dict[str, np.ndarray]) -> None:
    writer = GGUFWriter(path, "llama")
    heads, both, head = CONFIG["num_attention_heads"], CONFIG["num_key_value_heads"], CONFIG["head_dim"]
    writer.add_context_length(CONFIG["max_position_embeddings"])
    writer.add_embedding_length(CONFIG["hidden_size"])
    writer.add_block_count(CONFIG["num_hidden_layers"])
    writer.add_feed_forward_length(CONFIG["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(both)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(CONFIG["rope_theta"])
    writer.add_layer_norm_rms_eps(CONFIG["rms_norm_eps"])
    write_tokenizer(writer)
    matrix = lambda name, weight, kind=stored: writer.add_tensor(name, rounded(weight, kind), raw_dtype=kind)  # noqa: E731
    # As llama.cpp does it, the table that answers are read off keeps eight bits.
    matrix("token_embd.weight", weights["model.embed_tokens"], Type.Q8_0)
    for layer in range(CONFIG["num_hidden_layers"]):
        base, block = f"model.layers.{layer}", f"blk.{layer}"
        query, key, value = np.split(weights[f"{base}.attn.qkv_proj"], [heads * head, (heads + both) * head])
        matrix(f"{block}.attn_q.weight", paired(query, heads))
        matrix(f"{block}.attn_k.weight", paired(key, both))
        matrix(f"{block}.attn_v.weight", value)
        matrix(f"{block}.attn_output.weight", weights[f"{base}.attn.o_proj"])
        for part in ("gate", "up", "down"):
            matrix(f"{block}.ffn_{part}.weight", weights[f"{base}.mlp.{part}_proj"])
        writer.add_tensor(f"{block}.attn_norm.weight", weights[f"{base}.input_layernorm"])
        writer.add_tensor(f"{block}.ffn_norm.weight", weights[f"{base}.post_attention_layernorm"])
    writer.add_tensor("output_norm.weight", weights["model.norm"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(path.name, path.stat().st_size)


def main() -> None:
    (HERE / "work").mkdir(exist_ok=True)
    weights = weights_of_reader()
    facts = json.loads((HERE.parent / "sample" / "facts.json").read_text())
    text = " ".join(f"It rained all day. {fact['statement']}" for fact in facts)
    ids = Tokenizer.from_file(str(READER / "tokenizer.json")).encode(text, add_special_tokens=False).ids[:240]
    for stored in [Type[name.upper()] for name in sys.argv[1:]] or TYPES:
        path = HERE / "work" / f"reader-{stored.name.lower()}.gguf"
        write(path, stored, weights)
        path.with_suffix(".json").write_text(json.dumps({"prompt": 120, "ids": ids}) + "\n")


if __name__ == "__main__":
    main()
