"""Check the links of Markdown documents to files and headings."""

import re
from collections.abc import Iterable
from pathlib import Path

LINK = re.compile(r"(?<!`)\[[^\]]*\]\(<?([^)<>\s]+)>?(?: \"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """Return the anchors that a forge gives to the headings of a document."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken(root: Path, documents: Iterable[str]) -> list[str]:
    """Return each broken link of these documents, whose names are relative to `root`."""
    wrong = []
    for name in documents:
        text = (root / name).read_text(encoding="utf-8")
        for link in LINK.findall(FENCE.sub("", text)):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (root / name).parent / path if path else root / name
            if not target.exists():
                wrong.append(f"{name}: {link}")
            elif anchor and target.suffix == ".md":
                if anchor not in anchors(target.read_text(encoding="utf-8")):
                    wrong.append(f"{name}: {link} has no such heading")
            elif anchor and re.fullmatch(r"L\d+", anchor):
                lines = target.read_text(encoding="utf-8").count("\n")
                if int(anchor[1:]) > lines:
                    wrong.append(f"{name}: {link} is past the end")
    return wrong
