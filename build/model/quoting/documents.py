"""Documents with questions: passages that people asked about, running text that asks for itself, and text with facts in it."""

import random
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

import cloze  # noqa: E402
import facts  # noqa: E402
import human  # noqa: E402
import invented  # noqa: E402
import prose  # noqa: E402
from text import Document, Question, Sentence, sentences_of  # noqa: E402

HUMAN_SHARES = {"wikipedia": 0.5, "privacy-policies": 0.2, "wiki-sentences": 0.3}
HEADINGS = """Introduction|Background|Summary|Terms|Payment|Definitions|Schedule|Results|Method|Discussion|Contact|Notes|Appendix|
Staff|Inventory|Register|Minutes|Agenda|Annex|History|Overview|Scope|Liability|Termination|Equipment|Names and dates|Particulars
""".replace("\n", "").split("|")  # fmt: skip


@cache
def running_text(evaluation: bool) -> tuple[tuple[Sentence, ...], ...]:
    """Books as one long run of sentences each."""
    files = prose.held_out_files() if evaluation else prose.training_files()
    return tuple(tuple(s for p in prose.paragraphs(file) for s in sentences_of(p)) for file in files)


def window(source: random.Random, evaluation: bool, characters: int) -> list[Sentence]:
    """A run of sentences of a book, or passages of the permitted files one after the other."""
    taken: list[Sentence] = []
    if evaluation or source.random() < 0.5:
        books = running_text(evaluation)
        book = source.choices(books, [len(b) for b in books])[0]
        at = source.randrange(max(1, len(book) - characters // 40))
    else:
        passages = human.passages(source.choices(human.TRAINING, [0.75, 0.2, 0.05])[0], False)
        at = source.randrange(len(passages))
        book = [s for i in range(at, min(len(passages), at + characters // 400 + 2)) for s in passages[i].sentences]
        at = 0
    size = 0
    while at < len(book) and size < characters:
        taken.append(book[at])
        size += len(book[at].text)
        at += 1
    return taken


def of_people(source: random.Random, characters: int, evaluation: bool = False, file: str | None = None) -> Document:
    """A passage with the questions that people asked about it, other passages of its file around it."""
    file = file or source.choices(list(HUMAN_SHARES), list(HUMAN_SHARES.values()))[0]
    passages = human.passages(file, evaluation)
    main = source.randrange(len(passages))
    chosen, size = [main], sum(len(s.text) for s in passages[main].sentences)
    near = source.random() < 0.5
    for _ in range(40):
        other = main + source.choice([-2, -1, 1, 2]) if near else source.randrange(len(passages))
        near = near and len(chosen) < 4
        if not 0 <= other < len(passages) or other in chosen:
            continue
        more = sum(len(s.text) for s in passages[other].sentences)
        if size + more > characters:
            if size > characters * 0.6:
                break
            continue
        chosen.append(other)
        size += more
    source.shuffle(chosen)
    document = Document()
    for index in chosen:
        first = len(document.sentences)
        document.sentences += passages[index].sentences
        for asked in passages[index].asked:
            span = human.choose_span(asked, source)
            if span:
                others = tuple((a, b) for index, a, b, _ in asked.spans if index == span[0])
                document.questions.append(Question(asked.text, first + span[0], span[1:], others=others))
    source.shuffle(document.questions)
    # Some files have a hundred questions a passage.
    del document.questions[30:]
    return document


def listed(sentences: list[Sentence], source: random.Random) -> list[Sentence]:
    """Sentences as a list or a form has them: a line each, with a mark before it."""
    mark = source.choice(["- ", "* ", "• ", "", "", "{n}. ", "({n}) ", "{n}) "])
    return [replace(s, text=mark.format(n=n + 1) + s.text, lead="\n") for n, s in enumerate(sentences)]


def form_line(fact: facts.Fact, source: random.Random) -> str:
    """The fact as a table or a form states it."""
    shape = source.choice(["{e} | {a} | {v}", "{a}: {v} ({e})", "{e}, {a}: {v}", "{e}: {a} {v}", "{e} – {a} – {v}", "{a} of {e}: {v}"])
    text = shape.format(e=fact.entity, a=fact.attribute.name, v=fact.value)
    return text[0].upper() + text[1:]


MANY, FEW = (0.4, 1.0), (0.15, 0.35)
"""Entities a fact: with few of them, most sentences about the one that is asked for say something else of it."""


def of_facts(
    source: random.Random, characters: int, evaluation: bool = False, count: int | None = None, share: float = 0.6, entities: tuple[float, float] = MANY
) -> Document:
    """Text with made-up facts in it, each asked; some of the questions ask for what it does not say."""
    crowding = 0.0 if evaluation else source.choice([0.0, 0.5, 0.9])
    situation = facts.Situation(source, evaluation, 1.0, crowding, entities)
    count = count or source.randint(2, max(3, characters // 110))
    drawn = invented.remade(facts.draw_facts(situation, count), source, evaluation, share)
    formed = not evaluation and source.random() < 0.25
    told: list[tuple[Sentence, int, bool]] = []
    for index, fact in enumerate(drawn):
        texts = fact.sentences
        if formed and not fact.corrected:
            texts = (form_line(fact, source),)
        told += [(Sentence(text, " ", fact.entity, index), index, n == len(texts) - 1 or not fact.corrected) for n, text in enumerate(texts)]
    size = sum(len(s.text) for s, _, _ in told)
    filler = window(source, evaluation, max(0, characters - size)) if size < characters else []
    if source.random() < 0.2:
        source.shuffle(told)
        told = [(s, i, last) for i_, (s, i, last) in enumerate(sorted(told, key=lambda each: each[1]))]
        as_lines = listed([s for s, _, _ in told], source)
        told = [(line, i, last) for line, (_, i, last) in zip(as_lines, told, strict=True)]
        heading = [Sentence(source.choice(HEADINGS), "\n")]
        at = source.randint(0, len(filler))
        order = [(s, None, False) for s in filler[:at] + heading] + told + [(s, None, False) for s in filler[at:]]
    else:
        # What corrects a fact stands behind it.
        places = sorted(source.randint(0, len(filler)) for _ in told)
        source.shuffle(told)
        told.sort(key=lambda each: (drawn[each[1]].corrected, 0))
        order, taken = [], iter(_in_order(told))
        waiting = list(zip(places, taken, strict=True))
        for at in range(len(filler) + 1):
            while waiting and waiting[0][0] == at:
                order.append(waiting.pop(0)[1])
            if at < len(filler):
                order.append((filler[at], None, False))
    document = Document([s for s, _, _ in order])
    for index, fact in enumerate(drawn):
        place = next((n for n in range(len(order) - 1, -1, -1) if order[n][1] == index and order[n][2]), None)
        if place is None:
            continue
        at = order[place][0].text.lower().rfind(fact.value.lower())
        if at >= 0:
            document.questions.append(Question(fact.question, place, (at, at + len(fact.value)), about=fact.entity))
    for _ in range(max(1, round(count * 0.3))):
        absent = facts.draw_absent(situation, drawn)
        document.questions.append(Question(absent.text, None, None, about=absent.entity))
    source.shuffle(document.questions)
    return document


def _in_order(told: list) -> list:
    """The sentences as they were shuffled, but the two of a corrected fact the right way round."""
    result = list(told)
    seen: dict[int, int] = {}
    for place, (_, index, last) in enumerate(result):
        if index in seen and not last:
            result[seen[index]], result[place] = result[place], result[seen[index]]
        seen.setdefault(index, place)
    return result


def of_text(source: random.Random, characters: int, evaluation: bool = False) -> Document:
    """Running text; its questions come from its own sentences."""
    sentences = window(source, evaluation, characters)
    if source.random() < 0.15:
        sentences = listed(sentences, source)
    return Document(sentences)


def with_cloze(document: Document, source: random.Random, count: int) -> None:
    """Adds questions that the document's sentences give by themselves."""
    for _ in range(count):
        index = source.randrange(len(document.sentences))
        asked = cloze.question(document.sentences[index].text, source)
        if asked:
            document.questions.append(Question(asked[0], index, asked[1]))


def wrapped(document: Document, source: random.Random) -> None:
    """Breaks lines as a page does, wherever they are full; spans stay where they are."""
    width, column = source.randint(45, 95), 0
    for index, sentence in enumerate(document.sentences):
        column = 0 if "\n" in sentence.lead else column + 1
        pieces = sentence.text.split(" ")
        text = pieces[0]
        column += len(pieces[0])
        for piece in pieces[1:]:
            full = column + 1 + len(piece) > width
            text += ("\n" if full else " ") + piece
            column = len(piece) if full else column + 1 + len(piece)
        document.sentences[index] = replace(sentence, text=text)
