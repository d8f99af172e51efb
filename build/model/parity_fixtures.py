"""Writes the parity fixtures: small random models in each pattern, with the logits that `transformers` gives.

    python parity_fixtures.py               ->  tests/fixtures/parity/<name>/
    python parity_fixtures.py --similarity  ->  similarity.json beside three of them
    python parity_fixtures.py --tinystories ->  build/model/work/tinystories/ (never committed: its licence is unverified)
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from onnx_decoder import Decoder, Pattern, config_of, write

HERE = Path(__file__).parent
FIXTURES = HERE.parents[1] / "tests" / "fixtures" / "parity"
PROMPT, DECODED = 300, 20
SHAPE = Decoder(vocabulary=64, hidden=32, layers=3, query_heads=4, key_value_heads=2, head=16, intermediate=48, epsilon=1e-6, rope_base=10000.0, positions=512)

FAMILIES = {"llama": (LlamaConfig, LlamaForCausalLM), "qwen2": (Qwen2Config, Qwen2ForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM)}
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
}


def random_model(family: str):
    make_config, make_model = FAMILIES[family]
    config = make_config(
        vocab_size=SHAPE.vocabulary, hidden_size=SHAPE.hidden, intermediate_size=SHAPE.intermediate, num_hidden_layers=SHAPE.layers,
        num_attention_heads=SHAPE.query_heads, num_key_value_heads=SHAPE.key_value_heads, head_dim=SHAPE.head, rms_norm_eps=SHAPE.epsilon,
        rope_theta=SHAPE.rope_base, max_position_embeddings=SHAPE.positions, tie_word_embeddings=True,
    )
    torch.manual_seed(5)
    model = make_model(config).float().eval()
    with torch.no_grad():
        # Wide enough that attention has something to choose between, and biases and norms are not trivial.
        for name, parameter in model.named_parameters():
            spread = 0.12 if parameter.ndim == 2 else 0.1
            parameter.copy_(torch.randn_like(parameter) * spread + (1.0 if "norm" in name else 0.0))
    return model


def numpy_weights(model) -> dict[str, np.ndarray]:
    return {name: tensor.detach().float().numpy() for name, tensor in model.state_dict().items()}


def expected(model) -> dict:
    ids = torch.from_numpy(np.random.default_rng(9).integers(0, SHAPE.vocabulary, PROMPT + DECODED))
    with torch.no_grad():
        logits = model(ids[None]).logits[0, PROMPT - 1 :]
    return {"prompt": PROMPT, "ids": ids.tolist(), "logits": [[float(f"{v:.7g}") for v in row] for row in logits.tolist()]}


def write_random() -> None:
    for name, (family, pattern) in CASES.items():
        model = random_model(family)
        folder = FIXTURES / name
        write(folder, SHAPE, numpy_weights(model), pattern)
        (folder / "config.json").write_text(json.dumps(config_of(SHAPE, family, eos_token_id=1)) + "\n")
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
    heads, layers = SHAPE.key_value_heads, len(shares)
    found = np.stack([np.eye(layers)] * heads)
    for one in range(layers):
        for other in range(one + 1, layers):
            divergence = entropy((shares[one] + shares[other]) / 2) - (entropy(shares[one]) + entropy(shares[other])) / 2
            alike = 1 - divergence.unflatten(0, (heads, -1)).mean((1, 2)) / np.log(2)
            found[:, one, other] = found[:, other, one] = alike.numpy()
    return found.tolist()


def write_similarity() -> None:
    for name in ("llama-packed-rotary-in", "qwen2-packed-rotary-in", "qwen3-norm-inputs-packed"):
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
