"""The notebooks are valid, come out the same every time, and run from their first cell to their last."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.plan import plan
from experiments.spec import Condition, Treatment
from experiments.study import PUBLISHED
from report.errors import PageError
from report.site import notebooks

ROOT = Path(__file__).resolve().parents[1]
DRAWN = [each.name.removeprefix("figure/") for each in plan(PUBLISHED) if each.name.startswith("figure/")]
IN_PROSE = re.compile(r"`[^`]+`|\b[^\W\d]\w*\d\w*")  # code, and names such as conv1


SOME = PUBLISHED.architectures[0]
IN_JUPYTER, *IN_TURN = PUBLISHED.architectures  # one of them needs no more than one kernel
by_name = pytest.mark.parametrize("architecture", PUBLISHED.architectures, ids=lambda each: each.name)


def text_of(architecture=SOME, *, root=ROOT, study=PUBLISHED, figures=DRAWN):
    return notebooks.text(root, study, architecture, figures=figures)


def cells(architecture, kind, **given):
    """(id, source) of a notebook's cells of one kind."""
    content = json.loads(notebooks.notebook(text_of(architecture, **given)))
    return [(cell["id"], "".join(cell["source"])) for cell in content["cells"] if cell["cell_type"] == kind]


def project(folder, text):
    """A project whose notebooks are this text."""
    path = folder / "templates" / "notebooks" / "notebook.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_every_architecture_has_a_notebook_of_the_format_that_jupyter_reads():
    nbformat = pytest.importorskip("nbformat")
    found = notebooks.architectures(PUBLISHED)
    assert list(found) == [f"notebooks/{each.name}.ipynb" for each in PUBLISHED.architectures]
    for architecture in found.values():
        nbformat.validate(nbformat.reads(notebooks.file(ROOT, PUBLISHED, architecture, figures=DRAWN), as_version=4))


def test_a_notebook_opens_the_networks_of_its_architecture_and_no_controls():
    control = Condition(SOME, Treatment("inverted", "inverted", 1.0, -1.0))
    code = "".join(source for _, source in cells(SOME, "code", study=replace(PUBLISHED, controls=(control,))))
    names = [each.name for each in PUBLISHED.product if each.architecture == SOME]
    assert f"CONDITIONS = {json.dumps(names)}" in code


def test_where_no_treatment_changes_the_pixels_nothing_is_folded():
    plain = replace(PUBLISHED, treatments=PUBLISHED.treatments[:1])
    assert "folded" in text_of()
    assert "folded" not in text_of(study=plain)
    assert "side by side" not in text_of(study=plain)


def test_the_same_templates_make_the_same_bytes():
    assert text_of() == text_of(figures=DRAWN[::-1])


def test_text_and_code_become_cells_in_their_order_and_nothing_is_lost():
    made = json.loads(notebooks.notebook("# Title\n\nSome text.\n\n```python\na = 1\n\nb = 2\n```\n\nMore.\n"))
    assert [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in made["cells"]] == [
        ("01", "markdown", "# Title\n\nSome text."),
        ("02", "code", "a = 1\n\nb = 2"),
        ("03", "markdown", "More."),
    ]
    assert all(("outputs" in cell) == (cell["cell_type"] == "code") for cell in made["cells"])


@by_name
def test_no_number_is_typed_into_the_text(architecture):
    assert [text for _, text in cells(architecture, "markdown") if re.search(r"\d", IN_PROSE.sub("", text))] == []


@by_name
def test_every_notebook_shows_figures_that_the_study_draws_and_those_of_its_architecture(architecture):
    shown = [source for _, source in cells(architecture, "code") if source.startswith("show(")]
    assert len(shown) >= 8
    assert f'show("features", "weights", architecture="{architecture.name}")' in shown


def test_a_subject_that_the_study_lacks_is_left_out():
    without = [figure for figure in DRAWN if not figure.startswith("health/")]
    assert 'show("health"' in text_of()
    assert 'show("health"' not in text_of(figures=without)


def test_where_the_source_is_known_a_notebook_installs_what_is_not_there(tmp_path):
    assert "pip" not in "".join(source for _, source in cells(SOME, "code"))
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    (tmp_path / "CITATION.cff").write_text("repository-code: https://example.org/a/b\n")
    code = [source for _, source in cells(SOME, "code", root=tmp_path)]
    assert '"git+https://example.org/a/b"' in code[0]
    exec(code[0], {})  # the project is here, so there is nothing to do


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{{ show("health/dead-unit") }}', "unknown figure 'health/dead-unit'. Did you mean 'health/dead-units'"),
        ("{{ nonsense }}", "templates/notebooks/notebook.md: 'nonsense' is undefined"),
        ('{% include "shared/lost.md" %}', "templates/notebooks/shared/lost.md is missing"),
    ],
)
def test_a_fault_of_a_template_is_named(tmp_path, text, said):
    with pytest.raises(PageError, match=re.escape(said)):
        text_of(root=project(tmp_path, text), figures=["health/dead-units"])


@pytest.mark.parametrize("architecture", IN_TURN, ids=lambda each: each.name)
def test_every_cell_runs_in_turn(architecture, capsys):
    pytest.importorskip("IPython")
    session, elsewhere = {}, {source for _, source in cells(IN_JUPYTER, "code")}
    for number, source in cells(architecture, "code"):
        if source not in elsewhere or not source.startswith("show("):  # a figure comes out the same everywhere
            exec(compile(source, f"{architecture.name}, cell {number}", "exec"), session)
    assert_tells(architecture, capsys.readouterr().out)


def assert_tells(architecture, printed):
    for condition in PUBLISHED.product:
        assert (condition.name in printed) == (condition.architecture == architecture)
    assert "nan" not in printed


def test_a_cell_that_fails_is_noticed(tmp_path):
    text = text_of(root=project(tmp_path, "```python\nundefined\n```\n"), figures=[])
    (cell,) = json.loads(notebooks.notebook(text))["cells"]
    with pytest.raises(NameError):
        exec("".join(cell["source"]), {})


@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
def test_jupyter_runs_every_cell_and_shows_the_figures():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    notebook = nbformat.reads(notebooks.file(ROOT, PUBLISHED, IN_JUPYTER, figures=DRAWN), as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": ROOT}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert_tells(IN_JUPYTER, "".join(output.text for cell in code for output in cell.outputs if "text" in output))
    drawn = [cell for cell in code if cell.source.startswith(("show(", "draw("))]
    assert drawn
    assert all("image/svg+xml" in output.data for cell in drawn for output in cell.outputs)
