"""Facts of a second make, written apart from `facts`: random letters, digits and foreign names in other sentences. For evaluation alone."""

import random
import string
from dataclasses import dataclass

FOREIGN = """Nguyễn Ōkubo Szczęsny Þórarinsdóttir Mbeki Quispe Xolani Yıldırım Kowalczyk Ngata Iñárritu Dvořák Håkansson Błaszczyk
Chukwuemeka Tshabalala Vaïtilingom Kjærgaard Oyelaran Żuławski Hernández Zhaoxing Bhattacharya Papadopoulou Ramírez Lefèvre Ødegård
Wójcik Kaplanoğlu Nakashima Ivanišević Mendonça Adeyemi Castañeda Guðmundsson""".split()
TEMPLATES = (
    ("Locker {c} was handed to {n} last week.", "Who was locker {c} handed to?", "n"),
    ("The spare key for {n} hangs on hook {c}.", "On which hook does the spare key for {n} hang?", "c"),
    ("Parcel {c} went to {p}, not to the depot.", "Where did parcel {c} go?", "p"),
    ("{n} signed for the crate marked {c}.", "Who signed for the crate marked {c}?", "n"),
    ("In {p} the meter showed {d} at midnight.", "What did the meter show in {p}?", "d"),
    ("Sample {c} melted at {d} degrees.", "At how many degrees did sample {c} melt?", "d"),
    ("Of all the stations only {p} reported {d} birds.", "How many birds did {p} report?", "d"),
    ("Flight {c} lands at gate {d}.", "At which gate does flight {c} land?", "d"),
    ("{n} keeps the minutes of the {p} group.", "Who keeps the minutes of the {p} group?", "n"),
    ("Ask for {n} when you call the {p} office.", "Whom should I ask for at the {p} office?", "n"),
    ("The licence of {n} carries the stamp {c}.", "What stamp does {n}'s licence carry?", "c"),
    ("Tank {c} holds {d} litres of brine.", "How many litres of brine are in tank {c}?", "d"),
)


@dataclass(frozen=True)
class Told:
    sentence: str
    question: str
    value: str


def letters(source: random.Random) -> str:
    return "".join(source.choice(string.ascii_lowercase) for _ in range(source.randint(4, 9))).capitalize()


def draw(source: random.Random, count: int) -> list[Told]:
    """Facts about different things, several of each template."""
    told, used = [], set()
    while len(told) < count:
        sentence, question, asked = source.choice(TEMPLATES)
        parts = {
            "n": source.choice([letters(source), source.choice(FOREIGN), f"{letters(source)} {source.choice(FOREIGN)}"]),
            "p": source.choice([letters(source), letters(source) + source.choice(["", "-on-Sea", " Cross"])]),
            "c": "".join(source.choice(string.ascii_uppercase + string.digits) for _ in range(source.randint(3, 7))),
            "d": str(source.randint(2, 99999)),
        }
        if used.isdisjoint(parts.values()):
            used.update(parts.values())
            told.append(Told(sentence.format(**parts), question.format(**parts), parts[asked]))
    return told
