"""Writes tokenizers of ../shared/tokenizers as GGUF vocabularies, as llama.cpp's converter does, for tests of what is made of them again.

    python vocabulary_gguf.py    ->  build/model/work/vocabulary-<name>.gguf
"""

import json
from pathlib import Path

from gguf import GGUFWriter, TokenType

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "tokenizers"
# By folder: GGUF's kind of tokenizer, and its word for how text is cut.
KINDS = {"phi-3": ("llama", "default"), "qwen2.5": ("gpt2", "qwen2"), "smollm2-135m-instruct": ("gpt2", "smollm")}


def read(folder: Path) -> tuple[dict[str, int], list[str], dict[int, dict]]:
    """Tokens, merges, and the tokens that were added."""
    if (folder / "tokenizer.json").exists():
        definition = json.loads((folder / "tokenizer.json").read_text())
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in definition["model"]["merges"]]
        return definition["model"]["vocab"], merges, {each["id"]: each for each in definition["added_tokens"]}
    config = json.loads((folder / "tokenizer_config.json").read_text())
    added = {int(number): each for number, each in config["added_tokens_decoder"].items()}
    merges = [line for line in (folder / "merges.txt").read_text().split("\n") if line and not line.startswith("#version")]
    return json.loads((folder / "vocab.json").read_text()), merges, added


def kind_of(token: str, number: int, added: dict[int, dict], model: str) -> TokenType:
    if number in added:
        return TokenType.CONTROL if added[number]["special"] else TokenType.USER_DEFINED
    return TokenType.BYTE if model == "llama" and token.startswith("<0x") and len(token) == 6 else TokenType.NORMAL


def write(name: str, model: str, pre: str) -> None:
    vocabulary, merges, added = read(SHARED / name)
    tokens = {number: token for token, number in vocabulary.items()} | {number: each["content"] for number, each in added.items()}
    ordered = [tokens.get(number, f"[PAD{number}]") for number in range(max(tokens) + 1)]
    path = HERE / "work" / f"vocabulary-{name}.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(ordered)
    writer.add_token_types([kind_of(token, number, added, model) for number, token in enumerate(ordered)])
    if model == "gpt2":
        writer.add_token_merges(merges)
    else:
        # The earlier a token is merged, the higher its score: not SentencePiece's own numbers, but in their order.
        ranks = {merge.replace(" ", ""): -float(rank) for rank, merge in reversed(list(enumerate(merges)))}
        writer.add_token_scores([ranks.get(token, 0.0) for token in ordered])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    print(path.name, len(ordered))


def main() -> None:
    (HERE / "work").mkdir(exist_ok=True)
    for name, (model, pre) in KINDS.items():
        write(name, model, pre)


if __name__ == "__main__":
    main()
