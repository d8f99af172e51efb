"""Facts drawn for one document: an entity, one of its attributes, a value, the sentences that state it and the question."""

import random
from dataclasses import dataclass

import names
from phrasings import ATTRIBUTES, CLOSINGS, CORRECTIONS, OPENINGS, QUESTIONS, REQUESTS, STATEMENTS, Attribute

ABSENT = "The document does not say."
KINDS = "person person person place place company ship project agreement device event study case".split()
# Sentence shapes of the attribute's own, openings and closings come in as `variety` goes from 0 to 1.
OWN, OPENED, CLOSED, REQUESTED, TWICE, CORRECTED = 0.35, 0.35, 0.2, 0.2, 0.07, 0.07


@dataclass(frozen=True)
class Asked:
    text: str
    entity: str
    attribute: str


@dataclass(frozen=True)
class Fact:
    entity: str
    kind: str
    attribute: Attribute
    value: str
    sentences: tuple[str, ...]
    """What states it, in the order of the document; after a correction only the last one is true."""
    corrected: bool
    question: str

    @property
    def asked(self) -> Asked:
        return Asked(self.question, self.entity, self.attribute.name)


@dataclass(frozen=True)
class Situation:
    """What a draw depends on beside chance."""

    source: random.Random
    evaluation: bool = False
    variety: float = 1.0
    crowding: float = 0.0
    """Share of facts whose attribute other entities of the document have as well, beyond what chance brings."""
    entities: tuple[float, float] = (0.4, 1.0)
    """Entities a fact, from and to."""

    def chance(self, share: float) -> bool:
        return self.source.random() < share * self.variety

    def pick(self, choices: tuple[str, ...], first: int) -> str:
        """Any choice, but one of the first few while variety is low."""
        return self.source.choice(choices if self.source.random() < self.variety else choices[:first])


def sentence(text: str) -> str:
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def stated(situation: Situation, fact_core: str, value: str) -> str:
    # A value in front would get a capital that the answer does not have.
    hidden = fact_core.startswith(value) and value[0].islower()
    opening = f"{situation.source.choice(OPENINGS)} " if hidden or situation.chance(OPENED) else ""
    closing = situation.source.choice(CLOSINGS) if situation.chance(CLOSED) else ""
    return sentence(opening + fact_core + (f" {closing}" if closing[:1].isalpha() else closing))


def statement(situation: Situation, name: str, attribute: Attribute, value: str) -> str:
    own = attribute.statements and situation.chance(OWN)
    core = situation.source.choice(attribute.statements) if own else situation.pick(STATEMENTS, 4)
    return stated(situation, core.format(a=attribute.name, e=name, v=value), value)


def correction(situation: Situation, name: str, attribute: Attribute, old: str, new: str) -> str:
    core = situation.source.choice(CORRECTIONS)
    core = core.format(a=attribute.name, e=name, o=old, v=new)
    return sentence(core) if core.startswith("a correction") else stated(situation, core, new)


def question(situation: Situation, name: str, attribute: Attribute) -> str:
    own = attribute.questions and situation.chance(OWN)
    core = situation.source.choice(attribute.questions) if own else situation.pick(QUESTIONS, 4)
    if own:
        core = core[0].lower() + core[1:]
    text = core.format(a=attribute.name, e=name)
    return sentence(f"{situation.source.choice(REQUESTS)} {text}" if situation.chance(REQUESTED) else text)


def fact(situation: Situation, kind: str, name: str, attribute: Attribute) -> Fact:
    source, evaluation = situation.source, situation.evaluation
    value = names.value(source, attribute.value, evaluation)
    sentences = [statement(situation, name, attribute, value)]
    corrected = situation.chance(CORRECTED)
    if corrected:
        old = names.value(source, attribute.value, evaluation)
        sentences = [statement(situation, name, attribute, old), correction(situation, name, attribute, old, value)]
    elif situation.chance(TWICE):
        sentences.append(statement(situation, name, attribute, value))
    asked = question(situation, name, attribute)
    return Fact(name, kind, attribute, value, tuple(sentences), corrected, asked)


def draw_entities(situation: Situation, count: int) -> list[tuple[str, str]]:
    """(kind, name) of different entities, some of which share a part of their name."""
    source = situation.source
    main_kind = source.choice(KINDS)
    drawn: list[tuple[str, str]] = []
    while len(drawn) < count:
        kind = main_kind if source.random() < 0.4 else source.choice(KINDS)
        shared = None
        if drawn and situation.chance(0.1):
            shared = next((w for w in reversed(source.choice(drawn)[1].split()) if w[:1].isupper() and len(w) > 3), None)
            if shared in (*names.PLACES, *names.COMPANIES, *names.EVENTS, *names.FIRST_NAMES, *names.TITLES, "Project"):
                shared = None
        entity = (kind, names.entity(source, situation.evaluation, kind, shared))
        if entity[1] not in {name for _, name in drawn}:
            drawn.append(entity)
    return drawn


def crowd(situation: Situation, entities: list[tuple[str, str]], favoured: list[Attribute], taken: set) -> tuple[str, str, Attribute]:
    """One of few attributes, for an entity that does not have it yet; a new one where there is none."""
    source = situation.source
    attribute = source.choice(favoured)
    free = [each for each in entities if each[0] in attribute.entities and (each[1], attribute.name) not in taken]
    if not free or source.random() < 0.3:
        kind = source.choice(attribute.entities)
        free = [(kind, names.entity(source, situation.evaluation, kind))]
        if free[0][1] in {name for _, name in entities}:
            return crowd(situation, entities, favoured, taken)
        entities += free
    return (*source.choice(free), attribute)


def draw_facts(situation: Situation, count: int) -> list[Fact]:
    """Facts that share entities and attributes, so that each has distractors beside it."""
    source = situation.source
    entities = draw_entities(situation, max(1, round(count * source.uniform(*situation.entities))))
    favoured = source.sample(ATTRIBUTES, max(3, count // 3))
    facts: list[Fact] = []
    taken: set[tuple[str, str]] = set()
    tries = 0
    while len(facts) < count:
        tries += 1
        if tries % (20 * count) == 0:
            entities += draw_entities(situation, 1)  # What there is to say of the others may all be said.
        if situation.crowding and situation.chance(situation.crowding):
            kind, name, attribute = crowd(situation, entities, favoured[: max(1, count // 5)], taken)
            taken.add((name, attribute.name))
            facts.append(fact(situation, kind, name, attribute))
            continue
        kind, name = source.choice(entities)
        suitable = [a for a in favoured if kind in a.entities] if source.random() < 0.6 else []
        attribute = source.choice(suitable or [a for a in ATTRIBUTES if kind in a.entities])
        if (name, attribute.name) not in taken:
            taken.add((name, attribute.name))
            facts.append(fact(situation, kind, name, attribute))
    return facts


def draw_absent(situation: Situation, facts: list[Fact]) -> Asked:
    """A question whose answer is not in the document, though its entity or its attribute may be."""
    source = situation.source
    told = {(known.entity, known.attribute.name) for known in facts}
    while True:
        known = source.choice(facts)
        name, attribute = known.entity, known.attribute
        shape = source.random()
        if shape < 0.45:
            attribute = source.choice([a for a in ATTRIBUTES if known.kind in a.entities])
        elif shape < 0.9:
            name = names.entity(source, situation.evaluation, known.kind)
        else:
            kind, name = draw_entities(situation, 1)[0]
            attribute = source.choice([a for a in ATTRIBUTES if kind in a.entities])
        if (name, attribute.name) not in told:
            return Asked(question(situation, name, attribute), name, attribute.name)
