"""What the quoting reader answers to questions that it was not trained on.

    python evaluate_questions.py [--name quoting] [--tokens 1000] [--questions 100] [--sets wikipedia reddit facts invented second]
                                 [--how plan] [--bias 0] [--free] [--candidates 3] [--show 5]

Of people's questions: F1 and exact match (as SQuAD counts them), how often the quoted sentence holds an answer, how often answerable
questions are refused, and unanswerable ones (asked about other documents of the same source).
"""

import argparse
import json
import random
import re
import string
import time
from collections import Counter
from dataclasses import dataclass, field

import torch

import checkpoints
import documents
import human
import second
import tokens
from answering import Answerer, Reading
from facts import ABSENT
from network import Reader, Shape
from text import Sentence


@dataclass
class Case:
    sentences: list[Sentence]
    questions: list[tuple[str, tuple[str, ...], list[str]]] = field(default_factory=list)
    """(question, right answers: none where the document does not say, sentences that hold one)."""


def normalised(text: str) -> list[str]:
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1(said: str, wanted: str) -> float:
    a, b = normalised(said), normalised(wanted)
    if not a or not b:
        return float(a == b)
    same = sum((Counter(a) & Counter(b)).values())
    return 2 * same / (len(a) + len(b))


def load(name: str) -> tuple[Reader, object]:
    tokenizer = tokens.load()
    words, form = tokens.forms(tokenizer)
    model = Reader(Shape(), form, words)
    weights, state, _ = checkpoints.load(name)
    model.load_state_dict(weights)
    print(json.dumps(state))
    return model.float().eval(), tokenizer


def characters_of(sentences) -> int:
    return sum(len(s.text) + 1 for s in sentences)


def people_case(file: str, source: random.Random, characters: int, passages: int) -> Case:
    """Some passages with their questions among others of the same file, and as many questions about passages that are not there."""
    pool = human.passages(file, True)
    order = source.sample(range(len(pool)), len(pool))
    asked, rest = order[:passages], order[passages:]
    chosen = list(asked)
    while rest and sum(characters_of(pool[i].sentences) for i in chosen) < characters:
        chosen.append(rest.pop())
    source.shuffle(chosen)
    case = Case([s for i in chosen for s in pool[i].sentences])
    for index in asked:
        passage = pool[index]
        for each in source.sample(passage.asked, min(5, len(passage.asked))):
            holding = [passage.sentences[n].text for n, *_ in each.spans]
            case.questions.append((each.text, each.answers, holding))
    for index in rest[:passages]:
        case.questions += [(each.text, (), []) for each in source.sample(pool[index].asked, min(2, len(pool[index].asked)))]
    return case


def facts_case(source: random.Random, characters: int, count: int, share: float) -> Case:
    document = documents.of_facts(source, characters, True, count, share)
    case = Case(document.sentences)
    for q in document.questions:
        sentence = document.sentences[q.sentence].text if q.span else None
        case.questions.append((q.text, (sentence[slice(*q.span)],) if q.span else (), [sentence] if sentence else []))
    return case


def second_case(source: random.Random, characters: int, count: int) -> Case:
    told = second.draw(source, count)
    size = sum(len(t.sentence) for t in told)
    sentences = documents.window(source, True, max(0, characters - size))
    for each in told:
        sentences.insert(source.randint(0, len(sentences)), Sentence(each.sentence))
    case = Case(sentences, [(t.question, (t.value,), [t.sentence]) for t in told])
    case.questions += [(t.question, (), []) for t in second.draw(source, count // 3)]
    return case


def draw_case(name: str, source: random.Random, characters: int) -> Case:
    count = max(6, min(20, characters // 250))
    if name == "facts":
        return facts_case(source, characters, count, 0.0)
    if name == "invented":
        return facts_case(source, characters, count, 1.0)
    if name == "second":
        return second_case(source, characters, count)
    return people_case(name, source, characters, 1 if characters < 8000 else 4)


def evaluate(answerer: Answerer, name: str, options) -> dict:
    source = random.Random(f"{name} {options.seed}")
    sums, shown = Counter(), 0
    tokenizer = answerer.tokenizer
    while sums["answerable"] + sums["unanswerable"] < options.questions:
        case = draw_case(name, source, options.tokens * 4)
        ids, spans = [tokens.BEGIN], []
        for s in case.sentences:
            start = len(ids) + ("\n" in s.lead)
            ids += tokenizer.encode(s.lead + s.text).ids
            spans.append((start, len(ids)))
        reading = Reading(answerer.model, options.how)
        started = time.time()
        reading.read(ids)
        sums["reading"] += time.time() - started
        sums["tokens"] += len(ids)
        sums["documents"] += 1
        document = torch.tensor(ids)
        for question, wanted, holding in case.questions:
            if options.candidates:
                answered = answerer.ask_among(reading, document, question, spans, options.candidates)
            else:
                answered = answerer.ask(reading, document, question)
            said = tokenizer.decode(answered.said).strip()
            quote = " ".join(tokenizer.decode(answered.quote).split())
            refused = said == ABSENT
            if wanted:
                score = max(f1(said, w) for w in wanted)
                sums["answerable"] += 1
                sums["f1"] += score
                sums["exact"] += any(normalised(said) == normalised(w) for w in wanted)
                sums["refused"] += refused
                sums["quoted"] += any(quote[:40] == " ".join(h.split())[:40] for h in holding)
                sums["quoted f1"] += score if any(quote[:40] == " ".join(h.split())[:40] for h in holding) else 0
            else:
                sums["unanswerable"] += 1
                sums["rightly refused"] += refused
            if shown < options.show:
                shown += 1
                print(f"  {question} | {wanted} | {said} | {quote} | {answered.confidence:.2f}")
    share = lambda key, of: round(100 * sums[key] / max(1, sums[of]), 1)  # noqa: E731
    return {
        "set": name, "tokens": round(sums["tokens"] / sums["documents"]), "asked": sums["answerable"], "F1": share("f1", "answerable"),
        "exact": share("exact", "answerable"), "quote right": share("quoted", "answerable"),
        "F1 where it is": share("quoted f1", "quoted"), "refused": share("refused", "answerable"),
        "unanswerable": sums["unanswerable"], "refused rightly": share("rightly refused", "unanswerable"),
        "tokens/s": round(sums["tokens"] / sums["reading"]),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="quoting")
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--sets", nargs="+", default=["wikipedia", "reddit", "facts", "invented", "second"])
    parser.add_argument("--how", default="plan", choices=["dense", "plan", "patient"])
    parser.add_argument("--bias", type=float, default=0.0)
    parser.add_argument("--free", action="store_true", help="answers are not held to the document's words")
    parser.add_argument("--candidates", type=int, default=0, help="sentences that are read again before answering; 0: it quotes one by itself")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2, help="1 beside other work")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, tokenizer = load(options.name)
    answerer = Answerer(model, tokenizer, ABSENT, not options.free, options.bias)
    for name in options.sets:
        print(json.dumps(evaluate(answerer, name, options)), flush=True)


if __name__ == "__main__":
    main()
