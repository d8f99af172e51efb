"""What the reader answers when a question's closest sentences are read again behind it.

    python evaluate_candidates.py [--name quoting] [--tokens 1000] [--questions 100] [--sets wikipedia reddit amazon] [--candidates 5]
                                  [--format twice] [--fresh] [--keep FILE]

Every sentence that some way of finding puts among its first few is read again once, and what it says is kept; each approach is then
a choice among them, so that all are compared on the same questions. Approaches: which sentences are looked at (`attention`, `words`,
`both`) and, for `pointed`, the sentence and first token that one attention head points at. A sentence's score is the probability that it
answers, times its share of the finding's own score.
"""

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path

import torch

import tokens
from answering import Reading
from candidates import Rereader, Words, look
from cloze import FUNCTION_WORDS
from evaluate_questions import draw_case, f1, load, normalised
from facts import ABSENT

FORMATS = {"once": False, "twice": True}
WAYS = ("words", "both", "pointer", "span")


def best(scores: torch.Tensor, count: int) -> list[int]:
    return scores.topk(min(count, len(scores))).indices.tolist()


def records(rereader: Rereader, telling: torch.Tensor, name: str, options) -> list[dict]:
    """For each question its candidates with the scores that each way of finding gave them, and what each says."""
    source = random.Random(f"{name} {options.seed}")
    tokenizer, kept = rereader.tokenizer, []
    while len(kept) < options.questions:
        case = draw_case(name, source, options.tokens * 4)
        ids, spans = [tokens.BEGIN], []
        for s in case.sentences:
            start = len(ids) + ("\n" in s.lead)
            ids += tokenizer.encode(s.lead + s.text).ids
            spans.append((start, len(ids)))
        reading = Reading(rereader.model, options.how)
        reading.read(ids)
        words = Words([s.text for s in case.sentences])
        quotes = [ids[a:b] for a, b in spans]
        for question, wanted, holding in case.questions:
            asked = tokenizer.encode(" " + question).ids
            looked = look(reading, asked, telling, spans)
            by_words = words.scores(question)
            attention = (looked.found + 0.02).log() + looked.occurs
            pointed = torch.stack([looked.pointed[a:b].sum() for a, b in spans])
            chosen = sorted({*best(attention, options.candidates), *best(by_words, options.candidates), *best(pointed, 1)})
            base = looked.reading
            if options.fresh:
                base = Reading(rereader.model, options.how)
                base.asking = True
                base.read([tokens.BEGIN, tokens.QUESTION, *asked, tokens.ANSWER])
            entry = {"set": name, "question": question, "wanted": wanted, "tokens": len(ids), "candidates": []}
            texts = [quotes[n] for n in chosen]
            for label in options.formats:
                said = rereader.ask(base, texts, FORMATS[label], WAYS)
                for place, n in enumerate(chosen):
                    if len(entry["candidates"]) <= place:
                        entry["candidates"].append({
                            "sentence": case.sentences[n].text, "right": case.sentences[n].text in holding,
                            "found": looked.found[n].item(), "occurs": looked.occurs[n].item(), "words": by_words[n].item(),
                            "pointed": pointed[n].item(), "ranks": [int((x > x[n]).sum()) for x in (attention, by_words, pointed, looked.found, looked.occurs)],
                        })  # fmt: skip
                    candidate = entry["candidates"][place]
                    candidate[label] = {way: {
                        "refused": s.refused, "said": tokenizer.decode(s.said).strip(), "confidence": s.confidence, "start": s.start,
                        "f1": max((f1(tokenizer.decode(s.said), w) for w in wanted), default=0.0),
                        "exact": any(normalised(tokenizer.decode(s.said)) == normalised(w) for w in wanted),
                    } for way, s in said[place].items()}  # fmt: skip
            kept.append(entry)
    return kept


def share_of(scores: list[float]) -> list[float]:
    total = sum(scores) or 1.0
    return [s / total for s in scores]


def judge(entry: dict, finder: str, label: str, way: str, count: int, refuse: float) -> tuple[dict | None, float]:
    """(the candidate chosen, its score); the candidate is None where the question is refused."""
    rank = {"attention": 0, "words": 1, "pointed": 2, "found": 3, "occurs": 4}
    kept = [c for c in entry["candidates"] if (min(c["ranks"][:2]) if finder == "both" else c["ranks"][rank[finder]]) < count]
    prior = share_of([c["words"] if finder in ("words", "both") else c["found"] + 0.3 * c["occurs"] + 0.02 for c in kept])
    answers = [1 - c[label][way]["refused"] for c in kept]
    scores = [(a + 0.003) * (p + 0.05) for a, p in zip(answers, prior, strict=True)]
    at = max(range(len(kept)), key=scores.__getitem__)
    return (None if answers[at] < refuse else kept[at]), scores[at]


def figures(entries: list[dict], finder: str, label: str, way: str, count: int, refuse: float) -> str:
    sums = Counter()
    for entry in entries:
        chosen, _ = judge(entry, finder, label, way, count, refuse)
        if not entry["wanted"]:
            sums["absent"] += 1
            sums["absent refused"] += chosen is None
            continue
        sums["asked"] += 1
        sums["refused"] += chosen is None
        sums["there"] += any(c["right"] for c in entry["candidates"] if (min(c["ranks"][:2]) if finder == "both" else c["ranks"][{"attention": 0, "words": 1, "pointed": 2, "found": 3, "occurs": 4}[finder]]) < count)
        if chosen:
            sums["f1"] += chosen[label][way]["f1"]
            sums["exact"] += chosen[label][way]["exact"]
            sums["right"] += chosen["right"]
            sums["right f1"] += chosen[label][way]["f1"] * chosen["right"]
    n = sums["asked"] or 1
    return (
        f"F1 {100 * sums['f1'] / n:5.1f} exact {100 * sums['exact'] / n:5.1f} right sentence {100 * sums['right'] / n:5.1f} (among them {100 * sums['there'] / n:5.1f})"
        f" F1 where right {100 * sums['right f1'] / max(1, sums['right']):5.1f} refused {100 * sums['refused'] / n:5.1f} of {n}"
        f" absent refused {100 * sums['absent refused'] / max(1, sums['absent']):5.1f} of {sums['absent']}"
    )


def oracle(entries: list[dict], label: str, way: str) -> str:
    """What is said by the right sentence, whoever found it; how well refusing tells right ones from wrong ones."""
    right = [c for e in entries for c in e["candidates"] if c["right"]]
    wrong = [c for e in entries for c in e["candidates"] if not c["right"]]
    mean = lambda values: 100 * sum(values) / max(1, len(values))  # noqa: E731
    pairs = [(r[label][way]["refused"] < w[label][way]["refused"]) for e in entries for r in e["candidates"] if r["right"] for w in e["candidates"] if not w["right"]]
    return (
        f"F1 {mean([c[label][way]['f1'] for c in right]):.1f} exact {mean([c[label][way]['exact'] for c in right]):.1f}"
        f" refused {mean([c[label][way]['refused'] for c in right]):.1f}, wrong ones {mean([c[label][way]['refused'] for c in wrong]):.1f}, right above wrong {mean(pairs):.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="quoting")
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=140)
    parser.add_argument("--sets", nargs="+", default=["wikipedia", "reddit", "amazon"])
    parser.add_argument("--how", default="plan", choices=["dense", "plan", "patient"])
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--formats", nargs="+", default=["once"])
    parser.add_argument("--refuse", type=float, default=0.1)
    parser.add_argument("--fresh", action="store_true", help="candidates are read behind the question alone, not behind the document")
    parser.add_argument("--keep", type=Path, help="where the records go, a JSON object a line")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, tokenizer = load(options.name)
    words, form = tokens.forms(tokenizer)
    telling = torch.tensor([words[f].isalnum() and words[f] not in FUNCTION_WORDS and words[f] not in ("s", "t") for f in form])
    rereader = Rereader(model, tokenizer, ABSENT)
    everything = []
    for name in options.sets:
        started = time.time()
        entries = records(rereader, telling, name, options)
        everything += entries
        print(f"== {name}, {len(entries)} questions, {sum(e['tokens'] for e in entries) / len(entries):.0f} tokens, {time.time() - started:.0f} s")
        report(entries, options)
    if len(options.sets) > 1:
        print("== all")
        report(everything, options)
    if options.keep:
        options.keep.write_text("".join(json.dumps(e) + "\n" for e in everything))


def report(entries: list[dict], options) -> None:
    for label in options.formats:
        for way in WAYS:
            print(f"{label:6} first token by {way:8} right sentences: {oracle(entries, label, way)}")
        for finder, count in (("pointed", 1), ("found", 1), ("attention", options.candidates), ("words", 1), ("words", options.candidates), ("both", options.candidates)):
            way = "pointer" if finder == "pointed" else "both"
            print(f"{label:6} {finder:9} {count}: {figures(entries, finder, label, way, count, options.refuse)}", flush=True)


if __name__ == "__main__":
    main()
