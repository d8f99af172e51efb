"""Trains the reader's byte-level BPE on the corpus and on generated facts.

    python train_tokenizer.py    ->  work/tokenizer/tokenizer.json, tokenizer_config.json
"""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import facts
import prose

VOCABULARY = 8192
SPECIAL = ["<|begin|>", "<|question|>", "<|answer|>", "<|end|>"]
WORK = Path(__file__).parent / "work"

# The document is the system message; each turn is a question and its answer.
CHAT_TEMPLATE = (
    "{{- '<|begin|>' -}}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{- message['content'] -}}"
    "{%- elif message['role'] == 'user' -%}{{- '<|question|> ' + message['content'] -}}"
    "{%- else -%}{{- '<|answer|> ' + message['content'] + '<|end|>' -}}{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|answer|>' -}}{%- endif -%}"
)


def generated_lines(count: int) -> list[str]:
    source = random.Random(11)
    lines = []
    for _ in range(count):
        fact = facts.draw_facts(facts.Situation(source), 1)[0]
        lines.append(" ".join((*fact.sentences, fact.question, fact.value)))
    return lines


def main() -> None:
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    # Digits stand alone, so that any number can be copied token by token.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([prose.text_of(prose.training_files()), *generated_lines(6000)], trainer)
    folder = WORK / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin|>",
        "eos_token": "<|end|>",
        "model_max_length": 65536,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    held_out = prose.text_of(prose.held_out_files())
    print(f"{len(held_out) / len(tokenizer.encode(held_out).ids):.2f} characters a token on held-out prose")


if __name__ == "__main__":
    main()
