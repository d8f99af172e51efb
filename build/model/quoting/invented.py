"""Names and codes of any make, put in the place of those that `facts` draws: copying has to be learnt, not a vocabulary."""

import random
import re
import sys
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

import facts  # noqa: E402
import names  # noqa: E402

# Syllables of names as they are made in several languages.
SYLLABLES = [
    "ka ki ku ko sa shi su so ta chi tsu to na ni no ha hi ma mi mo ya yu yo ra ri ru re wa mura kawa yama".split(),
    "bog dan mir slav lju vlad rad mil bran ovic enko ov ska wicz jan sta ni kol pet ro val ent iny chek".split(),
    "ab du rah man ha san kha lid fa ti ma yus uf ib ra him sa li nas ser al om ar zay nab".split(),
    "zhang wei xiao ming jing li chen hua guo qiang feng lin yu tao bei lan shan".split(),
    "ade wa le olu se gun chi ne du nkem ola yin ka ife oma bo la ji nwo su".split(),
    "gud run sig urd ur björn thor vald hild ás geir stef áns dótt ir ein ars".split(),
    "mäk inen vir tan koiv isto haa pal la rau tio pek ka ei no ki vi".split(),
    "gon zá lez fer nán dez ro drí guez is a bel lu cí a ma ría jo sé ra món".split(),
    "schnei der wei ß müll er kö nig hoff mann stein berg brand burg thal heim wal ther".split(),
    "sz abo kov ács nagy tó th var ga hor vá th er zsé bet lász ló gyö rgy".split(),
    "dubo is le clerc beau mont fleur y char pen tier gau thier bre ton deaux rous sel".split(),
    "pri ya ra jesh su nil ku mar vi jay lak shmi an and de vi nair gup ta cha ran".split(),
]
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
REPLACED = {"code", "name", "person"}


def foreign(source: random.Random) -> str:
    syllables = source.choice(SYLLABLES)
    return "".join(source.choice(syllables) for _ in range(source.randint(2, 4))).capitalize()


def spelled(source: random.Random) -> str:
    """Consonants and vowels in turn, any of them."""
    count = source.randint(2, 4)
    name = "".join(source.choice(CONSONANTS) + source.choice(VOWELS) for _ in range(count))
    return (name + (source.choice(CONSONANTS) if source.random() < 0.5 else "")).capitalize()


def scrambled(source: random.Random) -> str:
    return "".join(source.choice(LETTERS) for _ in range(source.randint(3, 9))).capitalize()


def mixed_case(source: random.Random) -> str:
    pieces = [source.choice([spelled, scrambled])(source)[: source.randint(2, 5)] for _ in range(2)]
    return source.choice(["", "", "-", "'"]).join(pieces)


def lettered(source: random.Random) -> str:
    """Letters with digits, as products and rooms are named."""
    letters = "".join(source.choice(LETTERS) for _ in range(source.randint(1, 3)))
    return f"{letters.upper()}{source.choice(['', '-', ' '])}{source.randint(1, 9999)}"


def name(source: random.Random) -> str:
    return source.choices([foreign, spelled, scrambled, mixed_case, lettered], [4, 3, 2, 1, 1])[0](source)


def serial(source: random.Random) -> str:
    """Groups of letters and digits with marks between them."""
    alphabet = source.choice(["0123456789", "0123456789ABCDEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", LETTERS + LETTERS.upper() + "0123456789"])
    mark = source.choice(["", "", "-", "-", "/", ".", " "])
    groups = source.randint(1, 3)
    return mark.join("".join(source.choice(alphabet) for _ in range(source.randint(2, 8 // groups + 1))) for _ in range(groups))


KNOWN = {
    *names.FIRST_NAMES, *names.PLACES, *names.COMPANIES, *names.EVENTS, *(t.rstrip(".") for t in names.TITLES), "Project",
}  # fmt: skip


def invented_words(text: str) -> list[str]:
    """The made-up words of an entity or a person."""
    return [word for word in re.findall(r"[A-Z][\w'\-]+", text) if word not in KNOWN]


def remade(drawn: list[facts.Fact], source: random.Random, evaluation: bool, share: float) -> list[facts.Fact]:
    """The facts with a share of their made-up names and codes of another make, the same in all of them."""
    others: dict[str, str] = {}

    def other(old: str, make) -> None:
        if old not in others and source.random() < share:
            while names.is_evaluation(new := make(source)) != evaluation:
                pass
            others[old] = new

    for fact in drawn:
        for word in invented_words(fact.entity):
            other(word, name)
        if fact.attribute.value in ("name", "person"):
            for word in invented_words(fact.value):
                other(word, name)
        elif fact.attribute.value == "code":
            other(fact.value, serial)
    others = {old: new for old, new in others.items() if old != new}
    if not others:
        return drawn
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(sorted(map(re.escape, others), key=len, reverse=True)) + r")(?![\w-])")
    put = lambda text: pattern.sub(lambda m: others[m[0]], text)  # noqa: E731
    return [
        replace(f, entity=put(f.entity), value=put(f.value), sentences=tuple(map(put, f.sentences)), question=put(f.question))
        for f in drawn
    ]
