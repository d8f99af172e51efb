"""The tokenizer: 16,384 byte-level BPE tokens over words, single digits and single marks; and which tokens are one word.

    python tokens.py    ->  work/tokenizer/tokenizer.json, tokenizer_config.json

A digit or word takes the space before it into its token. Marks stand alone, so that the end of a sentence is always the same token.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))

import facts  # noqa: E402
import human  # noqa: E402
import prose  # noqa: E402

VOCABULARY = 16384
SPECIAL = ["<|begin|>", "<|question|>", "<|answer|>", "<|end|>", "<|so|>"]
BEGIN, QUESTION, ANSWER, END, SO = range(5)
WORK = HERE.parent / "work"
FOLDER = WORK / "quoting-tokenizer"
PIECES = r" ?\p{L}+| ?\p{N}| ?\.+| ?-+| ?_+|[\r\n]+| ?[^\s\p{L}\p{N}]|\s+"

# An answer is a quote, `<|so|>`, and what it says in short.
CHAT_TEMPLATE = (
    "{{- '<|begin|>' -}}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{- message['content'] -}}"
    "{%- elif message['role'] == 'user' -%}{{- '<|question|> ' + message['content'] -}}"
    "{%- else -%}{{- '<|answer|> ' + message['content'] + '<|end|>' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|answer|>' -}}{%- endif -%}"
)


def training_texts() -> list[str]:
    """All the text that may be trained on, and some made-up facts."""
    texts = [prose.text_of(prose.training_files())]
    for file in human.TRAINING:
        for passage in human.passages(file, False):
            texts.append("".join(s.lead + s.text for s in passage.sentences))
            texts.append("\n".join(" " + asked.text for asked in passage.asked[:12]))
    source = random.Random(11)
    for _ in range(3000):
        fact = facts.draw_facts(facts.Situation(source), 1)[0]
        texts.append(" ".join((*fact.sentences, fact.question, fact.value)))
    return texts


def load() -> Tokenizer:
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def forms(tokenizer: Tokenizer) -> tuple[list[str], np.ndarray]:
    """(the words that tokens spell, in lower case and without a space before; for each token the index of its word)."""
    index: dict[str, int] = {}
    of_token = []
    for token in range(tokenizer.get_vocab_size()):
        text = SPECIAL[token] if token < len(SPECIAL) else tokenizer.decode([token])
        form = text.strip(" ").lower() or text
        # A piece of a character is a word of its own.
        form = f"#{token}" if "�" in form else form
        of_token.append(index.setdefault(form, len(index)))
    return list(index), np.array(of_token)


def main() -> None:
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(training_texts(), trainer)
    FOLDER.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(FOLDER / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin|>",
        "eos_token": "<|end|>",
        "model_max_length": 262144,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (FOLDER / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    held = [prose.text_of(prose.held_out_files())]
    held += ["".join(s.lead + s.text for s in p.sentences) for p in human.passages("wikipedia", True)]
    for label, text in (("novel", held[0]), ("Wikipedia", "".join(held[1:]))):
        print(f"{label}: {len(text) / len(tokenizer.encode(text).ids):.2f} characters a token")
    print(f"{len(forms(tokenizer)[0])} words in {VOCABULARY} tokens")


if __name__ == "__main__":
    main()
