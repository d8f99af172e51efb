"""Writes small GGUF files with random weights, with the logits that `transformers` gives on the dequantised weights.

    python random_gguf.py [NAME ...]    ->  tests/fixtures/gguf/<name>.gguf and <name>.json
    python random_gguf.py --blocks      ->  tests/fixtures/gguf/blocks.json
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from gguf import GGUFWriter, TokenType, quants
from transformers import (
    Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, GraniteConfig, GraniteForCausalLM, LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
    Phi3Config, Phi3ForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, SmolLM3Config, SmolLM3ForCausalLM,
)

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "tests" / "fixtures" / "gguf"
VOCABULARY = 320
PROMPT, DECODED = 120, 4
POSITIONS = 512
BASE = 10_000.0
EPSILON = 1e-6
WINDOW = 48
TEMPLATE = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


@dataclass
class Shape:
    hidden: int = 32
    layers: int = 2
    query_heads: int = 4
    key_value_heads: int = 2
    head: int = 16
    intermediate: int = 64


# A K type stores 256 elements of a row together; matrices with shorter rows are stored otherwise.
WIDE = Shape(hidden=256, layers=1, query_heads=2, key_value_heads=1, head=32, intermediate=64)
NARROW = {"attn_output.weight": Type.Q8_0, "ffn_down.weight": Type.Q8_0}


# llama.cpp takes no other Qwen2 than one whose heads are as wide as its hidden size.
SQUARE = Shape(head=8)


@dataclass
class Case:
    architecture: str
    stored: Type
    # Settings of `transformers` beyond the shape; keys of the file beyond the usual ones, by method of GGUFWriter.
    more: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    shape: Shape = field(default_factory=Shape)
    family: str | None = None
    tied: bool = False
    # Tensors by their ending that are stored in another type.
    others: dict[str, Type] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    tokenizer: str = "gpt2"


FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM), "mistral": (MistralConfig, MistralForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "gemma2": (Gemma2Config, Gemma2ForCausalLM), "gemma3": (Gemma3TextConfig, Gemma3ForCausalLM), "phi3": (Phi3Config, Phi3ForCausalLM),
    "smollm3": (SmolLM3Config, SmolLM3ForCausalLM), "granite": (GraniteConfig, GraniteForCausalLM),
}
PAIRED = {"llama", "smollm3", "granite"}

LLAMA3 = {"rope_type": "llama3", "rope_theta": BASE, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "rope_theta": BASE, "factor": 4.0, "original_max_position_embeddings": 64}
LINEAR = {"rope_type": "linear", "rope_theta": BASE, "factor": 2.0}
YARN_KEYS = {"add_rope_scaling_type": "yarn", "add_rope_scaling_factor": 4.0, "add_rope_scaling_orig_ctx_len": 64}
GEMMA_LAYERS = ["sliding_attention", "full_attention"]
GEMMA3_LAYERS = ["sliding_attention"] * 5 + ["full_attention"]
SHORT = [1.0 + 0.05 * i for i in range(6)]
LONG = [1.0 + 0.9 * i for i in range(6)]


def llama3_factors(head: int) -> np.ndarray:
    """What the frequencies are divided by, as the converter writes it into rope_freqs.weight."""
    wavelengths = 2 * np.pi * BASE ** (np.arange(0, head, 2) / head)
    low, high, old, factor = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"], LLAMA3["original_max_position_embeddings"], LLAMA3["factor"]
    smooth = (old / wavelengths - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    return np.where(wavelengths < old / high, 1, np.where(wavelengths > old / low, factor, between)).astype(np.float32)


def phi3(border: int) -> Case:
    magnitude = float(np.sqrt(1 + np.log(POSITIONS / border) / np.log(border)))
    rope = {"rope_type": "longrope", "rope_theta": BASE, "partial_rotary_factor": 0.75, "short_factor": SHORT, "long_factor": LONG, "original_max_position_embeddings": border}
    shape = Shape(query_heads=2, key_value_heads=1)
    factors = {"rope_factors_short.weight": np.array(SHORT, np.float32), "rope_factors_long.weight": np.array(LONG, np.float32)}
    more = {"rope_parameters": rope, "original_max_position_embeddings": border, "pad_token_id": 0, "sliding_window": 262144}
    keys = {"add_rope_scaling_attn_factors": magnitude, "add_rope_scaling_orig_ctx_len": border, "add_sliding_window": 262144, "add_rope_dimension_count": 12}
    return Case("phi3", Type.Q8_0, more, keys, shape, tensors=factors, tokenizer="llama")


CASES = {
    **{f"llama-{kind.name.lower()}": Case("llama", kind) for kind in (Type.F32, Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0)},
    **{f"llama-{kind.name.lower()}": Case("llama", kind, shape=WIDE, tied=True, others=NARROW) for kind in (Type.Q4_K, Type.Q5_K, Type.Q6_K)},
    # As llama.cpp mixes them: Q4_K, and Q6_K where it matters most.
    "qwen3-mixed": Case("qwen3", Type.Q4_K, shape=WIDE, others={**NARROW, "attn_v.weight": Type.Q6_K, "ffn_down.weight": Type.Q5_0, "token_embd.weight": Type.Q8_0, "output.weight": Type.Q6_K}),
    "llama-llama3": Case("llama", Type.Q8_0, {"rope_parameters": LLAMA3}, tensors={"rope_freqs.weight": llama3_factors(16)}, tied=True),
    "llama-linear": Case("llama", Type.Q8_0, {"rope_parameters": LINEAR}, {"add_rope_scaling_type": "linear", "add_rope_scaling_factor": 2.0}, tokenizer="llama"),
    "llama-yarn": Case("llama", Type.Q8_0, {"rope_parameters": YARN}, YARN_KEYS),
    "mistral-window": Case("llama", Type.Q8_0, {"sliding_window": WINDOW}, {"add_sliding_window": WINDOW}, family="mistral", tokenizer="llama"),
    "qwen2": Case("qwen2", Type.Q8_0, shape=SQUARE, tied=True),
    "qwen2-yarn": Case("qwen2", Type.Q5_1, {"rope_parameters": YARN}, YARN_KEYS, SQUARE),
    "qwen3": Case("qwen3", Type.Q8_0),
    "gemma2": Case(
        "gemma2", Type.Q8_0, {"layer_types": GEMMA_LAYERS, "sliding_window": WINDOW, "query_pre_attn_scalar": 16, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
        {"add_sliding_window": WINDOW, "add_attn_logit_softcapping": 2.0, "add_final_logit_softcapping": 3.0}, tied=True, tokenizer="gemma",
    ),
    "gemma3": Case(
        "gemma3", Type.Q8_0,
        {"layer_types": GEMMA3_LAYERS, "sliding_window": WINDOW, "query_pre_attn_scalar": 16, "rope_parameters": {"sliding_attention": {"rope_type": "default", "rope_theta": BASE}, "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0}}},
        {"add_sliding_window": WINDOW, "add_rope_freq_base": 1e6, "add_rope_scaling_type": "linear", "add_rope_scaling_factor": 8.0}, Shape(layers=6), tied=True, tokenizer="gemma",
    ),
    "phi3-short": phi3(300),
    "phi3-long": phi3(64),
    "smollm3": Case("smollm3", Type.Q8_0, {"no_rope_layers": [1, 1, 1, 0], "pad_token_id": 0}, shape=Shape(layers=4), tied=True),
    "granite": Case(
        "granite", Type.Q8_0, {"embedding_multiplier": 3.0, "residual_multiplier": 0.6, "attention_multiplier": 0.2, "logits_scaling": 2.5},
        {"add_embedding_scale": 3.0, "add_residual_scale": 0.6, "add_attention_scale": 0.2, "add_logit_scale": 2.5},
    ),
}


def names_of(layer: int, fused: bool) -> dict[str, str]:
    """GGUF's names and those of `transformers`, of one layer's matrices and norms."""
    block, base = f"blk.{layer}", f"model.layers.{layer}"
    attention = {"attn_qkv": "self_attn.qkv_proj"} if fused else {f"attn_{part}": f"self_attn.{part}_proj" for part in "qkv"}
    forward = {"ffn_up": "mlp.gate_up_proj"} if fused else {"ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj"}
    names = {**attention, "attn_output": "self_attn.o_proj", **forward, "ffn_down": "mlp.down_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"}
    return {f"{block}.{ours}": f"{base}.{theirs}" for ours, theirs in names.items()}


def norms_of(layer: int, sandwich: bool) -> dict[str, str]:
    block, base = f"blk.{layer}", f"model.layers.{layer}"
    names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
    if sandwich:
        names = {"attn_norm": "input_layernorm", "post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm", "post_ffw_norm": "post_feedforward_layernorm"}
    return {f"{block}.{ours}": f"{base}.{theirs}" for ours, theirs in names.items()}


def paired(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of the halves of each head next to each other, as the converter lays queries and keys out."""
    return weight.reshape(heads, 2, -1, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def halved(weight: np.ndarray, heads: int) -> np.ndarray:
    return weight.reshape(heads, -1, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def random_blocks(kind: Type, rows: int, columns: int, source: np.random.Generator) -> np.ndarray:
    """Blocks of a K type, which the package can read but not make: random levels under scales that give weights of some 0.05."""
    sizes = {Type.Q4_K: 144, Type.Q5_K: 176, Type.Q6_K: 210}
    blocks = source.integers(0, 256, (rows * columns // 256, sizes[kind]), dtype=np.uint8)
    half = lambda value: (value * (1 + 0.3 * source.random((len(blocks), 1)))).astype(np.float16).view(np.uint8)  # noqa: E731
    if kind == Type.Q6_K:
        blocks[:, 208:210] = half(4e-5)
    else:
        middle = 7.5 if kind == Type.Q4_K else 15.5
        blocks[:, 0:2] = half(2e-3 / middle)
        blocks[:, 2:4] = half(2e-3)
    return blocks.reshape(rows, -1)


class Written:
    """A GGUF file that is being written, and the weights that a reader gets out of it."""

    def __init__(self, case: Case, writer: GGUFWriter, source: np.random.Generator):
        self.case, self.writer, self.source = case, writer, source
        self.state: dict[str, torch.Tensor] = {}

    def matrix(self, name: str, theirs: str, rows: int, columns: int, heads: int = 0) -> None:
        stored = next((kind for ending, kind in self.case.others.items() if name.endswith(ending)), self.case.stored)
        if stored in (Type.Q4_K, Type.Q5_K, Type.Q6_K):
            data = random_blocks(stored, rows, columns, self.source)
        else:
            data = quants.quantize(self.source.standard_normal((rows, columns), dtype=np.float32) * 0.12, stored)
        self.writer.add_tensor(name, data, raw_dtype=stored)
        weight = quants.dequantize(data, stored).reshape(rows, columns)
        self.state[theirs] = torch.from_numpy(np.ascontiguousarray(halved(weight, heads) if heads else weight))

    def vector(self, name: str, theirs: str, size: int, middle: float, heads: int = 0) -> None:
        weight = (self.source.standard_normal(size) * 0.1 + middle).astype(np.float32)
        self.writer.add_tensor(name, paired(weight, heads) if heads else weight)
        # Gemma's norms multiply by one more than their weight, and the converter adds it.
        own = weight - 1 if self.case.architecture.startswith("gemma") and "norm" in theirs else weight
        self.state[theirs] = torch.from_numpy(own)


def write_tensors(case: Case, writer: GGUFWriter) -> dict[str, torch.Tensor]:
    shape, out = case.shape, Written(case, writer, np.random.default_rng(7))
    fused, sandwich = case.architecture == "phi3", case.architecture.startswith("gemma")
    query, both = shape.query_heads * shape.head, shape.key_value_heads * shape.head
    sizes = {
        "attn_q": (query, shape.hidden), "attn_k": (both, shape.hidden), "attn_v": (both, shape.hidden), "attn_qkv": (query + 2 * both, shape.hidden), "attn_output": (shape.hidden, query),
        "ffn_gate": (shape.intermediate, shape.hidden), "ffn_up": (shape.intermediate * (2 if fused else 1), shape.hidden), "ffn_down": (shape.hidden, shape.intermediate),
    }
    out.matrix("token_embd.weight", "model.embed_tokens.weight", VOCABULARY, shape.hidden)
    for layer in range(shape.layers):
        for ours, theirs in norms_of(layer, sandwich).items():
            out.vector(f"{ours}.weight", f"{theirs}.weight", shape.hidden, 1.0)
        for ours, theirs in names_of(layer, fused).items():
            part = ours.split(".")[-1]
            if part.endswith("_norm"):
                if case.architecture in ("qwen3", "gemma3"):
                    out.vector(f"{ours}.weight", f"{theirs}.weight", shape.head, 1.0)
                continue
            turned = {"attn_q": shape.query_heads, "attn_k": shape.key_value_heads}.get(part, 0) if case.architecture in PAIRED else 0
            out.matrix(f"{ours}.weight", f"{theirs}.weight", *sizes[part], turned)
            if case.architecture == "qwen2" and part in ("attn_q", "attn_k", "attn_v"):
                out.vector(f"{ours}.bias", f"{theirs}.bias", sizes[part][0], 0.0)
    out.vector("output_norm.weight", "model.norm.weight", shape.hidden, 1.0)
    if not case.tied:
        out.matrix("output.weight", "lm_head.weight", VOCABULARY, shape.hidden)
    for name, values in case.tensors.items():
        writer.add_tensor(name, values)
    return out.state


def write_keys(case: Case, writer: GGUFWriter) -> None:
    shape = case.shape
    writer.add_context_length(POSITIONS)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.intermediate)
    writer.add_head_count(shape.query_heads)
    writer.add_head_count_kv(shape.key_value_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_layer_norm_rms_eps(EPSILON)
    if "add_rope_dimension_count" not in case.keys:
        writer.add_rope_dimension_count(shape.head)
    if "add_rope_freq_base" not in case.keys:
        writer.add_rope_freq_base(BASE)
    for method, value in case.keys.items():
        if method == "add_rope_scaling_type":
            writer.add_string(f"{case.architecture}.rope.scaling.type", value)
        else:
            getattr(writer, method)(value)


def byte_characters() -> list[str]:
    """GPT-2's characters for the 256 bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte) if byte in shown else chr(256 + hidden.index(byte)) for byte in range(256)]


def write_tokenizer(case: Case, writer: GGUFWriter) -> None:
    special = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
    if case.tokenizer == "gpt2":
        merges = ["t h", "Ġ a", "h e", "i n", "r e", "o n", "Ġ th", "Ġth e"]
        tokens = [*byte_characters(), *(merge.replace(" ", "") for merge in merges)]
        kinds = [TokenType.NORMAL] * len(tokens)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_merges(merges)
    else:
        pieces = ["▁", *"etaoinshrdlu", "th", "▁a", "he", "in", "re", "on", "▁th", "▁the"]
        tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
        kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL, *[TokenType.BYTE] * 256, *[TokenType.NORMAL] * len(pieces)]
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores([0.0] * 259 + [-float(index) for index in range(len(pieces))] + [-1000.0] * (VOCABULARY - 259 - len(pieces)))
        writer.add_add_space_prefix(case.tokenizer == "llama")
    filling = [f"[PAD{index}]" for index in range(VOCABULARY - len(tokens) - len(special))]
    kinds = [*kinds, *[TokenType.CONTROL] * len(special), *[TokenType.UNUSED] * len(filling)]
    tokens = [*tokens, *special, *filling]
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_chat_template(TEMPLATE)


def transformers_model(case: Case, state: dict[str, torch.Tensor]):
    make_config, make_model = FAMILIES[case.family or case.architecture]
    shape = case.shape
    told = dict(
        vocab_size=VOCABULARY, hidden_size=shape.hidden, intermediate_size=shape.intermediate, num_hidden_layers=shape.layers, num_attention_heads=shape.query_heads,
        num_key_value_heads=shape.key_value_heads, head_dim=shape.head, rms_norm_eps=EPSILON, rope_theta=BASE, max_position_embeddings=POSITIONS, tie_word_embeddings=case.tied, bos_token_id=2, eos_token_id=1,
    )
    if "rope_parameters" in case.more:
        told.pop("rope_theta")
    model = make_model(make_config(**{**told, **case.more})).float().eval()
    # PyTorch's own fused attention knows no softcap and leaves it out.
    model.set_attn_implementation("eager")
    if case.tied:
        state = {**state, "lm_head.weight": state["model.embed_tokens.weight"]}
    model.load_state_dict(state)
    return model


def expected(case: Case, state: dict[str, torch.Tensor]) -> dict:
    model = transformers_model(case, state)
    ids = torch.from_numpy(np.random.default_rng(11).integers(3, 250, PROMPT + DECODED))
    with torch.no_grad():
        logits = model(ids[None]).logits[0]
    rows = logits[PROMPT - 1 :].numpy()
    return {"prompt": PROMPT, "ids": ids.tolist(), "logits": [[float(f"{value:.5g}") for value in row] for row in rows]}


def write_blocks() -> None:
    """Two rows of 512 weights in every quantised type, and what the package reads them as."""
    source, written = np.random.default_rng(3), {}
    for kind in (Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K):
        if kind in (Type.Q4_K, Type.Q5_K, Type.Q6_K):
            data = random_blocks(kind, 2, 512, source)
        else:
            data = quants.quantize(source.standard_normal((2, 512), dtype=np.float32), kind)
        written[kind.name] = {"bytes": data.tobytes().hex(), "weights": [float(f"{weight:.8g}") for weight in quants.dequantize(data, kind).flatten()]}
    (FIXTURES / "blocks.json").write_text(json.dumps(written) + "\n")


def main() -> None:
    if sys.argv[1:] == ["--blocks"]:
        return write_blocks()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or CASES:
        case = CASES[name]
        writer = GGUFWriter(FIXTURES / f"{name}.gguf", case.architecture)
        writer.add_name(name)
        write_keys(case, writer)
        write_tokenizer(case, writer)
        state = write_tensors(case, writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        (FIXTURES / f"{name}.json").write_text(json.dumps(expected(case, state)) + "\n")
        print(name, (FIXTURES / f"{name}.gguf").stat().st_size)


if __name__ == "__main__":
    main()
