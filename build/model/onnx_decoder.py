"""Writes a Llama-, Qwen2- or Qwen3-shaped decoder as ONNX in the onnx-community layout, with GroupQueryAttention nodes.

Weights come under the names that `transformers` gives them. The pattern says how the graph looks around attention;
../shared/onnx-patterns.md lists what exporters write.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"


@dataclass
class Decoder:
    vocabulary: int
    hidden: int
    layers: int
    query_heads: int
    key_value_heads: int
    head: int
    intermediate: int
    epsilon: float
    rope_base: float
    positions: int
    tied: bool = True
    # For each layer the tokens that it sees (None: all) and its rotary caches by name (None: not rotated).
    windows: list[int | None] | None = None
    rotaries: list[str | None] | None = None
    # [positions, half] cosines and sines by the caches' suffix; left out: from rope_base.
    caches: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    # Texts longer than this take the caches of the suffix "_large" (LongRoPE).
    short_positions: int | None = None
    scale: float | None = None
    # Gemma 2: of the attention's scores, and of the logits.
    softcap: float = 0.0
    logit_softcap: float = 0.0
    embedding_scale: float | None = None
    # Gemma: norms behind attention and feed-forward too, GELU instead of SiLU.
    sandwich: bool = False

    def window(self, layer: int) -> int | None:
        return self.windows[layer] if self.windows else None

    @property
    def rotary_size(self) -> int:
        """Elements of a head that are rotated."""
        return 2 * next(iter(self.caches.values()))[0].shape[1] if self.caches else self.head

    def rotary(self, layer: int) -> str | None:
        return self.rotaries[layer] if self.rotaries else ""


BITS = {"q4": 4, "q8": 8}


@dataclass
class Pattern:
    packed: bool = True
    rotary_in_node: bool = True
    # None: no q/k norm; "nodes": before the node; "inputs": as inputs 14 and 15.
    norm: str | None = None
    # How big matrices are stored: f32, f16 (cast when loaded), q4 or q8 (MatMulNBits, block 32).
    storage: str = "f32"
    # Rotary caches: written out, or computed by nodes that onnxruntime folds when loading.
    computed_caches: bool = False
    external_data: bool = False
    # The lengths as the variant for graph capture reckons them.
    graph_capture: bool = False
    # Rotary turns neighbours instead of halves; queries and keys must be laid out for it.
    interleaved: bool = False
    # An input or attribute that the engine refuses: "head_sink".
    extra: str | None = None
    # Attention as plain operators with an additive mask, as optimum traces it from PyTorch.
    plain: bool = False
    # An additive mask for every attention node, causal or ("penalty") with something of its own.
    bias: str | None = None


def quantise(weight: np.ndarray, bits: int, block: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """[out, in] -> levels as packed uint8 [out, blocks, block * bits / 8] and scales [out, blocks]; symmetric."""
    out, size = weight.shape
    middle = 1 << (bits - 1)
    blocks = weight.reshape(out, size // block, block)
    peak = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)[..., 0]
    scales = np.where(peak == 0, 1, peak / -middle).astype(np.float32)
    levels = np.clip(np.round(blocks / scales[..., None]) + middle, 0, 2 * middle - 1).astype(np.uint8)
    return (levels[..., 0::2] | (levels[..., 1::2] << 4) if bits == 4 else levels), scales


def node_path(name: str) -> str:
    """model.layers.3.attn.o_proj -> /model/layers.3/attn/o_proj"""
    return "/" + name.replace("layers.", "layers:").replace(".", "/").replace("layers:", "layers.")


class Graph:
    def __init__(self, shape: Decoder, weights: dict[str, np.ndarray], pattern: Pattern):
        self.shape, self.weights, self.pattern = shape, weights, pattern
        self.nodes, self.initializers = [], []

    def node(self, operator, inputs, outputs, domain="", **attributes) -> str:
        name = outputs[0].rsplit("/output", 1)[0]
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=name, domain=domain, **attributes))
        return outputs[0]

    def constant(self, name: str, values: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(values if values.ndim == 0 else np.ascontiguousarray(values), name))
        return name

    def matrix(self, name: str, weight: np.ndarray, x: str) -> str:
        """x times the transposed [out, in] weight."""
        path = node_path(name)
        if self.pattern.storage in BITS:
            bits = BITS[self.pattern.storage]
            packed, scales = quantise(weight, bits)
            out, size = weight.shape
            inputs = [x, self.constant(f"{name}.quantised", packed), self.constant(f"{name}.scales", scales)]
            return self.node("MatMulNBits", inputs, [f"{path}/MatMul/output_0"], MICROSOFT, K=size, N=out, bits=bits, block_size=32, accuracy_level=4)
        if self.pattern.storage == "f16":
            stored = self.constant(f"{name}.weight", weight.T.astype(np.float16))
            wide = self.node("Cast", [stored], [f"{path}/Cast/output_0"], to=TensorProto.FLOAT)
        else:
            wide = self.constant(f"{name}.weight", weight.T.astype(np.float32))
        return self.node("MatMul", [x, wide], [f"{path}/MatMul/output_0"])

    def projection(self, layer: int, names: list[str], x: str, label: str) -> str:
        prefix = f"model.layers.{layer}.self_attn"
        weight = np.concatenate([self.weights[f"{prefix}.{n}.weight"] for n in names])
        out = self.matrix(f"model.layers.{layer}.attn.{label}", weight, x)
        if f"{prefix}.{names[0]}.bias" not in self.weights:
            return out
        bias = np.concatenate([self.weights[f"{prefix}.{n}.bias"] for n in names])
        stored = self.constant(f"model.layers.{layer}.attn.{label}.Add.bias", bias.astype(np.float32))
        return self.node("Add", [out, stored], [f"/model/layers.{layer}/attn/{label}/Add/output_0"])

    def rotary_caches(self) -> dict[str, tuple[str, str]]:
        """Names of the caches by suffix."""
        shape = self.shape
        if shape.short_positions is not None:
            return {"": self.chosen_caches()}
        if shape.caches:
            return {suffix: tuple(self.constant(f"{part}_cache{suffix}", values.astype(np.float32)) for part, values in zip(("cos", "sin"), both)) for suffix, both in shape.caches.items()}
        return {"": self.plain_caches()}

    def chosen_caches(self) -> tuple[str, str]:
        """As the builder writes LongRoPE: an If over the text's length, with the caches within its branches."""
        base, shape = "/model/rope_caches_subgraph", self.shape
        dimensions = self.node("Shape", ["attention_mask"], [f"{base}/Shape/output_0"])
        width = self.node("Gather", [dimensions, self.constant(f"{base}/index", np.array(1))], [f"{base}/Gather/output_0"], axis=0)
        longer = self.node("Greater", [width, self.constant(f"{base}/short_positions", np.array(shape.short_positions))], [f"{base}/Greater/output_0"])

        def branch(suffix: str):
            nodes, outputs = [], []
            for part, values in zip(("cos", "sin"), shape.caches[suffix]):
                name = f"{part}_cache{suffix}"
                nodes.append(helper.make_node("Constant", [], [name], name=f"{base}/{name}", value=numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float32))))
                outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape))
            return helper.make_graph(nodes, f"caches{suffix}", [], outputs)

        names = ["cos_cache", "sin_cache"]
        self.nodes.append(helper.make_node("If", [longer], names, name=f"{base}/If", then_branch=branch("_large"), else_branch=branch("_small")))
        return names[0], names[1]

    def plain_caches(self) -> tuple[str, str]:
        shape = self.shape
        frequencies = shape.rope_base ** (-np.arange(0, shape.head, 2, dtype=np.float64) / shape.head)
        if not self.pattern.computed_caches:
            angles = np.arange(shape.positions)[:, None] * frequencies[None]
            return self.constant("cos_cache", np.cos(angles).astype(np.float32)), self.constant("sin_cache", np.sin(angles).astype(np.float32))
        for name, value in {"start": 0.0, "limit": float(shape.positions), "step": 1.0}.items():
            self.constant(f"rotary_{name}", np.array(value, dtype=np.float32))
        positions = self.node("Range", ["rotary_start", "rotary_limit", "rotary_step"], ["/model/rotary/Range/output_0"])
        column = self.node("Unsqueeze", [positions, self.constant("rotary_axis", np.array([1]))], ["/model/rotary/Unsqueeze/output_0"])
        row = self.constant("rotary_frequencies", frequencies.astype(np.float32)[None])
        angles = self.node("Mul", [column, row], ["/model/rotary/Mul/output_0"])
        return self.node("Cos", [angles], ["cos_cache"]), self.node("Sin", [angles], ["sin_cache"])

    def lengths(self) -> tuple[str, str]:
        base = "/model/attn_mask_reformat/attn_mask_subgraph"
        if self.pattern.graph_capture:
            return self.captured_lengths(base)
        axis, one = self.constant("mask_axis", np.array([1])), self.constant("mask_one", np.array([1]))
        total = self.node("ReduceSum", ["attention_mask", axis], [f"{base}/ReduceSum/output_0"], keepdims=0)
        last = self.node("Sub", [total, one], [f"{base}/Sub/output_0"])
        lengths = self.node("Cast", [last], [f"{base}/Sub/Cast/output_0"], to=TensorProto.INT32)
        dimensions = self.node("Shape", ["attention_mask"], [f"{base}/Shape/output_0"])
        width = self.node("Gather", [dimensions, self.constant("mask_index", np.array(1))], [f"{base}/Gather/output_0"], axis=0)
        return lengths, self.node("Cast", [width], [f"{base}/Gather/Cast/output_0"], to=TensorProto.INT32)

    def captured_lengths(self, base: str) -> tuple[str, str]:
        wide = self.node("Cast", ["attention_mask"], [f"{base}/Cast/output_0"], to=TensorProto.INT32)
        total = self.node("ReduceSum", [wide, self.constant("mask_axis", np.array([1]))], [f"{base}/ReduceSum/output_0"], keepdims=0)
        lengths = self.node("Sub", [total, self.constant("mask_one", np.array([1], dtype=np.int32))], [f"{base}/Sub/output_0"])
        return lengths, self.node("ReduceMax", [total, self.constant("mask_first", np.array([0]))], [f"{base}/ReduceMax/output_0"], keepdims=0)

    def attention_bias(self, window: int | None) -> str:
        """[1, 1, rows, all] of 0 and the lowest number, from the mask's length alone; with "penalty" distance costs as well."""
        base, number = f"/model/attention_bias_{window}", lambda name, value: self.constant(f"bias_{window}_{name}", value)  # noqa: E731
        known = {node.output[0] for node in self.nodes}
        if f"{base}/output_0" in known:
            return f"{base}/output_0"
        zero, one = number("zero", np.array(0)), number("one", np.array(1))
        width = self.node("Gather", [self.node("Shape", ["attention_mask"], [f"{base}/mask/output_0"]), one], [f"{base}/width/output_0"], axis=0)
        rows = self.node("Gather", [self.node("Shape", ["input_ids"], [f"{base}/ids/output_0"]), one], [f"{base}/rows/output_0"], axis=0)
        keys = self.node("Range", [zero, width, one], [f"{base}/keys/output_0"])
        past = self.node("Sub", [width, rows], [f"{base}/past/output_0"])
        queries = self.node("Range", [past, width, one], [f"{base}/queries/output_0"])
        column = self.node("Unsqueeze", [queries, number("axis", np.array([1]))], [f"{base}/column/output_0"])
        distance = self.node("Sub", [column, keys], [f"{base}/distance/output_0"])
        hidden = self.node("Less", [distance, zero], [f"{base}/after/output_0"])
        if window:
            far = self.node("GreaterOrEqual", [distance, number("window", np.array(window))], [f"{base}/far/output_0"])
            hidden = self.node("Or", [hidden, far], [f"{base}/hidden/output_0"])
        seen = number("seen", np.array(0, dtype=np.float32))
        if self.pattern.bias == "penalty":
            wide = self.node("Cast", [distance], [f"{base}/wide/output_0"], to=TensorProto.FLOAT)
            seen = self.node("Mul", [wide, number("slope", np.array(-0.1, dtype=np.float32))], [f"{base}/penalty/output_0"])
        bias = self.node("Where", [hidden, number("lowest", np.array(np.finfo(np.float32).min)), seen], [f"{base}/where/output_0"])
        return self.node("Unsqueeze", [bias, number("axes", np.array([0, 1]))], [f"{base}/output_0"])

    def head_norm(self, layer: int, x: str, part: str, heads: int) -> str:
        """Reshape, normalise each head, reshape back."""
        base, size = f"/model/layers.{layer}/attn/{part}_norm", self.shape.head
        weight = self.constant(f"model.layers.{layer}.attn.{part}_norm.layernorm.weight", self.weights[f"model.layers.{layer}.self_attn.{part}_norm.weight"])
        apart = self.constant(f"{base}/apart", np.array([-1, size]))
        rows = self.node("Reshape", [x, apart], [f"{base}/Reshape_1/output_0"])
        normed = self.node("SimplifiedLayerNormalization", [rows, weight], [f"{base}/SimplifiedLayerNormalization/output_0"], axis=-1, epsilon=self.shape.epsilon, stash_type=1)
        joined = self.constant(f"{base}/joined", np.array([1, -1, heads * size]))
        return self.node("Reshape", [normed, joined], [f"{base}/Reshape_2/output_0"])

    def attention(self, layer: int, x: str, all_caches: dict[str, tuple[str, str]], lengths: tuple[str, str]) -> str:
        shape, pattern, base = self.shape, self.pattern, f"/model/layers.{layer}/attn"
        window, rotary = shape.window(layer), shape.rotary(layer)
        caches = None if rotary is None else all_caches[rotary]
        turned = {"rotary_embedding_dim": shape.rotary_size, "num_heads": 0} if shape.rotary_size != shape.head else {}
        sizes = [shape.query_heads * shape.head, shape.key_value_heads * shape.head, shape.key_value_heads * shape.head]
        if pattern.packed:
            parts = [self.projection(layer, ["q_proj", "k_proj", "v_proj"], x, "qkv_proj"), "", ""]
        else:
            parts = [self.projection(layer, [name], x, name) for name in ("q_proj", "k_proj", "v_proj")]
        if pattern.packed and (pattern.norm == "nodes" or not pattern.rotary_in_node):
            split = self.constant(f"{base}/qkv_proj/Split/sizes", np.array(sizes))
            parts = [f"{base}/qkv_proj/Split/output_{i}" for i in range(3)]
            self.node("Split", [f"{base}/qkv_proj/Add/output_0" if f"model.layers.{layer}.self_attn.q_proj.bias" in self.weights else f"{base}/qkv_proj/MatMul/output_0", split], parts, axis=-1)
        if pattern.norm == "nodes":
            parts[0] = self.head_norm(layer, parts[0], "q", shape.query_heads)
            parts[1] = self.head_norm(layer, parts[1], "k", shape.key_value_heads)
        if caches and not pattern.rotary_in_node:
            for index, (part, heads) in enumerate(zip("qk", (shape.query_heads, shape.key_value_heads))):
                turned = turned and {**turned, "num_heads": heads}
                parts[index] = self.node("RotaryEmbedding", [parts[index], "position_ids", *caches], [f"{base}/{part}_rotary/RotaryEmbedding/output_0"], MICROSOFT, interleaved=int(pattern.interleaved), **turned)
        if pattern.plain:
            return self.matrix(f"model.layers.{layer}.attn.o_proj", self.weights[f"model.layers.{layer}.self_attn.o_proj.weight"], self.plain_attention(layer, parts))
        inputs = [*parts, f"past_key_values.{layer}.key", f"past_key_values.{layer}.value", *lengths]
        if caches and pattern.rotary_in_node:
            inputs += list(caches)
        if pattern.bias:
            inputs += [""] * (10 - len(inputs)) + [self.attention_bias(window)]
        if pattern.extra == "head_sink":
            inputs += [""] * (11 - len(inputs)) + [self.constant(f"model.layers.{layer}.attn.sinks", np.zeros(shape.query_heads, dtype=np.float32))]
        if pattern.norm == "inputs":
            inputs += [""] * (14 - len(inputs))
            inputs += [
                self.constant(f"model.layers.{layer}.attn.{part}_norm.weight", self.weights[f"model.layers.{layer}.self_attn.{part}_norm.weight"])
                for part in "qk"
            ]
        attributes = {"qk_norm_epsilon": shape.epsilon} if pattern.norm == "inputs" else {}
        outputs = [f"{base}/GroupQueryAttention/output_0", f"present.{layer}.key", f"present.{layer}.value"]
        self.node(
            "GroupQueryAttention", inputs, outputs, MICROSOFT, num_heads=shape.query_heads, kv_num_heads=shape.key_value_heads,
            scale=shape.scale or shape.head**-0.5, do_rotary=int(pattern.rotary_in_node and caches is not None), rotary_interleaved=int(pattern.interleaved), softcap=shape.softcap, local_window_size=window or -1, **attributes,
        )
        return self.matrix(f"model.layers.{layer}.attn.o_proj", self.weights[f"model.layers.{layer}.self_attn.o_proj.weight"], outputs[0])

    def plain_attention(self, layer: int, parts: list[str]) -> str:
        shape, base = self.shape, f"/model/layers.{layer}/self_attn"

        def heads_apart(x: str, label: str, heads: int) -> str:
            size = self.constant(f"{base}/{label}/sizes", np.array([0, 0, heads, shape.head]))
            apart = self.node("Reshape", [x, size], [f"{base}/{label}/Reshape/output_0"])
            return self.node("Transpose", [apart], [f"{base}/{label}/Transpose/output_0"], perm=[0, 2, 1, 3])

        def repeated(x: str, label: str) -> str:
            ratio = shape.query_heads // shape.key_value_heads
            axis = self.constant(f"{base}/{label}/axis", np.array([2]))
            lone = self.node("Unsqueeze", [x, axis], [f"{base}/{label}/Unsqueeze/output_0"])
            many = self.node("Expand", [lone, self.constant(f"{base}/{label}/many", np.array([1, 1, ratio, 1, 1]))], [f"{base}/{label}/Expand/output_0"])
            size = self.constant(f"{base}/{label}/size", np.array([0, shape.query_heads, -1, shape.head]))
            return self.node("Reshape", [many, size], [f"{base}/{label}/Reshape_1/output_0"])

        query = heads_apart(parts[0], "q", shape.query_heads)
        both = []
        for index, part in enumerate(("key", "value")):
            own = heads_apart(parts[index + 1], part, shape.key_value_heads)
            both.append(self.node("Concat", [f"past_key_values.{layer}.{part}", own], [f"present.{layer}.{part}"], axis=2))
        key = self.node("Transpose", [repeated(both[0], "key")], [f"{base}/kt/output_0"], perm=[0, 1, 3, 2])
        scaled = self.node("Mul", [query, self.constant(f"{base}/scale", np.array(shape.head**-0.5, dtype=np.float32))], [f"{base}/Mul/output_0"])
        scores = self.node("MatMul", [scaled, key], [f"{base}/MatMul/output_0"])
        masked = self.node("Add", [scores, self.attention_bias(None)], [f"{base}/Add/output_0"])
        shares = self.node("Softmax", [masked], [f"{base}/Softmax/output_0"], axis=-1)
        seen = self.node("MatMul", [shares, repeated(both[1], "value")], [f"{base}/MatMul_1/output_0"])
        rows = self.node("Transpose", [seen], [f"{base}/Transpose/output_0"], perm=[0, 2, 1, 3])
        return self.node("Reshape", [rows, self.constant(f"{base}/joined", np.array([0, 0, -1]))], [f"{base}/Reshape/output_0"])

    def feed_forward(self, layer: int, x: str) -> str:
        base, prefix = f"/model/layers.{layer}/mlp", f"model.layers.{layer}.mlp"
        gate = self.matrix(f"{prefix}.gate_proj", self.weights[f"{prefix}.gate_proj.weight"], x)
        up = self.matrix(f"{prefix}.up_proj", self.weights[f"{prefix}.up_proj.weight"], x)
        if self.shape.sandwich:
            bent = self.node("FastGelu", [gate], [f"{base}/act_fn/FastGelu/output_0"], MICROSOFT)
            return self.matrix(f"{prefix}.down_proj", self.weights[f"{prefix}.down_proj.weight"], self.node("Mul", [bent, up], [f"{base}/Mul/output_0"]))
        open_ = self.node("Sigmoid", [gate], [f"{base}/act_fn/Sigmoid/output_0"])
        silu = self.node("Mul", [gate, open_], [f"{base}/act_fn/Mul/output_0"])
        return self.matrix(f"{prefix}.down_proj", self.weights[f"{prefix}.down_proj.weight"], self.node("Mul", [silu, up], [f"{base}/Mul/output_0"]))

    def skip_norm(self, name: str, weight: str, residual: str, x: str) -> tuple[str, str]:
        stored = self.constant(f"{name}.weight", self.weights[weight].astype(np.float32))
        base = node_path(name)
        outputs = [f"{base}/output_0", "", "", f"{base}/output_3"]
        self.node("SkipSimplifiedLayerNormalization", [residual, x, stored], outputs, MICROSOFT, epsilon=self.shape.epsilon)
        return outputs[0], outputs[3]

    def plain_norm(self, name: str, x: str) -> str:
        stored = self.constant(f"{name}.weight", self.weights[f"{name}.weight"].astype(np.float32))
        return self.node("SimplifiedLayerNormalization", [x, stored], [f"{node_path(name)}/output_0"], axis=-1, epsilon=self.shape.epsilon, stash_type=1)

    def build(self) -> onnx.ModelProto:
        shape = self.shape
        embedding = self.weights["model.embed_tokens.weight"]
        half = self.pattern.storage == "f16"
        table = self.constant("model.embed_tokens.weight", embedding.astype(np.float16 if half else np.float32))
        residual = self.node("Gather", [table, "input_ids"], ["/model/embed_tokens/Gather/output_0"])
        if half:
            residual = self.node("Cast", [residual], ["/model/embed_tokens/Cast/output_0"], to=TensorProto.FLOAT)
        if shape.embedding_scale:
            factor = self.constant("model.embed_tokens.scale", np.array(shape.embedding_scale, dtype=np.float32))
            residual = self.node("Mul", [residual, factor], ["/model/embed_tokens/Mul/output_0"])
        caches, lengths = self.rotary_caches(), self.lengths()
        x = self.plain_norm("model.layers.0.input_layernorm", residual)
        for layer in range(shape.layers):
            attended = self.attention(layer, x, caches, lengths)
            behind = f"model.layers.{layer}.post_attention_layernorm"
            if shape.sandwich:
                attended, behind = self.plain_norm(behind, attended), f"model.layers.{layer}.pre_feedforward_layernorm"
            x, residual = self.skip_norm(behind, f"{behind}.weight", residual, attended)
            fed = self.feed_forward(layer, x)
            if shape.sandwich:
                fed = self.plain_norm(f"model.layers.{layer}.post_feedforward_layernorm", fed)
            following = f"model.layers.{layer + 1}.input_layernorm" if layer + 1 < shape.layers else "model.norm"
            x, residual = self.skip_norm(following, f"{following}.weight", residual, fed)
        logits = self.head(table, x)
        if shape.logit_softcap:
            bound = self.constant("lm_head.softcap", np.array(shape.logit_softcap, dtype=np.float32))
            small = self.node("Div", [logits, bound], ["/lm_head/softcap/Div/output_0"])
            logits = self.node("Mul", [self.node("Tanh", [small], ["/lm_head/softcap/Tanh/output_0"]), bound], ["/lm_head/softcap/Mul/output_0"])
        self.nodes[-1].output[0] = "logits"
        assert logits
        return self.model()

    def head(self, table: str, x: str) -> str:
        if self.shape.tied and self.pattern.storage not in BITS:
            turned = self.node("Transpose", [table], ["/lm_head/Transpose/output_0"], perm=[1, 0])
            if self.pattern.storage == "f16":
                turned = self.node("Cast", [turned], ["/lm_head/Cast/output_0"], to=TensorProto.FLOAT)
            return self.node("MatMul", [x, turned], ["/lm_head/MatMul/output_0"])
        name = "model.embed_tokens.weight" if self.shape.tied else "lm_head.weight"
        return self.matrix("lm_head", self.weights[name], x)

    def model(self) -> onnx.ModelProto:
        shape = self.shape
        past = ["batch_size", shape.key_value_heads, "past_sequence_length", shape.head]
        present = ["batch_size", shape.key_value_heads, "total_sequence_length", shape.head]
        integers = lambda name, length: helper.make_tensor_value_info(name, TensorProto.INT64, ["batch_size", length])  # noqa: E731
        inputs = [integers("input_ids", "sequence_length"), integers("attention_mask", "total_sequence_length")]
        if not self.pattern.rotary_in_node:
            inputs.append(integers("position_ids", "sequence_length"))
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", shape.vocabulary])]
        for layer in range(shape.layers):
            for part in ("key", "value"):
                inputs.append(helper.make_tensor_value_info(f"past_key_values.{layer}.{part}", TensorProto.FLOAT, past))
                outputs.append(helper.make_tensor_value_info(f"present.{layer}.{part}", TensorProto.FLOAT, present))
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, self.initializers)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="proxima")


def write(folder: Path, shape: Decoder, weights: dict[str, np.ndarray], pattern: Pattern, file: str = "model.onnx") -> None:
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    path = folder / "onnx" / file
    path.unlink(missing_ok=True)
    (folder / "onnx" / f"{file}_data").unlink(missing_ok=True)
    model = Graph(shape, weights, pattern).build()
    if pattern.external_data:
        onnx.save(model, path, save_as_external_data=True, location=f"{file}_data", size_threshold=1024)
    else:
        onnx.save(model, path)


ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
    "gemma3_text": "Gemma3ForCausalLM",
    "phi3": "Phi3ForCausalLM",
    "smollm3": "SmolLM3ForCausalLM",
}


def config_of(shape: Decoder, model_type: str, **more) -> dict:
    return {
        "architectures": [ARCHITECTURES[model_type]],
        "model_type": model_type,
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.query_heads,
        "num_key_value_heads": shape.key_value_heads,
        "head_dim": shape.head,
        "hidden_act": "silu",
        "rms_norm_eps": shape.epsilon,
        "rope_theta": shape.rope_base,
        "max_position_embeddings": shape.positions,
        "tie_word_embeddings": shape.tied,
        **more,
    }
