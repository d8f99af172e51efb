"""Questions that any sentence gives by itself: a span is taken out and asked for with the sentence's other words.

This teaches to match: the words come in another order, some are left out, some are bent, and the question word is the one that
the span's kind calls for.
"""

import random
import re
from dataclasses import dataclass

FUNCTION_WORDS = set("""a about above after again against all also although am among an and another any are as at be because been
before being below between both but by can cannot could did do does doing down during each either else ever every few first for
from further had has have having he her here hers herself him himself his how however i if in into is it its itself just last
least less like many may me might more most much must my myself near neither no nor not now of off often on once one only or
other our ours out over own per perhaps quite rather same shall she should since so some still such than that the their them
themselves then there these they this those though through thus to too under until up upon us very was we well were what when
where whether which while who whom whose why will with within without would yet you your yours""".split())  # fmt: skip
NUMBER_WORDS = set("""one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen twenty thirty forty
fifty sixty hundred thousand million billion dozen half several""".split())
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
WORD = re.compile(r"[^\W_]+(?:['’.,\-][^\W_]+)*|[$£€%]")
DATE = re.compile(rf"(?:\d{{1,2}} )?(?:{MONTHS})(?: \d{{1,2}}(?:st|nd|rd|th)?)?(?:,? \d{{4}})?|\b(?:1[0-9]|20)\d\d\b")
MONEY = re.compile(r"[$£€]\s?\d[\d,.]*(?: (?:million|billion|thousand))?|\d[\d,.]* ?(?:%|percent|per cent|dollars|pounds|euros)")
NAME = re.compile(r"(?:[A-Z][\w’'\-]*\.?)(?: (?:of|the|de|la|von|van|and|[A-Z][\w’'\-]*\.?|[A-Z]\.))* ?(?:[A-Z][\w’'\-]+)?")
AFTER_ARTICLE = re.compile(r"\b(?:the|a|an|his|her|their|its|our|your|my|this|these|some|any) ((?:[a-z][\w\-]*)(?: [a-z][\w\-]*){0,2})")
PHRASE = re.compile(r"\b(?:by|for|with|to|from|because|in order to|through|without|about|as) ((?:\w[\w\-']*)(?: \w[\w\-']*){0,6})")

ASKING = {
    "date": ["when", "when", "in what year", "what year", "on what date", "since when", "what date"],
    "number": ["how many", "how many", "how much", "what number of", "how long", "how old", "what number"],
    "money": ["how much", "how much", "what percentage", "what amount", "for how much"],
    "name": ["who", "who", "who", "what", "what", "which", "where", "where", "whose", "what is the name of", "which person", "what place"],
    "thing": ["what", "what", "what", "what", "which", "what kind of", "what type of", "what sort of"],
    "phrase": ["what", "why", "how", "what", "for what", "in what way", "what for"],
}
AUXILIARIES = "did does do is was were are has had can will would".split()


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    kind: str


def spans_of(text: str) -> list[Span]:
    """Spans that may be asked for, by kind."""
    found = []
    for kind, pattern in (("date", DATE), ("money", MONEY)):
        found += [Span(m.start(), m.end(), kind) for m in pattern.finditer(text)]
    taken = lambda start, end: any(s.start < end and start < s.end for s in found)  # noqa: E731
    for m in WORD.finditer(text):
        word = m[0].lower()
        if (word[0].isdigit() or (word in NUMBER_WORDS and word not in ("one", "half"))) and not taken(m.start(), m.end()):
            found.append(Span(m.start(), m.end(), "number"))
    for m in NAME.finditer(text):
        name = m[0].rstrip()
        name = re.sub(r"(?: (?:of|the|de|la|von|van|and))+$", "", name)
        first = name.split(" ")[0].lower().rstrip(".")
        if m.start() == 0 and first in FUNCTION_WORDS or len(name) < 2 or taken(m.start(), m.start() + len(name)):
            continue
        found.append(Span(m.start(), m.start() + len(name), "name"))
    for kind, pattern in (("thing", AFTER_ARTICLE), ("phrase", PHRASE)):
        for m in pattern.finditer(text):
            words = m[1].split(" ")
            while words and words[-1].lower() in FUNCTION_WORDS:
                words.pop()
            if words and words[0].lower() not in FUNCTION_WORDS:
                found.append(Span(m.start(1), m.start(1) + len(" ".join(words)), kind))
    return found


def bent(word: str, source: random.Random) -> str:
    """The word with another ending, now and then: questions rarely keep a word's form."""
    if len(word) < 4 or not word.isalpha():
        return word
    for ending, others in (("ies", ["y"]), ("ied", ["y", "ies"]), ("ing", ["", "e", "ed"]), ("ed", ["", "e", "ing"]), ("es", ["e", ""]), ("s", [""])):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + source.choice(others)
    return word + source.choice(["s", "ed", "ing", "'s"]) if not word.endswith("e") else word + source.choice(["s", "d"])


def drawn_span(text: str, source: random.Random) -> Span | None:
    """A span of the sentence, kinds that are rare as likely as common ones."""
    spans = spans_of(text)
    kinds = sorted({span.kind for span in spans})
    if not kinds:
        return None
    kind = source.choice(kinds)
    return source.choice([span for span in spans if span.kind == kind])


def rest_of(text: str, span: Span, source: random.Random) -> tuple[list[str], list[str]]:
    """The words before and behind the span, some left out."""
    keep_content, keep_function = source.choice([0.35, 0.5, 0.65, 0.9]), source.choice([0.0, 0.3, 0.8])
    reach = source.choice([4, 6, 9, 30])
    before, behind = [], []
    words = [m for m in WORD.finditer(text) if m.end() <= span.start or m.start() >= span.end]
    nearest = sorted(words, key=lambda m: min(abs(m.end() - span.start), abs(m.start() - span.end)))[: reach * 2]
    content = [m for m in nearest if m[0].lower() not in FUNCTION_WORDS]
    if not content:
        return [], []
    # Two content words at least, so that the sentence can be found.
    sure = source.sample(content, min(2, len(content)))
    for m in words:
        function = m[0].lower() in FUNCTION_WORDS
        if m not in sure and (m not in nearest or source.random() >= (keep_function if function else keep_content)):
            continue
        word = bent(m[0], source) if not function and source.random() < 0.15 else m[0]
        (before if m.end() <= span.start else behind).append(word)
    return before[-reach:], behind[:reach]


def shaped(asking: str, before: list[str], behind: list[str], source: random.Random) -> str:
    """One of the orders in which a question can have the words."""
    auxiliary = [source.choice(AUXILIARIES)] if source.random() < 0.5 else []
    shape = source.random()
    if shape < 0.3:
        words = [asking, *behind, *before] if source.random() < 0.5 else [asking, *auxiliary, *before, *behind]
    elif shape < 0.5:
        words = [*before, asking, *behind]
    elif shape < 0.65:
        words = [asking, *auxiliary, *behind, *before]
    else:
        words = before + behind
        source.shuffle(words)
        words = [asking, *auxiliary, *words]
    return " ".join(words)


def question(text: str, source: random.Random) -> tuple[str, tuple[int, int]] | None:
    """(a question about the sentence, where its answer stands); None if nothing can be asked."""
    span = drawn_span(text, source)
    if span is None:
        return None
    before, behind = rest_of(text, span, source)
    if not before and not behind:
        return None
    asked = shaped(source.choice(ASKING[span.kind]), before, behind, source)
    if source.random() < 0.35:
        asked = asked.lower()
    asked = asked[0].upper() + asked[1:] if source.random() < 0.6 else asked
    mark = "?" if source.random() < 0.85 else ""
    return asked + mark, (span.start, span.end)
