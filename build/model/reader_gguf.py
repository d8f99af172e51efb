"""Writes the built-in reader as GGUF, so that it can be imported again and asked what it is asked as ONNX.

    python reader_gguf.py    ->  build/model/work/reader-q8_0.gguf, build/model/work/reader-q4_0.gguf
"""

import json
from pathlib import Path

import numpy as np
import onnx
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, TokenType, quants
from onnx import numpy_helper

from random_gguf import paired

HERE = Path(__file__).parent
READER = HERE.parents[1] / "assets" / "models" / "reader"
CONFIG = json.loads((READER / "config.json").read_text())


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
    matrix = lambda name, weight, kind=stored: writer.add_tensor(name, quants.quantize(np.ascontiguousarray(weight), kind), raw_dtype=kind)  # noqa: E731
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
    for stored in (Type.Q8_0, Type.Q4_0):
        write(HERE / "work" / f"reader-{stored.name.lower()}.gguf", stored, weights)


if __name__ == "__main__":
    main()
