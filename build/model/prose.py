"""The prose that documents are made of: the corpus, cleaned and unwrapped into paragraphs."""

import re
from pathlib import Path

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"

# Kept out of training: the sample document and the evaluation documents are made from these.
HELD_OUT = {"katrine.txt"}


def paragraphs(path: Path) -> list[str]:
    """The paragraphs of one corpus file: line breaks inside a paragraph become spaces."""
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r", "")
    text = re.sub(r"\[Illustration[^\]]*\]", "", text)
    blocks = re.split(r"\n\s*\n", text)
    joined = (re.sub(r"\s+", " ", block).strip() for block in blocks)
    return [block for block in joined if len(block) > 40]


def training_files() -> list[Path]:
    return sorted(path for path in CORPUS.iterdir() if path.suffix in {".txt", ".md"} and path.name not in HELD_OUT)


def held_out_files() -> list[Path]:
    return sorted(CORPUS / name for name in HELD_OUT)


def text_of(files: list[Path]) -> str:
    return "\n".join("\n".join(paragraphs(path)) for path in files)
