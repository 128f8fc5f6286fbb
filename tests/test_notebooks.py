"""The notebooks are valid, come out the same every time, and run from their first cell to their last."""

import json
import re
from pathlib import Path

import pytest

from experiments.plan import FIGURES
from report import notebooks
from report.errors import PageError

ROOT = Path(__file__).resolve().parents[1]
DRAWN = [f"{page}/{name.replace('_', '-')}" for page, names in FIGURES.items() for name in names]
IN_PROSE = re.compile(r"`[^`]+`|\b[^\W\d]\w*\d\w*")  # code, and names such as conv1


IN_JUPYTER, *IN_TURN = notebooks.NOTEBOOKS  # one of them needs no more than one kernel


def cells(name, kind):
    """(id, source) of a notebook's cells of one kind."""
    content = json.loads(notebooks.notebook(notebooks.text(ROOT, name, figures=DRAWN)))
    return [(cell["id"], "".join(cell["source"])) for cell in content["cells"] if cell["cell_type"] == kind]


def project(folder, text):
    """A project whose first notebook is this text."""
    path = folder / "templates" / "notebooks" / "01_mlp_raw.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_there_are_three_notebooks_of_the_format_that_jupyter_reads():
    nbformat = pytest.importorskip("nbformat")
    found = notebooks.files(ROOT, figures=DRAWN)
    assert list(found) == [f"notebooks/{name}.ipynb" for name in ("01_mlp_raw", "02_mlp_normalized", "03_cnn")]
    for text in found.values():
        nbformat.validate(nbformat.reads(text, as_version=4))


def test_the_same_templates_make_the_same_bytes():
    assert notebooks.files(ROOT, figures=DRAWN) == notebooks.files(ROOT, figures=DRAWN[::-1])


def test_text_and_code_become_cells_in_their_order_and_nothing_is_lost():
    made = json.loads(notebooks.notebook("# Title\n\nSome text.\n\n```python\na = 1\n\nb = 2\n```\n\nMore.\n"))
    assert [(cell["id"], cell["cell_type"], "".join(cell["source"])) for cell in made["cells"]] == [
        ("01", "markdown", "# Title\n\nSome text."),
        ("02", "code", "a = 1\n\nb = 2"),
        ("03", "markdown", "More."),
    ]
    assert all(("outputs" in cell) == (cell["cell_type"] == "code") for cell in made["cells"])


@pytest.mark.parametrize("name", notebooks.NOTEBOOKS)
def test_no_number_is_typed_into_the_text(name):
    assert [text for _, text in cells(name, "markdown") if re.search(r"\d", IN_PROSE.sub("", text))] == []


def test_every_notebook_shows_figures_that_the_study_draws():
    for name in notebooks.NOTEBOOKS:
        shown = [source for _, source in cells(name, "code") if source.startswith("show(")]
        assert len(shown) >= 8, name


def test_a_subject_that_the_study_lacks_is_left_out():
    without = [figure for figure in DRAWN if not figure.startswith("health/")]
    assert 'show("health"' in notebooks.text(ROOT, "01_mlp_raw", figures=DRAWN)
    assert 'show("health"' not in notebooks.text(ROOT, "01_mlp_raw", figures=without)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{{ show("health/dead-unit") }}', "unknown figure 'health/dead-unit'. Did you mean 'health/dead-units'"),
        ("{{ nonsense }}", "templates/notebooks/01_mlp_raw.md: 'nonsense' is undefined"),
        ('{% include "shared/lost.md" %}', "templates/notebooks/shared/lost.md is missing"),
    ],
)
def test_a_fault_of_a_template_is_named(tmp_path, text, said):
    with pytest.raises(PageError, match=re.escape(said)):
        notebooks.text(project(tmp_path, text), "01_mlp_raw", figures=["health/dead-units"])


@pytest.mark.parametrize("name", IN_TURN)
def test_every_cell_runs_in_turn(name, capsys):
    pytest.importorskip("IPython")
    session, elsewhere = {}, {source for _, source in cells(IN_JUPYTER, "code")}
    for number, source in cells(name, "code"):
        if source not in elsewhere or not source.startswith("show("):  # a figure comes out the same everywhere
            exec(compile(source, f"{name}, cell {number}", "exec"), session)
    assert_tells(name, capsys.readouterr().out)


def assert_tells(name, printed):
    for condition in notebooks.NOTEBOOKS[name]:
        assert condition in printed
    assert "nan" not in printed


def test_a_cell_that_fails_is_noticed(tmp_path):
    text = notebooks.text(project(tmp_path, "```python\nundefined\n```\n"), "01_mlp_raw", figures=[])
    (cell,) = json.loads(notebooks.notebook(text))["cells"]
    with pytest.raises(NameError):
        exec("".join(cell["source"]), {})


@pytest.mark.filterwarnings("ignore")  # of the kernel's own libraries
def test_jupyter_runs_every_cell_and_shows_the_figures():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    text = notebooks.files(ROOT, figures=DRAWN)[f"notebooks/{IN_JUPYTER}.ipynb"]
    notebook = nbformat.reads(text, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": ROOT}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert_tells(IN_JUPYTER, "".join(output.text for cell in code for output in cell.outputs if "text" in output))
    drawn = [cell for cell in code if cell.source.startswith(("show(", "draw("))]
    assert drawn
    assert all("image/svg+xml" in output.data for cell in drawn for output in cell.outputs)
