"""Compact copies of a checkpoint, small enough to be committed: int8 in blocks of 32 with a half-precision scale each.

    python checkpoints.py --name quoting          work/quoting.pt  ->  ../checkpoints/quoting.npz
    python train.py --name quoting                goes on from ../checkpoints/quoting.npz where work/ holds no checkpoint

The optimisers' states are left out: they are found again within a hundred steps.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
WORK, KEPT = HERE.parent / "work", HERE.parent / "checkpoints"
BLOCK = 32


def rounded(tensor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int8 values, a scale for each BLOCK of them) of a tensor whose size is a multiple of BLOCK."""
    blocks = tensor.reshape(-1, BLOCK)
    scales = (np.abs(blocks).max(axis=1, keepdims=True) / 127).astype(np.float16)
    values = np.round(blocks / np.maximum(scales.astype(np.float32), 1e-12)).clip(-127, 127)
    return values.astype(np.int8).reshape(tensor.shape), scales[:, 0]


def pack(weights: dict[str, torch.Tensor], state: dict, path: Path) -> None:
    arrays: dict[str, np.ndarray] = {"state": np.array(json.dumps(state))}
    for name, tensor in weights.items():
        plain = tensor.float().numpy()
        if plain.ndim == 2:
            arrays[f"{name}:values"], arrays[f"{name}:scales"] = rounded(plain)
        else:
            arrays[name] = plain
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)


def unpack(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """(weights, state) as `pack` was given them, the weights rounded."""
    weights = {}
    with np.load(path) as arrays:
        state = json.loads(str(arrays["state"]))
        for key in arrays.files:
            if key.endswith(":values"):
                name = key.removesuffix(":values")
                blocks = arrays[key].astype(np.float32).reshape(-1, BLOCK)
                plain = blocks * arrays[f"{name}:scales"].astype(np.float32)[:, None]
                weights[name] = torch.from_numpy(plain.reshape(arrays[key].shape))
            elif key != "state" and not key.endswith(":scales"):
                weights[key] = torch.from_numpy(arrays[key])
    return weights, state


def load(name: str) -> tuple[dict[str, torch.Tensor], dict, list | None] | None:
    """(weights, state, optimisers' states) of a checkpoint: the one at work, or else its compact copy."""
    at_work, kept = WORK / f"{name}.pt", KEPT / f"{name}.npz"
    if at_work.exists():
        saved = torch.load(at_work)
        return saved["model"], saved["state"], saved["optimisers"]
    return (*unpack(kept), None) if kept.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="quoting")
    options = parser.parse_args()
    saved = torch.load(WORK / f"{options.name}.pt")
    path = KEPT / f"{options.name}.npz"
    pack(saved["model"], saved["state"], path)
    print(path.name, path.stat().st_size, saved["state"])


if __name__ == "__main__":
    main()
