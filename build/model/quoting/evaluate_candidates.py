"""What the reader answers when a question's closest sentences are read again behind it.

    python evaluate_candidates.py [--name quoting] [--tokens 1000] [--questions 100] [--sets wikipedia reddit amazon] [--candidates 5]
                                  [--format twice] [--fresh] [--keep FILE]

Every sentence that some way of finding puts among its first few is read again once, and what it says is kept; each approach is then
a choice among them, so that all are compared on the same questions. Ways of finding: `occurs` (attention of the question's words on the
same words), `words` (BM25), `both`, `found` and `pointed` (one head that points at the sentence, one at the answer's first token). Ways of
answering: see `candidates.WAYS`. A sentence's score is the probability that it answers, times the finding's to the power of FINDING_WEIGHT;
a later sentence that takes back what was chosen wins.
"""

import argparse
import json
import math
import random
import time
from collections import Counter
from pathlib import Path

import torch

import tokens
from answering import Reading
from candidates import WAYS, Rereader, Words, look
from cloze import FUNCTION_WORDS
from evaluate_questions import draw_case, f1, load, normalised
from facts import ABSENT

FORMATS = {"once": False, "twice": True}
# How much finding weighs in the choice of the sentence beside what reading it again says.
FINDING_WEIGHT = 1.5


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
            attention = looked.occurs
            pointed = torch.stack([looked.pointed[a:b].sum() for a, b in spans])
            chosen = sorted({*best(attention, options.candidates), *best(by_words, options.candidates), *best(pointed, 1), *best(looked.found, 1)})
            base = looked.reading
            if options.fresh:
                base = Reading(rereader.model, options.how)
                base.asking = True
                base.read([tokens.BEGIN, tokens.QUESTION, *asked, tokens.ANSWER])
            entry = {"set": name, "question": question, "wanted": wanted, "tokens": len(ids), "telling": int(telling[torch.tensor(asked)].sum()), "candidates": []}
            texts = [quotes[n] for n in chosen]
            for label in options.formats:
                said = rereader.ask(base, texts, FORMATS[label])
                for place, n in enumerate(chosen):
                    if len(entry["candidates"]) <= place:
                        entry["candidates"].append({
                            "sentence": case.sentences[n].text, "right": case.sentences[n].text in holding,
                            "found": looked.found[n].item(), "occurs": looked.occurs[n].item(), "words": by_words[n].item(),
                            "pointed": pointed[n].item(), "ranks": [int((x > x[n]).sum()) for x in (attention, by_words, pointed, looked.found, looked.occurs)],
                        })  # fmt: skip
                    candidate = entry["candidates"][place]
                    candidate[label] = {way: {
                        "refused": s.refused, "said": tokenizer.decode(s.said).strip(), "confidence": s.confidence,
                        "f1": max((f1(tokenizer.decode(s.said), w) for w in wanted), default=0.0),
                        "exact": any(normalised(tokenizer.decode(s.said)) == normalised(w) for w in wanted),
                    } for way, s in said[place].items()}  # fmt: skip
            kept.append(entry)
    return kept


RANKS = {"occurs": 0, "words": 1, "pointed": 2, "found": 3}


def among(entry: dict, finder: str, count: int) -> list[dict]:
    """The first `count` candidates of one way of finding; "both" has the first of attention's and the words'."""
    if finder == "both":
        return [c for c in entry["candidates"] if min(c["ranks"][:2]) < count]
    return [c for c in entry["candidates"] if c["ranks"][RANKS[finder]] < count]


def prior(candidate: dict, finder: str, entry: dict) -> float:
    """How much a way of finding speaks for a sentence."""
    occurs = candidate["occurs"] / max(1, entry["telling"])
    return {"words": candidate["words"], "both": 0.5 * (candidate["words"] + occurs), "occurs": occurs}.get(finder, candidate[finder] if finder in candidate else 1.0)


def features(candidate: dict, finder: str, label: str, way: str, entry: dict) -> list[float]:
    said = candidate[label][way]
    return [math.log(1.003 - said["refused"]), math.log(prior(candidate, finder, entry) + 0.02), math.log(said["confidence"] + 0.003)]


def judge(entry: dict, finder: str, label: str, way: str, count: int) -> tuple[dict, float]:
    """(the candidate chosen, the logarithm of its score)."""
    kept = among(entry, finder, count)
    scores = [f[0] + FINDING_WEIGHT * f[1] for f in (features(c, finder, label, way, entry) for c in kept)]
    at = max(range(len(kept)), key=scores.__getitem__)
    at = next((n for n in range(at + 1, len(kept)) if corrects(kept[n], kept[at], finder, label, way, entry)), at)
    return kept[at], scores[at]


def corrects(later: dict, chosen: dict, finder: str, label: str, way: str, entry: dict) -> bool:
    """Whether a later sentence takes back what was chosen: it holds that answer and gives another."""
    old, new = (" ".join(normalised(c[label][way]["said"])) for c in (chosen, later))
    if not old or old == new or f" {old} " not in f" {' '.join(normalised(later['sentence']))} ":
        return False
    return later[label][way]["refused"] < 0.5 and prior(later, finder, entry) > 0.5 * prior(chosen, finder, entry)


def figures(entries: list[dict], finder: str, label: str, way: str, count: int) -> str:
    """F1 and exact without refusing, and how many unanswerable questions are refused where 15 % of the answerable ones are."""
    sums, answerable, absent = Counter(), [], []
    for entry in entries:
        chosen, score = judge(entry, finder, label, way, count)
        if not entry["wanted"]:
            absent.append(score)
            continue
        answerable.append((score, chosen[label][way]["f1"], chosen[label][way]["exact"]))
        sums["there"] += any(c["right"] for c in among(entry, finder, count))
        sums["f1"] += chosen[label][way]["f1"]
        sums["exact"] += chosen[label][way]["exact"]
        sums["right"] += chosen["right"]
        sums["right f1"] += chosen[label][way]["f1"] * chosen["right"]
    n = max(1, len(answerable))
    border = sorted(answerable)[int(0.15 * n)][0] if answerable else 0
    after = [each for each in answerable if each[0] >= border]
    return (
        f"F1 {100 * sums['f1'] / n:5.1f} exact {100 * sums['exact'] / n:5.1f} right sentence {100 * sums['right'] / n:5.1f} (among them {100 * sums['there'] / n:5.1f})"
        f" F1 where right {100 * sums['right f1'] / max(1, sums['right']):5.1f} | 15 % of {n} refused: F1 {100 * sum(f for _, f, _ in after) / n:5.1f}"
        f" exact {100 * sum(e for _, _, e in after) / n:5.1f} absent refused {100 * sum(s < border for s in absent) / max(1, len(absent)):5.1f} of {len(absent)}"
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
    parser.add_argument("--fresh", action="store_true", help="candidates are read behind the question alone, not behind the document")
    parser.add_argument("--keep", type=Path, help="where the records go, a JSON object a line, and what was chosen beside it")
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
        options.keep.with_suffix(".chosen.jsonl").write_text("".join(json.dumps(chosen_of(e, options)) + "\n" for e in everything))


def chosen_of(entry: dict, options) -> dict:
    """What "both" and "joint" answer: the engine is held against it (`build/eval/quoting.ts --beside`)."""
    label = options.formats[0]
    chosen, score = judge(entry, "both", label, "joint", options.candidates)
    said = chosen[label]["joint"]
    return {"question": entry["question"], "sentence": chosen["sentence"], "said": said["said"], "f1": said["f1"], "exact": said["exact"], "score": score}


def report(entries: list[dict], options) -> None:
    count = options.candidates
    for label in options.formats:
        for way in WAYS:
            print(f"{label} {way:8} right sentences: {oracle(entries, label, way)}")
        for finder, way, few in (
            ("pointed", "pointer", 1), ("found", "span", 1), ("occurs", "span", 1), ("occurs", "joint", count), ("words", "joint", 1),
            ("words", "words", count), ("words", "span", count), ("words", "joint", count), ("both", "joint", count),
        ):  # fmt: skip
            print(f"{label} {finder:7} {few} {way:7}: {figures(entries, finder, label, way, few)}", flush=True)


if __name__ == "__main__":
    main()
