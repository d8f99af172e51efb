"""Made-up entities and values. Those for evaluation never occur in training: a hash of the text decides."""

import random
import zlib
from collections.abc import Callable

FIRST_NAMES = """Ada Agnes Albert Alice Amos Anna Arthur Barbara Basil Beatrice Bernard Bridget Caleb Caroline Cecil
Charlotte Clara Conrad Cora Cyril Daphne David Dora Edgar Edith Edwin Eleanor Elias Emma Ernest Esther Felix Fiona Flora
Frederick George Gilbert Grace Hannah Harold Harriet Helen Henry Hugo Ida Irene Isaac Ivan Jacob Jane Jonas Joseph Josephine
Julia Karl Laura Leo Lewis Lillian Louisa Lucas Lydia Mabel Marcus Margaret Martha Martin Matilda Maurice Miriam Nathan Nora
Oliver Oscar Owen Patrick Paula Peter Philip Phoebe Quentin Rachel Ralph Rosa Rupert Ruth Samuel Sarah Silas Simon Sophia
Stella Susan Sylvia Thomas Tobias Ursula Victor Vincent Viola Walter Wilfred William Winifred""".split()
TITLES = "Mr.,Mrs.,Miss,Dr.,Captain,Professor,Colonel,Judge,Sister,Uncle".split(",")

ONSETS = "b br c cl cr d dr f fl g gr h j k l m n p pr qu r s sh st t th tr v w wh y z".split()
VOWELS = "a e i o u ai ea ee o ou a e i".split()
CODAS = "l n r s t m d ck ll nd rn st x th ng rd".split()
ENDINGS = """er on in ton ham ford well by ley ard ick man son ell ow am en is or a e ville stead mere wick dale gate
hurst shaw worth field""".split()

COLOURS = """amber black blue bronze brown crimson gold green grey indigo ivory orange pink purple red scarlet silver teal
violet white yellow""".split()
SHADES = "dark pale light deep bright dull soft warm".split()
THINGS = """anchor apple arrow badger barley beech bell birch bridge candle castle cedar cherry clover compass copper coral
cotton crane crown dolphin dove eagle elm falcon fern fox garnet granite hawk hazel heron honey iris ivy jade key lantern
larch laurel lemon lily lion linen maple marble moon oak olive opal otter owl oyster pear pearl pine plum poppy raven rose
saffron salmon salt sparrow star swan thistle tiger timber topaz tulip walnut wheat willow wolf wool wren""".split()
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
UNITS = "feet miles tons acres gallons pages yards metres kilograms litres barrels boxes".split()
PERIODS = "hours days weeks months minutes years".split()
VERBS = "mended painted counted cleaned sold moved covered weighed locked watered inspected replaced sealed burned".split()
TIMES = """before winter,after Easter,every Monday,at noon,until spring,by the end of June,in case of fire,on the first of May,
during the night,before the sale,within ten days,after the harvest,every third year,before the audit""".replace("\n", "").split(",")
CAUSES = "a shortage of,a quarrel about,a fire among,the price of,the loss of,an error about,a dispute over,the theft of".split(",")

PLACES = "Hall,House,Mill,Farm,Bridge,Station,Castle,Abbey,Harbour,Lighthouse,Chapel,Museum,Library,School,Hospital,Quarry,Inn".split(",")
COMPANIES = "Company,Brothers,Society,Trust,Bank,Press,Institute,Railway,Foundry,Brewery,Guild,Works".split(",")
SHIPS = "ship,steamer,schooner,yacht,barge,ferry".split(",")
AGREEMENTS = "lease,agreement,contract,policy,loan,licence,treaty,settlement".split(",")
DEVICES = "pump,engine,valve,sensor,press,boiler,drill,lamp,crane,camera".split(",")
EVENTS = "Conference,Fair,Regatta,Exhibition,Festival,Congress".split(",")
STUDIES = "study,survey,experiment,trial,thesis,report".split(",")


def is_evaluation(text: str) -> bool:
    """An eighth of all names and values is for evaluation alone."""
    return zlib.crc32(text.encode()) % 8 == 0


def made_up_name(source: random.Random, evaluation: bool) -> str:
    while True:
        name = source.choice(ONSETS) + source.choice(VOWELS)
        if source.random() < 0.6:
            name += source.choice(CODAS)
            if source.random() < 0.35:
                name += source.choice(VOWELS)
        name = (name + source.choice(ENDINGS)).capitalize()
        if 4 <= len(name) <= 11 and is_evaluation(name) == evaluation:
            return name


def entity(source: random.Random, evaluation: bool, kind: str, name: str | None = None) -> str:
    """An entity of a kind, named `name` where given: things of several kinds may bear one name."""
    name = name or made_up_name(source, evaluation)
    if kind == "person":
        titled = source.random() < 0.2
        return f"{source.choice(TITLES if titled else FIRST_NAMES)} {name}"
    after = {"place": PLACES}
    the_after = {"company": COMPANIES, "agreement": AGREEMENTS, "device": DEVICES, "event": EVENTS, "study": STUDIES}
    if kind in after:
        return f"{name} {source.choice(after[kind])}"
    if kind in the_after:
        return f"the {name} {source.choice(the_after[kind])}"
    if kind == "ship":
        return f"the {source.choice(SHIPS)} {name}"
    if kind == "case":
        return f"{name} v. {made_up_name(source, evaluation)}"
    return f"Project {name}"


def digits(source: random.Random, low: int, high: int) -> str:
    return "".join(source.choice("0123456789") for _ in range(source.randint(low, high)))


def code(source: random.Random) -> str:
    shape = source.random()
    if shape < 0.5:
        return digits(source, 3, 6)
    letters = "".join(source.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(source.randint(1, 2)))
    return f"{letters}-{digits(source, 2, 4)}" if shape < 0.8 else f"{letters}{digits(source, 2, 4)}"


def date(source: random.Random) -> str:
    day, month, year = source.randint(1, 28), source.choice(MONTHS), source.randint(1780, 2030)
    return source.choice([f"{day} {month} {year}", f"{month} {day}, {year}", f"{day} {month}", f"{month} {year}"])


def moment(source: random.Random) -> str:
    clock = f"{source.randint(1, 12)}:{source.choice(['00', '10', '15', '20', '30', '40', '45', '50'])}"
    return source.choice([f"{clock} in the morning", f"{clock} p.m.", f"{source.choice(WEEKDAYS)} at {clock}"])


def amount(source: random.Random) -> str:
    number = source.choice([source.randint(2, 99), source.randint(100, 999), source.randint(1000, 99999)])
    text = f"{number:,}"
    return source.choice([f"${text}", f"{text} dollars", f"{text} pounds", f"{text} francs", f"{text} euros"])


def share(source: random.Random) -> str:
    whole, tenth = source.randint(1, 98), source.randint(1, 9)
    return source.choice([f"{whole} percent", f"{whole}.{tenth} percent", f"{whole}%", f"{whole}.{tenth}%"])


def measure(source: random.Random) -> str:
    return f"{source.randint(2, 9990):,} {source.choice(UNITS)}"


def duration(source: random.Random) -> str:
    return f"{source.randint(2, 120)} {source.choice(PERIODS)}"


def number(source: random.Random) -> str:
    return f"{source.randint(2, 9999):,}"


def word(source: random.Random) -> str:
    return f"{source.choice(COLOURS)} {source.choice(THINGS)}" if source.random() < 0.7 else source.choice(THINGS)


def colour(source: random.Random) -> str:
    return f"{source.choice(SHADES)} {source.choice(COLOURS)}" if source.random() < 0.7 else source.choice(COLOURS)


def duty(source: random.Random) -> str:
    return f"that the {source.choice(THINGS)} be {source.choice(VERBS)} {source.choice(TIMES)}"


def cause(source: random.Random) -> str:
    return f"{source.choice(CAUSES)} the {source.choice(COLOURS)} {source.choice(THINGS)}"


PLAIN_VALUES: dict[str, Callable[[random.Random], str]] = {
    "code": code, "date": date, "moment": moment, "amount": amount, "share": share, "measure": measure, "duration": duration,
    "number": number, "word": word,
    "colour": colour, "duty": duty, "cause": cause,
}  # fmt: skip


def value(source: random.Random, kind: str, evaluation: bool) -> str:
    """A value of a kind, from the half of the world that is asked for."""
    if kind == "name":
        return made_up_name(source, evaluation)
    if kind == "person":
        return f"{source.choice(FIRST_NAMES)} {made_up_name(source, evaluation)}"
    while True:
        drawn = PLAIN_VALUES[kind](source)
        if is_evaluation(drawn) == evaluation:
            return drawn
