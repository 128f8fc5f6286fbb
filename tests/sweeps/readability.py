#!/usr/bin/env python3
"""How hard the pages of a built site are to read: a table, hardest first, and no verdict.

In: the folder of a site. Out: for each page its sentences, their words in the middle and at most, and the years of
school that its running text asks for.

    python tests/sweeps/readability.py site
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from reading import grade, sentences


def main(site: Path) -> None:
    """Prints the table."""
    texts = {path.stem: list(sentences(path.read_text(encoding="utf-8"))) for path in sorted(site.glob("*.html"))}
    told = {slug: text for slug, text in texts.items() if len(text) > 5}
    print(f"{'page':<16}{'sentences':>10}{'words each':>12}{'at most':>9}{'grade':>7}")
    for slug, text in sorted(told.items(), key=lambda each: -grade(each[1])):
        words = [len(sentence.split()) for sentence in text]
        print(f"{slug:<16}{len(text):>10}{median(words):>12.0f}{max(words):>9}{grade(text):>7.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
