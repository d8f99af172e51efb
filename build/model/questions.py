"""Writes the evaluation's facts and questions, on new names and values, for `npm run eval`.

    python questions.py    ->  ../eval/questions.json
"""

import json
import random
from pathlib import Path

import facts

TARGET = Path(__file__).resolve().parents[1] / "eval" / "questions.json"
SEED = 2026
# (documents, facts, absent): few facts a document, and as many as would be in a crowded register.
SETS = {"needles": (36, 8, 2), "crowded": (12, 24, 6)}


def described(known: facts.Fact, all_: list[facts.Fact]) -> dict:
    others = [other for other in all_ if other is not known]
    kinds = [
        *(["corrected"] if known.corrected else []),
        *(["stated twice"] if len(known.sentences) == 2 and not known.corrected else []),
        *(["shares entity"] if any(other.entity == known.entity for other in others) else []),
        *(["shares attribute"] if any(other.attribute.name == known.attribute.name for other in others) else []),
    ]
    return {
        "sentences": known.sentences,
        "question": known.question,
        "answer": known.value,
        "kinds": kinds or ["alone"],
        "value": known.attribute.value,
    }


def main() -> None:
    situation = facts.Situation(random.Random(SEED), evaluation=True)
    sets: dict[str, list[dict]] = {}
    for name, (documents, count, absent_count) in SETS.items():
        sets[name] = []
        for _ in range(documents):
            drawn = facts.draw_facts(situation, count)
            absent = [facts.draw_absent(situation, drawn).text for _ in range(absent_count)]
            sets[name].append({"facts": [described(known, drawn) for known in drawn], "absent": absent})
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps({"absentAnswer": facts.ABSENT, "sets": sets}, indent=1) + "\n")
    print({name: len(documents) for name, documents in sets.items()}, f"{TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
