"""The pages' snippets run as they stand, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments import published
from experiments.analyses import hooks
from experiments.models.check import check
from experiments.study import PUBLISHED
from experiments.wiring import network
from report.site import cards, pages, values
from report.site.functions import Functions, Library
from report.site.writing import environment

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "templates/pages"
WITH_SNIPPETS = sorted(path.stem for path in PAGES.glob("*.md") if "```python" in path.read_text(encoding="utf-8"))
SETTING = re.compile(r"^\{% set [^\n]*%\}$")
ONNX = re.compile(r"^```py\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(python|py|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def filled_in(slug: str) -> str:
    """The code of a page of the published study, with what its template puts into it."""
    text = (PAGES / f"{slug}.md").read_text(encoding="utf-8")
    code = "\n".join(found[0] for found in re.finditer(f"{SETTING.pattern}|{BLOCK.pattern}", text, BLOCK.flags))
    card = published.product("data", "card.json")
    jinja = environment(ROOT / "templates")
    jinja.autoescape = False  # as for a file that ends in .md
    jinja.globals |= {"study": values.of_study(PUBLISHED), "dataset": values.of_dataset(card), "downloads": taken()}
    every = {page.slug: page for page in pages.read(ROOT).pages}
    networks = {
        each.name: check(architecture=network(each), shape=published.product("data", "shape.json"))["check.json"]
        for each in PUBLISHED.architectures
    }
    opened, (images, labels) = published.network(PUBLISHED.conditions[0].name), published.examples()
    facts = hooks.found(
        weights={name: value.numpy()[None] for name, value in opened.model.state_dict().items()},
        examples={"images": images, "labels": labels},
        architecture=network(PUBLISHED.conditions[0].architecture),
        treatment=opened.treatment,
    )["facts.json"]
    library = Library(ROOT, facts, {}, every, {}, {}, jinja, networks=networks)
    return jinja.from_string(code).render(Functions(library, every[slug]).names())


def taken() -> tuple[cards.Download, ...]:
    """The published networks as files."""
    files = {
        each.name: (
            published.product(f"network/{each.name}", "network.safetensors"),
            published.product(f"runnable/{each.name}", "runnable.json"),
        )
        for each in PUBLISHED.product
    }
    return cards.downloads(PUBLISHED, files)


@pytest.fixture
def downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder in which a reader has put all networks is where the snippets run."""
    for each in taken():
        (tmp_path / each.name).write_bytes(each.data)
    monkeypatch.chdir(tmp_path)


def snippets(text: str) -> list[tuple[str, str | None]]:
    """(code, what it prints, or None where the page does not say), in order."""
    found: list[tuple[str, str | None]] = []
    for language, body in BLOCK.findall(text):
        if language == "py":
            continue
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
            exec(compile(code, "a snippet", "exec"), session)
        results.append((said.getvalue(), promised))
    return results


@pytest.mark.usefixtures("downloads")
@pytest.mark.parametrize("page", WITH_SNIPPETS)
def test_every_snippet_runs_and_prints_what_the_page_promises(page: str) -> None:
    found = snippets(filled_in(page))
    assert found
    for printed, promised in run(found):
        if promised is not None:
            assert printed == promised


def test_the_tutorial_is_among_the_pages_with_snippets() -> None:
    assert {"hooks", "networks"} <= {*WITH_SNIPPETS}


@pytest.mark.usefixtures("downloads")
def test_the_call_that_makes_onnx_makes_what_answers_alike() -> None:
    pytest.importorskip("onnxscript")
    reference = pytest.importorskip("onnx.reference")
    text = filled_in("networks")
    session: dict[str, Any] = {}
    for code, _ in [*snippets(text)[:1], *[(found, None) for found in ONNX.findall(text)]]:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
            exec(compile(code, "a snippet", "exec"), session)
    inputs = session["opened"].treat(session["images"]).numpy()
    evaluator = reference.ReferenceEvaluator(f"{taken()[0].condition.name}.onnx")
    assert np.allclose(evaluator.run(None, {"inputs": inputs})[0], session["logits"].detach().numpy(), atol=1e-4)


def test_whatever_a_snippet_prints_the_page_shows() -> None:
    found = [each for page in WITH_SNIPPETS for each in snippets(filled_in(page))]
    assert all(promised is not None for (code, promised) in found if re.search(r"^ *print\(", code, re.MULTILINE))


def test_a_snippet_that_fails_or_prints_otherwise_is_noticed() -> None:
    assert run([("print(1)\n", "2\n")]) == [("1\n", "2\n")]
    with pytest.raises(NameError):
        run([("undefined\n", None)])
