"""The tutorial's snippets run as they stand, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "templates/pages/hooks.md"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(text: str) -> list[tuple[str, str | None]]:
    """(code, what it prints, or None where the page does not say), in order."""
    found: list[tuple[str, str | None]] = []
    for language, body in BLOCK.findall(text):
        if language == "python":
            found.append((body, None))
        else:
            found[-1] = (found[-1][0], body)
    return found


def run(found: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """(printed, promised) of snippets run one after the other in one session."""
    session: dict[str, object] = {}
    results = []
    for code, promised in found:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, str(PAGE), "exec"), session)
        results.append((said.getvalue(), promised))
    return results


def test_every_snippet_runs_and_prints_what_the_page_promises() -> None:
    found = snippets(PAGE.read_text(encoding="utf-8"))
    assert len(found) > 8
    for printed, promised in run(found):
        if promised is not None:
            assert printed == promised


def test_a_snippet_that_fails_or_prints_otherwise_is_noticed() -> None:
    assert run([("print(1)\n", "2\n")]) == [("1\n", "2\n")]
    with pytest.raises(NameError):
        run([("undefined\n", None)])
