"""The command line on the real project: what it prints, how it exits, what it writes, and what it never loads."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace

import pytest
from options import OPTIONS
from sets import plant

import build
from experiments.engine import console
from experiments.idx import FILES
from experiments.plan import plan
from experiments.study import STUDIES
from report.site import manifest
from report.site.pages import read
from report.site.serve import without_serve
from tests.conftest import ROOT, SMOKE, Project, copy_sources

CHECKS = {stage.name for stage in plan(STUDIES["smoke"]) if stage.gate}
UNREACHABLE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
QUESTIONS = {page.slug: page.question for page in read(ROOT).pages}
HEAVY = ("torch", "torchvision", "sklearn", "umap", "numba", "matplotlib", "captum", "scipy")


@pytest.fixture
def fresh(tmp_path):
    """The project itself, with an empty cache and no site."""
    return Project(ROOT, tmp_path / "cache", tmp_path / "site")


# --------------------------------------------------------------------------------------- arguments


def test_help_shows_how_to_begin(fresh):
    done = fresh.build("--help")
    assert done.returncode == 0
    assert "examples:\n  python build.py  " in done.stdout
    assert "exit codes: 0 done; 1 a stage failed; 2 bad arguments, data or template; 130 interrupted" in done.stdout
    for option in OPTIONS:
        assert option in done.stdout
    assert "GLOB are names of stages, in which * stands for anything; put them in quotes" in done.stdout
    assert "and no other: the rest there is removed" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--study", "huge"], "invalid choice: 'huge'"),
        (["--dataset", "cifar"], "invalid choice: 'cifar'"),
        (["--jobs", "0"], "'0' is not a number of processes; use 1 or more"),
        (["--jobs", "many"], "'many' is not a number of processes"),
        (["--scheduler", "somewhere"], "'somewhere' is no scheduler's address; use one as tcp://host:8786"),
        (["--scheduler", "abc://h:1"], "'abc://h:1' is no scheduler's address"),
        (["--scheduler", "inproc://x:1"], "'inproc://x:1' is no scheduler's address"),
        (["--json"], "--json goes with --list"),
        (["--lis"], "unrecognized arguments: --lis"),
        (["--explain", "train/mlp-raw/77"], "no stage is named train/mlp-raw/77; did you mean train/mlp-raw/"),
        (["--rebuild", "nothing"], "no stage is named nothing"),
        (["--verify", "nothing"], "no stage is named nothing"),
        (["--explain", ""], "no stage is named ''; see --list"),
        (["--rebuild", ""], "no stage is named ''; see --list"),
        (["--verify", ""], "no stage is named ''; see --list"),
        (["--serve", "-1"], "is not a port"),
        (["--serve", "x" * 5000], "is not a port"),
        (["--jobs", "\N{SUPERSCRIPT TWO}"], "is not a number of processes"),
        (["--jobs", "9" * 5000], "is not a number of processes"),
        (["--list", "nothing"], "no stage is named nothing"),
        (["--list", "a\nb\x1b[31m"], "no stage is named a\\nb\\x1b[31m; see --list"),
        (["--out", "experiments/new"], "lies in the project's folder"),
        (["--base-url", "example.org/x"], "does not begin with http:// or https://"),
        (["--a\nb"], "unrecognized arguments: --a\\nb"),
        (["--data", "/nowhere"], "--data /nowhere: no such folder; name the folder that holds the four IDX files"),
        (["--publish", "--study", "quick"], "--publish is for the published study"),
        (["--serve", "99999"], "--serve 99999: cannot listen on this port"),
    ],
)
def test_bad_arguments_are_answered_with_one_message(fresh, arguments, said):
    done = fresh.build(*arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not fresh.site.exists()


def test_data_that_cannot_be_had_are_named_with_both_ways_on(fresh):
    done = fresh.build("--study", "smoke", env=os.environ | UNREACHABLE)
    assert done.returncode == 2
    assert "--data DIR" in done.stderr
    assert "--dataset digits" in done.stderr
    assert "Traceback" not in done.stderr
    assert not fresh.site.exists()


def test_a_description_that_cannot_be_used_is_told_in_one_line_before_any_work(fresh, tmp_path):
    folder = plant(tmp_path / "set", classes=2, class_names=["yes", "yes"])
    done = fresh.build("--study", "smoke", "--data", folder)
    assert (done.returncode, done.stdout) == (2, "")
    said = "line 1: classes 0 and 1 are both called 'yes'. Name them apart."
    assert done.stderr == f"build.py: {folder / 'dataset.toml'}, {said}\n"
    assert not fresh.site.exists()


def test_a_site_that_cannot_be_written_is_said_before_any_work(fresh):
    fresh.site.write_text("a file of mine")
    done = fresh.build(*SMOKE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"build.py: cannot write {fresh.site}: it is a file; move it away, or choose another folder\n"


def test_a_folder_with_files_of_others_is_never_replaced(fresh):
    fresh.site.mkdir()
    (fresh.site / "thesis.tex").write_text("years of work")
    done = fresh.build(*SMOKE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"will not replace {fresh.site}: it holds files but no manifest.json of ours" in done.stderr
    assert fresh.files() == {"thesis.tex": b"years of work"}


def test_a_file_where_the_cache_should_be_is_named(fresh):
    fresh.cache.write_text("mine")
    done = fresh.build(*SMOKE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot write in {fresh.cache}: " in done.stderr
    assert "a file stands where a folder is needed" in done.stderr
    assert fresh.build(*SMOKE, "--list").returncode == 0


@pytest.mark.parametrize("arguments", [(), ("--list",), ("--check",), ("--explain", "probe")])
def test_a_file_of_others_with_the_memo_s_name_is_refused_and_stays(fresh, arguments):
    fresh.cache.mkdir()
    (fresh.cache / "memo.json").write_text("mine")
    done = fresh.build(*SMOKE, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    said = "which no build wrote; move it away, or name another cache"
    assert done.stderr == f"build.py: will not replace {fresh.cache / 'memo.json'}, {said}\n"
    assert [(path.name, path.read_text()) for path in fresh.cache.iterdir()] == [("memo.json", "mine")]


@pytest.mark.parametrize("kind", ["whole", "text", "link"])
def test_a_file_that_a_download_would_replace_is_refused_and_stays(fresh, tmp_path, kind):
    kept = fresh.cache / "mnist" / FILES["test-labels"]
    kept.parent.mkdir(parents=True)
    mine = plant(tmp_path / "set", classes=2) / kept.name
    match kind:
        case "whole":
            kept.write_bytes(mine.read_bytes())
        case "text":
            kept.write_text("mine")
        case "link":
            mine.write_bytes(b"\0\0\x08")
            kept.symlink_to(mine)
    before = kept.read_bytes()
    done = fresh.build("--study", "smoke", "--verify", "data")
    assert (done.returncode, done.stdout) == (1, "")
    said = "which is not MNIST's; give its folder as --data, or move it away"
    assert done.stderr == f"build.py: will not replace {kept}, {said}\n"
    assert (kept.is_symlink(), kept.read_bytes()) == (kind == "link", before)


def test_what_an_interrupted_download_left_is_not_refused(tmp_path, monkeypatch):
    whole = plant(tmp_path / "set", classes=2)
    digests = {part: hashlib.sha256((whole / name).read_bytes()).hexdigest() for part, name in FILES.items()}
    monkeypatch.setattr(build.idx, "MNIST_DIGESTS", digests)
    build.spare(whole)
    build.spare(tmp_path / "nowhere")
    for length in (20, 8, 2, 0):
        for name in FILES.values():
            (whole / name).write_bytes((whole / name).read_bytes()[:length])
        build.spare(whole)


# ----------------------------------------------------------------------------- listing and explaining


def test_the_list_has_every_stage_and_computes_nothing(fresh):
    done = fresh.build(*SMOKE, "--list", "--json")
    rows = json.loads(done.stdout)
    assert [row["stage"] for row in rows] == [stage.name for stage in plan(STUDIES["smoke"], questions=QUESTIONS)]
    assert {frozenset(row) for row in rows} == {frozenset(("stage", "state", "function", "key", "reads"))}
    published = {row["stage"] for row in rows if row["state"] == "published"}
    assert published == set()
    assert {row["state"] for row in rows} <= {"missing", "stale", "waiting"}  # stale: of other data
    assert json.loads(fresh.build(*SMOKE, "--list", "probe", "--json").stdout) == [
        row for row in rows if row["stage"] == "probe"
    ]
    assert [row["reads"] for row in rows if row["stage"] == "probe"] == [["data"]]
    assert [path.name for path in fresh.cache.rglob("*")] == ["memo.json"]
    assert not fresh.site.exists()


def test_the_list_for_people_has_a_line_for_each_kind_and_ends_with_the_sum(built):
    lines = built.build(*SMOKE, "--list").stdout.splitlines()
    count = len(plan(STUDIES["smoke"], questions=QUESTIONS))
    assert lines[-1] == f"{count} stages: {count - len(CHECKS)} cached, {len(CHECKS)} published"
    assert [line.split() for line in lines[:5]] == [
        ["whole", "1", "cached"],
        ["data", "1", "cached"],
        ["check/*", "4", "published"],
        ["probe", "1", "cached"],
        ["train/*", "17", "cached"],
    ]
    assert len(lines) < 50


def test_a_glob_lists_its_stages_one_by_one(built):
    lines = built.build(*SMOKE, "--list", "train/mlp-*").stdout.splitlines()
    assert re.fullmatch(r"train/mlp-raw/0 +cached +experiments\.train:train_each", lines[0])
    assert all(line.startswith("train/mlp-") for line in lines[:-1])
    assert lines[-1] == f"{len(lines) - 1} stages: {len(lines) - 1} cached"


def test_what_only_waits_is_not_counted_as_work(built):
    lines = built.build(*SMOKE, "--list", "--rebuild", "whole").stdout.splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["whole", "1", "stale"],
        ["data", "1", "waiting"],
        ["check/*", "4", "waiting"],
        ["probe", "1", "waiting"],
    ]
    cards = len(list((ROOT / "templates" / "pages").glob("*.md")))  # which stand for pages, whatever the data
    assert re.fullmatch(rf"\d+ stages: {cards} cached, \d+ waiting, 1 stale", lines[-1])


def test_a_reader_who_leaves_early_is_no_trouble(built):
    command = " ".join(built.command(*SMOKE, "--list"))
    done = subprocess.run(f"{command} | head -n 1", shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_an_edit_is_explained_by_the_module_it_was_made_in(project_copy):
    file = project_copy.root / "experiments" / "record.py"
    file.write_text(file.read_text().replace("SMALLEST_RATIO = ", "SMALLEST_RATIO = 2 * "))
    done = project_copy.build(*SMOKE, "--explain", "train/cnn-raw/1")
    assert done.stdout.splitlines() == [
        "train/cnn-raw/1 would run:",
        "  against its closest stored result:",
        "    source experiments.record: SMALLEST_RATIO differs",
    ]
    waiting = project_copy.build(*SMOKE, "--explain", "analysis/training").stdout
    assert "  input train/cnn-raw/1 is made first, and may come out as before" in waiting.splitlines()


def test_an_edited_comment_in_any_source_reruns_nothing(project_copy):
    for path in [*project_copy.root.glob("experiments/**/*.py"), *project_copy.root.glob("report/**/*.py")]:
        path.write_text(path.read_text() + "\n# a remark\n")
    assert " stages: " in (last := project_copy.build(*SMOKE, "--list").stdout.splitlines()[-1])
    assert re.fullmatch(rf"\d+ stages: \d+ cached, {len(CHECKS)} published", last)


def test_verification_agrees_with_what_was_built(built):
    done = built.build(*SMOKE, "--verify", "nothing/of/this/name")
    assert done.returncode == 2
    done = built.build(*SMOKE, "--verify", "probe")
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        ["probe: identical", "1 of 1 stage came out identical"],
    )


def test_verification_without_results_says_so(fresh):
    done = fresh.build(*SMOKE, "--verify", "train/*")
    assert (done.returncode, done.stdout) == (1, "")
    count = sum(stage.name.startswith("train/") for stage in plan(STUDIES["smoke"]))
    assert done.stderr == (
        f"build.py: nothing to compare with: none of the {count} stages of train/* has a valid stored result; "
        "build first\n"
    )
    done = fresh.build(*SMOKE, "--verify", "probe")
    assert done.stderr == "build.py: nothing to compare with: probe has no valid stored result; build first\n"


# ------------------------------------------------------------------------------------------- building


RESTRICTED = """
import sys

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {forbidden!r}:
            raise ImportError(name + " must not be imported here")

sys.meta_path.insert(0, Forbidden())
sys.path.insert(0, {root!r})
sys.argv = {arguments!r}
import build
sys.exit(build.main())
"""


def build_without(project, *forbidden):
    arguments = project.command(*SMOKE)[1:]
    code = RESTRICTED.format(forbidden=forbidden, root=str(project.root), arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_second_build_does_nothing_and_loads_nothing(built):
    before = {path: path.stat().st_mtime_ns for path in built.site.rglob("*")}
    done = build_without(built, *HEAVY, "numpy", "jinja2", "markdown", "concurrent", "multiprocessing", "rich")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"nothing to do: {built.site} is current in ")
    assert {path: path.stat().st_mtime_ns for path in built.site.rglob("*")} == before


def test_an_edited_page_is_rendered_without_the_numerical_libraries(project_copy):
    page = project_copy.root / "templates" / "pages" / "health.md"
    page.write_text(page.read_text() + "\nA closing remark.\n")
    before = project_copy.files()
    done = build_without(project_copy, *HEAVY)
    assert (done.returncode, done.stderr) == (0, "")
    changed = {name for name, data in project_copy.files().items() if before.get(name) != data}
    assert b"A closing remark." in project_copy.files()["health.html"]
    assert not [name for name in changed if name.endswith((".svg", ".csv"))]


def edit_page(project):
    page = project.root / "templates" / "pages" / "health.md"
    page.write_text(page.read_text() + "\nA closing remark.\n")


def test_what_somebody_put_into_the_site_stays(project_copy):
    own = {"CNAME": b"example.org\n", ".git": b"gitdir: ../pages/.git/worktrees/site\n", "figures/mine.svg": b"<svg/>"}
    for name, data in own.items():
        (project_copy.site / name).write_bytes(data)
    assert project_copy.build(*SMOKE).stdout.startswith("nothing to do: ")
    assert own.items() <= project_copy.files().items()
    edit_page(project_copy)
    assert project_copy.build(*SMOKE).stdout.splitlines()[-1].startswith("wrote ")
    assert b"A closing remark." in project_copy.files()["health.html"]
    assert own.items() <= project_copy.files().items()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda site: (site / "facts.json").write_text("{}"), "its manifest.json lists facts.json, which was changed"),
        (lambda site: (site / "health.html").unlink(), "its manifest.json lists health.html, which is gone"),
        (lambda site: (site / "manifest.json").unlink(), "it holds files but no manifest.json of ours"),
        (
            lambda site: (site / "manifest.json").write_text('[["study", 1]]'),
            "it holds files but no manifest.json of ours (it is the manifest of something else)",
        ),
    ],
)
def test_a_site_that_somebody_touched_is_not_replaced(project_copy, change, said):
    change(project_copy.site)
    before = project_copy.files()
    for arguments in ((), ("--rebuild", "figure/health/dead-units")):
        done = project_copy.build(*SMOKE, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"build.py: will not replace {project_copy.site}: {said}; choose another folder, or move this one away\n"
        )
    assert project_copy.files() == before


def test_a_site_may_be_built_from_within_its_folder(project_copy):
    edit_page(project_copy)
    done = project_copy.build(*SMOKE, "--out", ".", cwd=project_copy.site)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {project_copy.site}: ")
    assert b"A closing remark." in project_copy.files()["health.html"]


def test_a_strange_name_in_a_manifest_is_one_line(tmp_path, capsys):
    site = tmp_path / "site"
    about = {"study": "", "dataset": "", "environment": {}, "stages": {}, "pages": [], "figures": []}
    site.mkdir()
    (site / "manifest.json").write_bytes(manifest.text(about, {"a\nb\x1b[31m": b""}))
    assert build.main([*SMOKE, "--out", str(site), "--cache", str(tmp_path / "cache")]) == 1
    said = r"its manifest.json lists a\nb\x1b[31m, which is gone; choose another folder, or move this one away"
    assert capsys.readouterr().err == f"build.py: will not replace {site}: {said}\n"


def test_trouble_of_several_lines_keeps_them(capsys):
    console.complain("first\x1b[31m\nsecond")
    assert capsys.readouterr().err == "build.py: first\\x1b[31m\nsecond\n"


@pytest.mark.parametrize("name", ["n" * 300, "loop", "loop/site"])
def test_a_site_that_cannot_be_is_one_message(project_copy, name):
    (project_copy.site.parent / "loop").symlink_to("loop")
    done = project_copy.build(*SMOKE, "--out", project_copy.site.parent / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_facts_have_their_shape(built):
    facts = json.loads((built.site / "facts.json").read_bytes())
    pages = json.loads((built.site / "manifest.json").read_bytes())["pages"]
    assert len(facts) > 50
    for name, fact in facts.items():
        told = {"margin", "verdict"} if ".difference." in name else set(fact) & {"margin", "verdict"}
        assert set(fact) == {"value", "low", "high", "n", "unit", "method", "page", "at", *told}, name
        assert re.fullmatch(r"[a-z0-9_.:-]+", name)
        assert isinstance(fact["n"], int)
        assert fact["method"]
        assert fact["page"] is None or str(fact["page"]) in str(pages)
        if fact["low"] is not None:
            assert fact["low"] <= fact["value"] <= fact["high"], name


def test_the_manifest_has_its_shape(built):
    manifest = json.loads((built.site / "manifest.json").read_bytes())
    assert set(manifest) == {"study", "dataset", "environment", "stages", "pages", "figures", "files"}
    assert set(manifest["files"]) | {"manifest.json"} == set(built.files())
    stages = plan(STUDIES["smoke"], questions=QUESTIONS)
    made = len(stages) - len(CHECKS)
    assert manifest["stages"] == {"cached": made, "published": len(CHECKS), "computed": made}
    figures = [stage for stage in stages if stage.name.startswith("figure/")]
    assert len(manifest["figures"]) == len(figures)
    for figure in manifest["figures"]:
        assert set(figure) == {"id", "page", "file", "data", "code", "key"}
        assert (built.site / figure["file"]).is_file()
        assert (built.site / figure["data"]).is_file()


def test_every_page_says_when_the_data_are_not_mnist(built):
    pages = [path for path in built.site.glob("*.html") if path.name != "404.html"]
    assert len(pages) >= 10
    for page in pages:
        assert "scikit-learn" in page.read_text(), page.name


def test_the_figures_of_the_published_study_are_light(published_site):
    bytes_of = {path.name: path.stat().st_size for path in (published_site / "figures").glob("*.svg")}
    assert len(bytes_of) >= 70
    assert max(bytes_of.values()) < 150_000, max(bytes_of, key=bytes_of.get)


def test_nothing_of_this_machine_reaches_the_site(built):
    told = (str(built.root), str(built.cache), os.uname().nodename)
    for name, data in built.files().items():
        assert not [word for word in told if len(word) > 4 and word.encode() in data], name


# ------------------------------------------------------------------------------------------- breaking


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{% if %}", "Expected an expression"),
        ("{{ value('health.no_such_fact') }}", "unknown fact 'health.no_such_fact'"),
    ],
)
def test_a_broken_page_is_named_with_its_line_and_the_old_site_stays(project_copy, line, said):
    page = project_copy.root / "templates" / "pages" / "health.md"
    page.write_text(page.read_text() + f"\n{line}\n")
    number = page.read_text().splitlines().index(line) + 1
    before = project_copy.files()
    done = project_copy.build(*SMOKE)
    assert done.returncode == 2, done.stderr
    assert f"templates/pages/health.md, line {number}" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert project_copy.files() == before


def test_all_faults_of_templates_are_told_before_anything_is_computed(project_copy):
    health, index = (project_copy.root / "templates" / "pages" / f"{name}.md" for name in ("health", "index"))
    health.write_text(health.read_text() + '\n{{ page("helth") }}\n{{ 1|groupd }}\n')
    index.write_text(index.read_text().replace("order = 10\n", "", 1) + '\n{{ see("health/lost") }}\n')
    before = project_copy.files()
    done = project_copy.build(*SMOKE, "--rebuild", "figure/health/dead-units")
    assert (done.returncode, done.stdout) == (2, "")
    lines = len(health.read_text().splitlines())
    assert [line.partition(". ")[0].removeprefix("build.py: ") for line in done.stderr.splitlines()] == [
        "templates/pages/index.md: no order in its front matter; add order = a number.",
        f"templates/pages/health.md, line {lines}: unknown filter 'groupd'",
        f"templates/pages/health.md, line {lines - 1}: unknown page 'helth'",
        f"templates/pages/index.md, line {len(index.read_text().splitlines())}: unknown figure 'health/lost'",
    ]
    assert project_copy.build(*SMOKE, "--list").stderr == done.stderr
    assert project_copy.files() == before


def test_the_check_of_networks_and_templates_trains_nothing_and_ends_with_a_line(tmp_path):
    project = Project(copy_sources(tmp_path / "project"), tmp_path / "cache", tmp_path / "site")
    done = project.build(*SMOKE, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nothing is wrong: 4 networks and all templates were checked\n"
    assert not project.site.exists()
    assert len([*project.cache.glob("records/*")]) == 2, "but for the data and its part: the check is published"
    study = project.root / "experiments" / "study.py"
    study.write_text(study.read_text().replace('"channels": [8, 16]', '"channels": [8, 16, 16]'))
    for arguments in (["--check"], []):
        done = project.build(*SMOKE, *arguments)
        assert done.returncode == 1, done.stderr
        assert "build.py: stage check/cnn: experiments/models/cnn.py, CNN: it cannot be made" in done.stderr
        assert "28x28 pixels are too small for 3 convolutions of 5x5" in done.stderr
        assert len([*project.cache.glob("records/*")]) <= 2, "but for the data nothing was made"


def test_after_edits_the_site_is_the_one_of_a_first_build(project_copy):
    edit_page(project_copy)
    style = project_copy.root / "templates" / "assets" / "shared" / "style.css"
    style.write_text(style.read_text() + "\n/* a remark */\n")
    assert project_copy.build(*SMOKE).returncode == 0
    assert project_copy.build(*SMOKE, "--out", project_copy.site.with_name("other")).returncode == 0
    assert project_copy.files() == replace(project_copy, site=project_copy.site.with_name("other")).files()


def test_a_page_that_is_gone_is_missed_by_those_that_link_to_it(project_copy):
    (project_copy.root / "templates" / "pages" / "health.md").unlink()
    before = project_copy.files()
    done = project_copy.build(*SMOKE)
    assert done.returncode == 2
    assert ": unknown page 'health'." in done.stderr
    assert project_copy.files() == before


def test_a_source_that_cannot_be_parsed_is_named_with_its_line(project_copy):
    (project_copy.root / "experiments" / "hooks.py").write_text("def f(:\n")
    done = project_copy.build(*SMOKE)
    assert done.returncode == 2
    assert "experiments/hooks.py, line 1: cannot be parsed" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_where_it_came_from(project_copy):
    (project_copy.root / "experiments" / "hooks.py").write_text("def f(:\n")
    assert "Traceback" in project_copy.build(*SMOKE, "--debug").stderr


# -------------------------------------------------------------------------------------------- serving


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["--serve", "--study", "quick"], ["--study", "quick"]),
        (["--jobs", "2", "--serve", "9000"], ["--jobs", "2"]),
        (["--serve=9000", "--jobs", "2"], ["--jobs", "2"]),
    ],
)
def test_the_builds_of_a_server_are_those_of_the_command_line(given, kept):
    assert without_serve(given) == kept


def test_a_port_that_another_program_has_is_named_in_one_line(fresh):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = fresh.build(*SMOKE, "--serve", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    said = f"--serve {port}: cannot listen on this port ([Errno 98] Address already in use); name another one"
    assert done.stderr == f"build.py: {said}\n"


def test_a_server_shows_the_site_builds_it_on_change_and_ends_with_ctrl_c(project_copy):
    command = project_copy.command(*SMOKE, "--serve", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = next(line for line in server.stdout if line.startswith("http")).split()[0]
        with urllib.request.urlopen(address + "health.html") as page:
            assert b"A closing remark." not in page.read()
        file = project_copy.root / "templates" / "pages" / "health.md"
        file.write_text(file.read_text() + "\nA closing remark.\n")
        assert next(line for line in server.stdout if line.startswith("wrote "))
        with urllib.request.urlopen(address + "health.html") as page:
            assert b"A closing remark." in page.read()
            assert page.headers["Cache-Control"] == "no-store"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) == 0
