"""Writes the parity fixtures: small random models in each pattern, with the logits that `transformers` gives.

    python parity_fixtures.py [NAME ...]    ->  tests/fixtures/parity/<name>/ and tests/fixtures/refused/<name>/
    python parity_fixtures.py --similarity  ->  similarity.json beside three of them
    python parity_fixtures.py --tinystories ->  build/model/work/tinystories/ (never committed: its licence is unverified)
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM, AutoTokenizer, Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM, Phi3Config, Phi3ForCausalLM,
    Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, SmolLM3Config, SmolLM3ForCausalLM,
)

from onnx_decoder import Decoder, Pattern, config_of, write

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "tests" / "fixtures" / "parity"
PROMPT, DECODED = 300, 20
SHAPE = Decoder(vocabulary=64, hidden=32, layers=3, query_heads=4, key_value_heads=2, head=16, intermediate=48, epsilon=1e-6, rope_base=10000.0, positions=512)

FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "gemma2": (Gemma2Config, Gemma2ForCausalLM),
    "gemma3_text": (Gemma3TextConfig, Gemma3ForCausalLM),
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "smollm3": (SmolLM3Config, SmolLM3ForCausalLM),
}
WINDOW = 48
# Gemma 3: every second layer sees a window here, in the real one five of six; its own base for local layers.
LOCAL, GLOBAL = "sliding_attention", "full_attention"
GEMMA_LAYERS = [LOCAL, GLOBAL, LOCAL, GLOBAL]
GEMMA_BASES = {LOCAL: 10_000.0, GLOBAL: 1_000_000.0}
# SmolLM3: layers without a position; 0 marks them.
SMOLLM3_ROTATED = [1, 0, 1, 0]
# LongRoPE: three quarters of a head are rotated, and longer texts more slowly.
PHI_SHARE = 0.75
PHI_FACTORS = {"_small": [1.0 + 0.05 * i for i in range(6)], "_large": [1.0 + 0.9 * i for i in range(6)]}


def phi_more(short_positions: int) -> dict:
    rope = {"rope_type": "longrope", "rope_theta": 10_000.0, "partial_rotary_factor": PHI_SHARE, "short_factor": PHI_FACTORS["_small"], "long_factor": PHI_FACTORS["_large"], "original_max_position_embeddings": short_positions}
    # Its heads are always the hidden size over their number.
    heads = {"num_attention_heads": SHAPE.hidden // SHAPE.head, "num_key_value_heads": 1}
    return {**heads, "rope_parameters": rope, "original_max_position_embeddings": short_positions, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}


# What the configuration of `transformers` says beyond the shape, and what the shape says beyond SHAPE.
MORE = {
    # Bounds low enough to bend the scores of a small random model.
    "gemma2": {
        "num_hidden_layers": len(GEMMA_LAYERS), "layer_types": GEMMA_LAYERS, "sliding_window": WINDOW, "query_pre_attn_scalar": 64,
        "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0,
    },
    "gemma3_text": {
        "num_hidden_layers": len(GEMMA_LAYERS), "layer_types": GEMMA_LAYERS, "sliding_window": WINDOW, "query_pre_attn_scalar": 64,
        "rope_parameters": {kind: {"rope_type": "default", "rope_theta": base} for kind, base in GEMMA_BASES.items()},
    },
    "phi3": phi_more(490),
    "phi3-long": phi_more(256),
    "smollm3": {"num_hidden_layers": len(SMOLLM3_ROTATED), "no_rope_layers": SMOLLM3_ROTATED, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1},
}
CASES = {
    "llama-packed-rotary-in": ("llama", Pattern()),
    "llama-packed-rotary-out": ("llama", Pattern(rotary_in_node=False)),
    "llama-separate-rotary-in": ("llama", Pattern(packed=False)),
    "llama-separate-rotary-out": ("llama", Pattern(packed=False, rotary_in_node=False)),
    "llama-external-data": ("llama", Pattern(external_data=True)),
    "qwen2-packed-rotary-in": ("qwen2", Pattern()),
    "qwen2-separate-rotary-out": ("qwen2", Pattern(packed=False, rotary_in_node=False)),
    "qwen3-norm-nodes-rotary-in": ("qwen3", Pattern(norm="nodes")),
    "qwen3-norm-nodes-separate-rotary-out": ("qwen3", Pattern(norm="nodes", packed=False, rotary_in_node=False)),
    "qwen3-norm-inputs-packed": ("qwen3", Pattern(norm="inputs")),
    "qwen3-norm-inputs-separate": ("qwen3", Pattern(norm="inputs", packed=False)),
    "llama-graph-capture": ("llama", Pattern(graph_capture=True)),
    "llama-bias": ("llama", Pattern(bias="causal")),
    "llama-interleaved": ("llama", Pattern(interleaved=True)),
    "llama-interleaved-rotary-out": ("llama", Pattern(interleaved=True, packed=False, rotary_in_node=False)),
    "gemma2-softcap": ("gemma2", Pattern()),
    "gemma3-norm-nodes": ("gemma3_text", Pattern(norm="nodes")),
    "gemma3-norm-inputs-bias": ("gemma3_text", Pattern(norm="inputs", bias="causal")),
    "gemma3-separate-rotary-out": ("gemma3_text", Pattern(norm="nodes", packed=False, rotary_in_node=False)),
    "phi3-short": ("phi3", Pattern()),
    "phi3-short-rotary-out": ("phi3", Pattern(rotary_in_node=False)),
    "phi3-long": ("phi3-long", Pattern()),
    "phi3-long-rotary-out": ("phi3-long", Pattern(packed=False, rotary_in_node=False)),
    "smollm3-packed-rotary-in": ("smollm3", Pattern()),
    "smollm3-separate-rotary-out": ("smollm3", Pattern(packed=False, rotary_in_node=False)),
}
# What the engine refuses, by name; whole models all the same, which onnxruntime runs.
REFUSED = {
    "llama-head-sink": ("llama", Pattern(extra="head_sink")),
    "llama-bias-penalty": ("llama", Pattern(bias="penalty")),
    "llama-optimum": ("llama", Pattern(packed=False, rotary_in_node=False, plain=True)),
}


def random_model(family: str):
    make_config, make_model = FAMILIES[architecture(family)]
    told = dict(
        vocab_size=SHAPE.vocabulary, hidden_size=SHAPE.hidden, intermediate_size=SHAPE.intermediate, num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.query_heads, num_key_value_heads=SHAPE.key_value_heads, head_dim=SHAPE.head, rms_norm_eps=SHAPE.epsilon,
        rope_theta=SHAPE.rope_base, max_position_embeddings=SHAPE.positions, tie_word_embeddings=True,
    )
    if family in MORE:
        told = {**{name: value for name, value in told.items() if name != "rope_theta" or "rope_parameters" not in MORE[family]}, **MORE[family]}
    config = make_config(**told)
    torch.manual_seed(5)
    model = make_model(config).float().eval()
    # PyTorch's own fused attention knows no softcap and leaves it out.
    model.set_attn_implementation("eager")
    with torch.no_grad():
        # Wide enough that attention has something to choose between, and biases and norms are not trivial.
        for name, parameter in model.named_parameters():
            spread = 0.12 if parameter.ndim == 2 else 0.1
            # Gemma's norms multiply by one more than their weight.
            middle = 1.0 if "norm" in name and not family.startswith("gemma") else 0.0
            parameter.copy_(torch.randn_like(parameter) * spread + middle)
    return model


def interleaved(weights: dict[str, np.ndarray], shape: Decoder) -> dict[str, np.ndarray]:
    """Queries and keys whose halves lie between each other: the same model for a rotary that turns neighbours."""
    def turned(weight: np.ndarray) -> np.ndarray:
        heads = weight.reshape(-1, 2, shape.head // 2, weight.shape[1])
        return heads.transpose(0, 2, 1, 3).reshape(weight.shape)

    return {name: turned(weight) if "q_proj" in name or "k_proj" in name else weight for name, weight in weights.items()}


def architecture(family: str) -> str:
    return family.removesuffix("-long")


def numpy_weights(model) -> dict[str, np.ndarray]:
    """Under the names of Llama: fused matrices apart, norms as factors."""
    weights = {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}
    if isinstance(model, Gemma2ForCausalLM | Gemma3ForCausalLM):
        return {name: weight + 1 if "norm" in name else weight for name, weight in weights.items()}
    for name in [name for name in weights if "qkv_proj" in name]:
        query, both = model.config.num_attention_heads * SHAPE.head, model.config.num_key_value_heads * SHAPE.head
        for part, weight in zip("qkv", np.split(weights.pop(name), [query, query + both])):
            weights[name.replace("qkv_proj", f"{part}_proj")] = weight
    for name in [name for name in weights if "gate_up_proj" in name]:
        for part, weight in zip(("gate", "up"), np.split(weights.pop(name), 2)):
            weights[name.replace("gate_up_proj", f"{part}_proj")] = weight
    return weights


def caches_of(rotary, positions: int, **which) -> tuple[np.ndarray, np.ndarray]:
    """[positions, half] as `transformers` itself reckons them for a text of so many tokens."""
    with torch.no_grad():
        both = rotary(torch.zeros(1), torch.arange(positions)[None], **which)
    return tuple(each[0, :, : each.shape[-1] // 2].numpy().copy() for each in both)


def shape_of(family: str, model) -> Decoder:
    more = MORE.get(family, {})
    config = model.config
    shape = replace(SHAPE, layers=config.num_hidden_layers, query_heads=config.num_attention_heads, key_value_heads=config.num_key_value_heads)
    if family == "gemma3_text":
        suffixes = {LOCAL: "_local", GLOBAL: "_global"}
        caches = {suffix: caches_of(model.model.rotary_emb, shape.positions, layer_type=kind) for kind, suffix in suffixes.items()}
        return replace(
            shape, caches=caches, rotaries=[suffixes[kind] for kind in GEMMA_LAYERS], windows=[WINDOW if kind == LOCAL else None for kind in GEMMA_LAYERS],
            scale=more["query_pre_attn_scalar"] ** -0.5, embedding_scale=shape.hidden**0.5, sandwich=True,
        )
    if family == "gemma2":
        return replace(
            shape, windows=[WINDOW if kind == LOCAL else None for kind in GEMMA_LAYERS], scale=more["query_pre_attn_scalar"] ** -0.5,
            softcap=more["attn_logit_softcapping"], logit_softcap=more["final_logit_softcapping"], embedding_scale=shape.hidden**0.5, sandwich=True,
        )
    if architecture(family) == "phi3":
        short = more["original_max_position_embeddings"]
        caches = {"_large": caches_of(model.model.rotary_emb, shape.positions), "_small": caches_of(model.model.rotary_emb, short)}
        return replace(shape, caches=caches, short_positions=short)
    if family == "smollm3":
        return replace(shape, rotaries=["" if rotated else None for rotated in SMOLLM3_ROTATED])
    return shape


def expected(model) -> dict:
    ids = torch.from_numpy(np.random.default_rng(9).integers(0, SHAPE.vocabulary, PROMPT + DECODED))
    with torch.no_grad():
        logits = model(ids[None]).logits[0, PROMPT - 1 :]
    return {"prompt": PROMPT, "ids": ids.tolist(), "logits": [[float(f"{v:.7g}") for v in row] for row in logits.tolist()]}


def write_random() -> None:
    for name, (family, pattern) in {**CASES, **REFUSED}.items():
        model = random_model(family)
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        folder, shape = (FIXTURES if name in CASES else FIXTURES.parent / "refused") / name, shape_of(family, model)
        weights = numpy_weights(model)
        write(folder, shape, interleaved(weights, shape) if pattern.interleaved else weights, pattern)
        (folder / "config.json").write_text(json.dumps(config_of(shape, architecture(family), eos_token_id=1)) + "\n")
        (folder / "expected.json").write_text(json.dumps(expected(model)) + "\n")
        print(name)


QUERIES, SINKS, RECENT = 32, 4, 32


def similarity(model) -> list:
    """[KV heads][layers][layers] of `transformers`' own attention: 1 - JSD / ln 2 over the distant tokens, renormalised there."""
    model.set_attn_implementation("eager")
    ids = torch.from_numpy(np.random.default_rng(9).integers(0, SHAPE.vocabulary, PROMPT + DECODED))
    with torch.no_grad():
        attentions = model(ids[None], output_attentions=True).attentions
    distant = slice(SINKS, len(ids) - QUERIES - RECENT)
    shares = [each[0, :, -QUERIES:, distant].double() for each in attentions]
    shares = [each / each.sum(-1, keepdim=True) for each in shares]
    entropy = lambda p: -(p * (p + 1e-30).log()).sum(-1)  # noqa: E731
    heads, layers = model.config.num_key_value_heads, len(shares)
    found = np.stack([np.eye(layers)] * heads)
    for one in range(layers):
        for other in range(one + 1, layers):
            divergence = entropy((shares[one] + shares[other]) / 2) - (entropy(shares[one]) + entropy(shares[other])) / 2
            alike = 1 - divergence.unflatten(0, (heads, -1)).mean((1, 2)) / np.log(2)
            found[:, one, other] = found[:, other, one] = alike.numpy()
    return found.tolist()


def write_similarity() -> None:
    for name in ("llama-packed-rotary-in", "qwen2-packed-rotary-in", "qwen3-norm-inputs-packed", "phi3-short", "smollm3-packed-rotary-in"):
        matrices = similarity(random_model(CASES[name][0]))
        content = {"queries": QUERIES, "sinks": SINKS, "recent": RECENT, "similarity": matrices}
        (FIXTURES / name / "similarity.json").write_text(json.dumps(content) + "\n")
        print(name, np.round(matrices, 3).tolist())


PROMPTS = ["Once upon a time", "One day, a little girl", "Tom and Lily", "The dog was", "There was a big", "In the park", "Mom said", "A cat and a bird", "The sun", "He wanted to"]


def write_tinystories() -> None:
    source = HERE.parents[2] / "shared" / "models" / "tinystories-656k"
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    config = model.config
    shape = Decoder(
        config.vocab_size, config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.num_key_value_heads,
        config.hidden_size // config.num_attention_heads, config.intermediate_size, config.rms_norm_eps,
        (getattr(config, "rope_parameters", None) or {}).get("rope_theta", 10000.0), config.max_position_embeddings, bool(config.tie_word_embeddings),
    )
    folder = HERE / "work" / "tinystories"
    write(folder, shape, numpy_weights(model), Pattern())
    (folder / "config.json").write_text(json.dumps(config_of(shape, "llama", eos_token_id=config.eos_token_id)) + "\n")
    continuations = []
    for prompt in PROMPTS:
        ids = tokenizer(prompt, return_tensors="pt").input_ids
        with torch.no_grad():
            out = model.generate(ids, max_new_tokens=60, do_sample=False)
        continuations.append({"prompt": ids[0].tolist(), "continuation": out[0, ids.shape[1] :].tolist()})
    (folder / "continuations.json").write_text(json.dumps(continuations) + "\n")
    print("tinystories", shape)


if __name__ == "__main__":
    stages = {"--tinystories": write_tinystories, "--similarity": write_similarity}
    next((stage for option, stage in stages.items() if option in sys.argv), write_random)()
