"""Made-up facts: an entity, one of its attributes, a value, and the sentences that state and ask it.

Names and values for evaluation never occur in training: a name belongs to one side by a hash of itself.
"""

import random
import zlib
from dataclasses import dataclass

ABSENT = "The document does not say."

FIRST_NAMES = """Ada Albert Alice Amos Anna Arthur Barbara Basil Beatrice Bernard Bridget Caleb Caroline Cecil Charlotte
Clara Conrad Cora Cyril Daphne David Dora Edgar Edith Edwin Eleanor Elias Emma Ernest Esther Felix Fiona Flora Frederick
George Gilbert Grace Hannah Harold Harriet Helen Henry Hugo Ida Irene Isaac Ivan Jacob Jane Jonas Joseph Josephine Julia
Karl Laura Leo Lewis Lillian Louisa Lucas Lydia Mabel Marcus Margaret Martha Martin Matilda Maurice Miriam Nathan Nora
Oliver Oscar Owen Patrick Paula Peter Philip Phoebe Quentin Rachel Ralph Rosa Rupert Ruth Samuel Sarah Silas Simon Sophia
Stella Susan Sylvia Thomas Tobias Ursula Victor Vincent Viola Walter Wilfred William Winifred""".split()

ONSETS = "b br c cl cr d dr f fl g gr h j k l m n p pr qu r s sh st t th tr v w wh y z".split()
VOWELS = "a e i o u ai ea ee o ou a e i".split()
CODAS = "l n r s t m d ck ll nd rn st x th ng rd".split()
ENDINGS = "er on in ton ham ford well by ley ard ick man son ell ow am en is or a e ville stead mere wick".split()

COLOURS = "amber black blue bronze brown crimson gold green grey indigo ivory orange pink purple red scarlet silver teal violet white yellow".split()
THINGS = """anchor apple arrow badger barley beech bell birch bridge candle castle cedar cherry clover compass copper coral
cotton crane crown dolphin dove eagle elm falcon fern fox garnet granite hawk hazel heron honey iris ivy jade key lantern
larch laurel lemon lily lion linen maple marble moon oak olive opal otter owl oyster pear pearl pine plum poppy raven rose
saffron salmon salt sparrow star swan thistle tiger timber topaz tulip walnut wheat willow wolf wool wren""".split()
MONTHS = "January February March April May June July August September October November December".split()

PLACE_KINDS = "Hall,House,Mill,Farm,Bridge,Station,Castle,Abbey,Harbour,Lighthouse,Chapel,Museum,Library,School,Hospital,Quarry,Vault,Inn".split(",")
COMPANY_KINDS = "Company,Brothers,Society,Trust,Bank,Press,Institute,Railway,Foundry,Brewery,Guild,Works".split(",")


@dataclass(frozen=True)
class Fact:
    entity: str
    attribute: str
    value: str
    statement: str
    question: str


def is_evaluation_name(name: str) -> bool:
    return zlib.crc32(name.encode()) % 8 == 0


def made_up_name(source: random.Random, evaluation: bool) -> str:
    while True:
        name = source.choice(ONSETS) + source.choice(VOWELS)
        if source.random() < 0.6:
            name += source.choice(CODAS)
            if source.random() < 0.35:
                name += source.choice(VOWELS)
        name = (name + source.choice(ENDINGS)).capitalize()
        if 4 <= len(name) <= 11 and is_evaluation_name(name) == evaluation:
            return name


def person(source: random.Random, evaluation: bool) -> str:
    return f"{source.choice(FIRST_NAMES)} {made_up_name(source, evaluation)}"


def entity(source: random.Random, evaluation: bool) -> tuple[str, str]:
    """(kind, name) of a new entity."""
    kind = source.choice(["person", "person", "place", "company", "ship", "project"])
    name = made_up_name(source, evaluation)
    if kind == "person":
        return kind, f"{source.choice(FIRST_NAMES)} {name}"
    if kind == "place":
        return kind, f"{name} {source.choice(PLACE_KINDS)}"
    if kind == "company":
        return kind, f"the {name} {source.choice(COMPANY_KINDS)}"
    if kind == "ship":
        return kind, f"the {source.choice(['ship', 'steamer', 'schooner', 'yacht'])} {name}"
    return kind, f"Project {name}"


def digits(source: random.Random, low: int, high: int) -> str:
    return "".join(source.choice("0123456789") for _ in range(source.randint(low, high)))


def code(source: random.Random, _evaluation: bool) -> str:
    shape = source.random()
    if shape < 0.5:
        return digits(source, 3, 6)
    letters = "".join(source.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(source.randint(1, 2)))
    return f"{letters}-{digits(source, 2, 4)}" if shape < 0.8 else f"{letters}{digits(source, 2, 4)}"


def date(source: random.Random, _evaluation: bool) -> str:
    day, month, year = source.randint(1, 28), source.choice(MONTHS), source.randint(1780, 2030)
    return source.choice([f"{day} {month} {year}", f"{month} {day}, {year}", f"{day} {month}"])


def amount(source: random.Random, _evaluation: bool) -> str:
    number = source.choice([source.randint(2, 99), source.randint(100, 999), source.randint(1000, 99999)])
    text = f"{number:,}"
    return source.choice([f"${text}", f"{text} dollars", f"{text} pounds", f"{text} francs"])


def measure(source: random.Random, _evaluation: bool) -> str:
    unit = source.choice("feet,miles,tons,acres,hours,days,gallons,men,pages,yards".split(","))
    return f"{source.randint(2, 990)} {unit}"


def word(source: random.Random, _evaluation: bool) -> str:
    return source.choice(THINGS) if source.random() < 0.6 else f"{source.choice(COLOURS)} {source.choice(THINGS)}"


def colour(source: random.Random, _evaluation: bool) -> str:
    return source.choice(COLOURS)


ATTRIBUTES = {
    code: """access code,serial number,room number,locker number,catalogue number,telephone extension,ticket number,
        account number,registration mark,reference number,safe combination,call sign""",
    date: "opening date,birthday,date of completion,departure date,deadline,wedding day,date of founding,date of the audit",
    amount: "annual rent,purchase price,yearly budget,insured value,debt,salary,registration fee,ransom,monthly fee",
    measure: "length,weight,capacity,travel time,depth,notice period,daily output",
    person: "owner,architect,captain,manager,chief editor,teacher,guardian,deputy,founder,physician,lawyer,cook",
    made_up_name: "home town,head office,birthplace,home port,place of burial,summer residence,nearest village",
    word: "emblem,password,main crop,secret word,favourite dish,code name,motto,trademark",
    colour: "favourite colour,colour of the door,colour of the flag",
}
ATTRIBUTE_LIST = [
    (name.strip(), maker) for maker, names in ATTRIBUTES.items() for name in names.replace("\n", " ").split(",")
]

STATEMENTS = """The {a} of {e} is {v}.|{E}'s {a} is {v}.|The {a} of {e} was {v}.|For {e}, the {a} is {v}.
As for {e}, the {a} is {v}.|It is well known that the {a} of {e} is {v}.|The register gives the {a} of {e} as {v}.
{E} has as {a} {v}.|According to the papers, the {a} of {e} is {v}.|We were told that {e}'s {a} was {v}.
In the case of {e}, the {a} was set down as {v}.|Let it be noted that {e}'s {a} is {v}.|{E}: the {a} is {v}.
The record for {e} lists the {a} as {v}.|Everyone agreed that the {a} of {e} was {v}.|On file, {e}'s {a} reads {v}.
The {a} belonging to {e} is {v}.|When asked about {e}, the clerk named the {a}: {v}.|The {a} for {e} remains {v}.
As regards the {a} of {e}, it is {v}.|{E} still has the same {a}, namely {v}.|The {a} that {e} has is {v}.
No one doubted that {e}'s {a} was {v}.|The letter states that the {a} of {e} is {v}, as before.""".replace("\n", "|").split("|")

QUESTIONS = """What is the {a} of {e}?|What is {e}'s {a}?|What was the {a} of {e}?|What {a} does {e} have?|Tell me the {a} of {e}.
Can you find the {a} of {e}?|Give the {a} of {e}.|What does the document say is the {a} of {e}?|{E}: what is the {a}?
For {e}, what is the {a}?|Please state {e}'s {a}.|Which {a} is given for {e}?|I need the {a} of {e}.|Name the {a} of {e}.
What is the {a} for {e}?|According to the document, what is the {a} of {e}?""".replace("\n", "|").split("|")


def fill(template: str, name: str, attribute: str, value: str = "") -> str:
    return template.format(a=attribute, e=name, E=name[0].upper() + name[1:], v=value)


def question_for(source: random.Random, name: str, attribute: str) -> str:
    return fill(source.choice(QUESTIONS), name, attribute)


def draw_facts(source: random.Random, count: int, evaluation: bool) -> list[Fact]:
    """Facts that share entities and attributes, so that each has distractors beside it."""
    entities = [entity(source, evaluation)[1] for _ in range(max(1, round(count * source.uniform(0.4, 1.0))))]
    kinds = source.sample(ATTRIBUTE_LIST, min(len(ATTRIBUTE_LIST), max(2, round(count * source.uniform(0.4, 1.0)))))
    facts: list[Fact] = []
    taken: set[tuple[str, str]] = set()
    while len(facts) < count:
        name = source.choice(entities)
        attribute, maker = source.choice(kinds)
        if (name, attribute) in taken:
            if len(taken) >= len(entities) * len(kinds):
                break
            continue
        taken.add((name, attribute))
        value = maker(source, evaluation)
        statement = fill(source.choice(STATEMENTS), name, attribute, value)
        facts.append(Fact(name, attribute, value, statement, question_for(source, name, attribute)))
    return facts


def draw_absent(source: random.Random, facts: list[Fact], evaluation: bool) -> str:
    """A question whose answer is not in the document, though its entity or its attribute may be."""
    stated = {(fact.entity, fact.attribute) for fact in facts}
    while True:
        known = source.choice(facts)
        if source.random() < 0.5:
            pair = (known.entity, source.choice(ATTRIBUTE_LIST)[0])
        else:
            pair = (entity(source, evaluation)[1], known.attribute)
        if pair not in stated:
            return question_for(source, *pair)
