"""What surrounds the code: workflows, the citation, the change log, and the forms for those who take part."""

import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from report.site import extras
from tests.conftest import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")


def read(path):
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)


def finds_nothing(*command):
    """Runs a program that looks for faults; skipped where it is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_actionlint_finds_nothing():
    finds_nothing("actionlint", *map(str, WORKFLOWS))


def test_zizmor_finds_nothing():
    assert "No findings to report" in finds_nothing("zizmor", "--offline", "--no-progress", ".github")


def test_the_citation_is_valid():
    finds_nothing("cffconvert", "--validate", "-i", "CITATION.cff")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_nothing_but_what_a_job_names_and_runs_fixed_versions(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert set(job["permissions"].values()) <= {"read", "write"}
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert PINNED.fullmatch(step.get("uses", "a/b@" + "0" * 40))
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"
            assert "${{" not in step.get("run", "")  # what comes from outside is handed over as a variable


def test_only_what_publishes_may_write():
    jobs = {(path.stem, name): job for path in WORKFLOWS for name, job in read(path)["jobs"].items()}
    assert {each for each, job in jobs.items() if "write" in job["permissions"].values()} == {
        ("pages", "deploy"),
        ("pages", "notebooks"),
        ("release", "release"),
    }
    writers = [job for job in jobs.values() if "write" in job["permissions"].values()]
    assert not any(step.get("uses", "").startswith("actions/checkout@") for job in writers for step in job["steps"])


def test_actions_and_packages_are_kept_up_to_date():
    updates = read(GITHUB / "dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_what_it_needs(path):
    form = read(path)
    assert {"name", "description", "body"} <= form.keys() <= {"name", "description", "body", "labels"}
    names = [field["id"] for field in form["body"]]
    assert len(names) == len(set(names))
    assert all(field["type"] in ("input", "textarea") and field["attributes"]["label"] for field in form["body"])
    assert any(field.get("validations") == {"required": "true"} for field in form["body"])


def test_the_version_is_told_alike_everywhere():
    citation = read(ROOT / "CITATION.cff")
    versions = re.findall(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == (PROJECT["version"], citation["date-released"])
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_the_address_of_the_source_is_told_alike():
    assert PROJECT["urls"].get("Repository") == extras.repository(ROOT)


def test_what_the_forms_and_the_guide_name_is_there():
    for path in (ROOT / "CONTRIBUTING.md", GITHUB / "pull_request_template.md"):
        for name in re.findall(r"`([\w./-]+/[\w.-]+\.\w+|[A-Z]+\.\w+)`", path.read_text()):
            assert (ROOT / name).is_file(), name
