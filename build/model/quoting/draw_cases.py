"""Writes the documents and questions of `evaluate_questions.draw_case` to a file, so that the engine is asked the same (`build/eval/quoting.ts`).

    python draw_cases.py --to FILE [--tokens 1000] [--questions 140] [--sets wikipedia reddit amazon] [--seed 5]

One JSON object a document: its set, its pages (passages, or some of a book's paragraphs), and questions with right answers (none where the
document does not say) and the sentences that hold one.
"""

import argparse
import json
import random
from pathlib import Path

from evaluate_questions import Case, draw_case
from text import Sentence

PAGE_CHARACTERS = 1500


def pages_of(sentences: list[Sentence]) -> list[str]:
    """Pages begin where a line does: at every passage, or where one is full."""
    pages = [""]
    for sentence in sentences:
        begins = "\n" in sentence.lead
        if begins and len(pages[-1]) > PAGE_CHARACTERS:
            pages.append("")
        pages[-1] += (sentence.lead if pages[-1] else "") + sentence.text
    return pages


def written(name: str, case: Case) -> dict:
    questions = [{"text": text, "answers": list(answers), "holding": holding} for text, answers, holding in case.questions]
    return {"set": name, "pages": pages_of(case.sentences), "questions": questions}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=140)
    parser.add_argument("--sets", nargs="+", default=["wikipedia", "reddit", "amazon"])
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with options.to.open("w") as file:
        for name in options.sets:
            source, drawn = random.Random(f"{name} {options.seed}"), 0
            while drawn < options.questions:
                case = draw_case(name, source, options.tokens * 4)
                drawn += len(case.questions)
                file.write(json.dumps(written(name, case)) + "\n")


if __name__ == "__main__":
    main()
