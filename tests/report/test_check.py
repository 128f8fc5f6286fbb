"""Faults of templates are told before anything is computed: all at once, each with file and line, and no others."""

import pytest

from experiments.chapters import left_out
from experiments.plan import plan
from experiments.spec import Stage
from experiments.study import STUDIES
from report.errors import PageError
from report.site.check import faults
from report.site.pages import read
from report.site.update import check
from tests.conftest import ROOT
from tests.report.test_render import edit

FIGURES = {"health/dead-units": "planted.analysis:dead_units", "health/gradient": "planted.analysis:gradient"}


@pytest.fixture
def told(root, arguments):
    """told(): the faults of the fixture site."""
    return lambda figures=FIGURES: faults(root, figures, pages=arguments["pages"])


@pytest.mark.parametrize("study", STUDIES)
def test_the_project_has_none(study):
    stages = plan(STUDIES[study])
    figures = {each.name.removeprefix("figure/"): each.function for each in stages if each.name.startswith("figure/")}
    assert len(figures) > 50
    contents = read(ROOT).without(left_out(STUDIES[study]))
    assert faults(ROOT, figures, pages=contents.pages, absent=contents.absent) == []


def test_the_fixture_has_none(told):
    assert told() == []


FAULTS = [
    ("{{ nothing }}", "unknown name 'nothing'"),
    ("{{ pgae('health') }}", "unknown name 'pgae'. Did you mean 'page'"),
    ("{{ 1|groupd }}", "unknown filter 'groupd'. Did you mean 'grouped'"),
    ("{% if 1 is evne %}{% endif %}", "unknown test 'evne'. Did you mean 'even'"),
    ("{% if %}", "Expected an expression"),
    ("{% frob %}", "Encountered unknown tag 'frob'"),
    ("{{ 1 +", "unexpected"),
    ('{% include "partials/nowhere.html" %}', "templates/partials/nowhere.html is missing"),
    ('{% from "pages/nowhere.md" import a %}', "templates/pages/nowhere.md is missing"),
    ('{{ page("helth") }}', "unknown page 'helth'. Did you mean 'health'"),
    ('{{ glossary("stratum") }}', "unknown glossary term 'stratum'"),
    ('{{ cite("lu2020", "lu2021") }}', "unknown reference 'lu2021'. Did you mean 'lu2020'"),
    ('{{ see("health/dead") }}', "unknown figure 'health/dead'"),
    ('{% call figure("health/lost", title="", alt="") %}{% endcall %}', "unknown figure 'health/lost'"),
    ('{% call figure("health/gradient", alt="") %}{% endcall %}', "figure(): missing a required argument: 'title'"),
    ('{{ widget("lap") }}', "unknown widget 'lap'. Did you mean"),
    ('{{ measured("planted.analysis:alive") }}', "no code for 'planted.analysis:alive'"),
    ("{{ fact() }}", "fact(): missing a required argument: 'measure'"),
    ('{{ page("health", words="so") }}', "page(): got an unexpected keyword argument 'words'"),
]


@pytest.mark.parametrize(("line", "said"), FAULTS)
def test_a_fault_is_told_with_file_and_line(told, root, line, said):
    path = root / "templates" / "pages" / "health.md"
    path.write_text(f"{path.read_text()}\n{line}\n")
    number = path.read_text().splitlines().index(line) + 1
    (fault,) = told()
    assert fault.startswith(f"templates/pages/health.md, line {number}: ")
    assert said in fault
    assert "\n" not in fault


def test_all_faults_are_told_at_once(told, root):
    for line, _ in FAULTS:
        if line not in ("{% if %}", "{% frob %}", "{{ 1 +"):  # after which nobody can read on
            path = root / "templates" / "pages" / "health.md"
            path.write_text(f"{path.read_text()}\n{line}\n")
    edit(root, "{% call answer() %}", "{% call answer( %}", template="index")
    (root / "templates" / "pages" / "references.md").unlink()
    found = told()
    assert len([fault for fault in found if fault.startswith("templates/pages/health.md, line ")]) == len(FAULTS) - 3
    assert [fault for fault in found if fault.startswith("templates/pages/index.md, line 9: ")]
    assert "templates/pages/references.md is missing; write it." in found


def test_faults_of_front_matter_are_told_with_all_others_and_each_once(root, tmp_path):
    edit(root, "order = 80", 'order = "80"')
    edit(root, "Units die early", "{{ nothing }}")
    (root / "templates" / "pages" / "references.md").write_bytes(b"caf\xe9\n")
    stages = [Stage(f"figure/{name}", function) for name, function in FIGURES.items()]
    with pytest.raises(PageError) as error:
        check(stages, read(root), root=root, out=tmp_path / "site")
    told = [line for line in str(error.value).splitlines() if line.startswith("templates/pages/")]
    assert [line.partition("; ")[0].partition(". ")[0] for line in told] == [
        "templates/pages/health.md: order in its front matter is not a number",
        "templates/pages/references.md is no UTF-8 (invalid continuation byte at byte 3)",
        "templates/pages/health.md, line 14: unknown name 'nothing'",
    ]


def test_a_script_that_nothing_makes_is_told(told, root, arguments):
    edit(root, "order = 80", 'order = 80\nscripts = ["data/made.js", "assets/lost.js"]')
    arguments["pages"] = read(root).pages
    assert told() == [
        "templates/pages/health.md needs assets/lost.js, which nothing makes; correct its front matter, or the bundle "
        "in report/site/pages.py."
    ]


@pytest.mark.parametrize("name", ["pages/health.md", "404.md", "page.html", "base.html", "partials/figure.html"])
def test_a_template_that_is_missing_is_told(told, root, name):
    (root / "templates" / name).unlink()
    assert [fault for fault in told() if f"templates/{name} is missing; " in fault]


def test_a_template_that_is_no_utf8_is_told(told, root):
    (root / "templates" / "pages" / "health.md").write_bytes(b"caf\xe9\n")
    assert "templates/pages/health.md is no UTF-8" in told()[0]


def test_a_figure_that_is_on_no_page_is_told(told):
    assert told({**FIGURES, "health/lost": "planted.analysis:gradient"}) == [
        "drawn but on no page: health/lost. Show each with figure() in a template of templates/pages, or take it out "
        "of experiments/plan.py."
    ]


@pytest.mark.parametrize(
    "line",
    [
        '{% if study.name == "other" %}{{ see("health/lost") }}{% endif %}',
        "{% if other is defined %}{{ other }}{% endif %}",
        '{% set name = "health.dead.share" %}{{ value(name) }}',
        '{% macro link(slug) %}{{ page(slug) }}{% endmacro %}{{ link("health") }}',
        '{% for slug in ("health", "index") %}{{ page(slug) }}{{ loop.index }}{% endfor %}',
        '{% include "partials/nowhere.html" ignore missing %}',
    ],
)
def test_what_may_be_right_is_not_told(told, root, line):
    path = root / "templates" / "pages" / "health.md"
    path.write_text(f"{path.read_text()}\n{line}\n")
    assert told() == []


def test_damaged_references_and_a_release_without_date_are_told_together(told, root):
    (root / "templates" / "references.json").write_text("[{]")
    (root / "CITATION.cff").write_text("cff-version: 1.2.0\n")
    found = told()
    assert "templates/references.json: cannot be read" in found[0]
    assert "CITATION.cff has no date-released" in found[1]
