"""Running text as sentences: what a question points at and what the reader quotes."""

import re
from dataclasses import dataclass, field

ABBREVIATIONS = """mr mrs ms dr st prof col capt gen lt sgt rev hon jr sr vs etc no nos vol fig ed eds pp cf viz inc ltd co corp dept
approx ca jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e a.m p.m u.s u.k""".split()
BOUNDARY = re.compile(r"""[.!?][.!?"'”’)\]]*\s+(?=["'“‘(\[]?[A-Z0-9])|\n+""")
# Longer sentences are parted at the punctuation nearest to their middle: a quote has to stay short.
LONGEST = 260


@dataclass(frozen=True)
class Sentence:
    text: str
    lead: str = " "
    """What stands before it in its document: a space, or line breaks."""
    about: str = ""
    """The entity that a made-up fact is about."""
    fact: int = -1
    """Which of the document's made-up facts it states, if any."""


@dataclass
class Question:
    text: str
    sentence: int | None
    """Index of the sentence that answers it; None where it is not known."""
    span: tuple[int, int] | None
    """Where in that sentence the answer stands; None where the document does not say."""
    human: bool = False
    """Whether people asked it."""
    about: str = ""
    """The entity that a made-up question is about."""
    others: tuple[tuple[int, int], ...] = ()
    """What other annotators marked in the same sentence."""


@dataclass
class Document:
    sentences: list[Sentence] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def ends_abbreviated(text: str) -> bool:
    """Whether the full stop at the end belongs to an abbreviation or an initial."""
    word = re.search(r"(\S+?)\.$", text)
    if not word:
        return False
    bare = word[1].lstrip("(\"'“‘[").lower()
    return bare in ABBREVIATIONS or (len(bare) == 1 and bare.isalpha())


def parted(start: int, end: int, text: str) -> list[tuple[int, int]]:
    """A span, cut into pieces of at most LONGEST characters."""
    if end - start <= LONGEST:
        return [(start, end)]
    middle = (start + end) / 2
    for pattern in (r"[;:]\s+", r",\s+", r"\s+"):
        cuts = [m.end() + start for m in re.finditer(pattern, text[start:end]) if 20 < m.end() < end - start - 20]
        if cuts:
            cut = min(cuts, key=lambda place: abs(place - middle))
            return parted(start, cut, text) + parted(cut, end, text)
    return [(start, end)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """[start, end) of each sentence, white space at both ends left out."""
    spans, start = [], 0
    for match in [*BOUNDARY.finditer(text), None]:
        end = match.end() if match else len(text)
        if match and "\n" not in match[0] and ends_abbreviated(text[start : match.start() + 1]):
            continue
        spans += parted(start, end, text)
        start = end
    trimmed = []
    for start, end in spans:
        piece = text[start:end]
        if piece.strip():
            trimmed.append((start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
    return trimmed


def sentences_of(text: str, lead: str = "\n") -> list[Sentence]:
    """The sentences of one or more paragraphs, `lead` before the first."""
    sentences, last = [], None
    for start, end in sentence_spans(text):
        between = lead if last is None else "\n" if "\n" in text[last:start] else " "
        sentences.append(Sentence(re.sub(r"\s+", " ", text[start:end]), between))
        last = end
    return sentences
