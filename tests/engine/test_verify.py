"""Verification: what does not come out the same twice is found, with its distance, and nothing is stored."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from experiments.engine.verify import verify
from experiments.spec import Stage

PLANTED = """
    import numpy as np
    from pathlib import Path


    def grow(*, count):
        path = Path(count)
        turn = int(path.read_text()) if path.exists() else 0
        path.write_text(str(turn + 1))
        return {made}
"""


def verified(project, made):
    project.write("lab/planted.py", PLANTED.format(made=made))
    stages = [Stage("planted", "lab.planted:grow", place={"count": str(project.root / "turn")})]
    project.build(stages)
    survey = project.survey(stages)
    before = sorted(project.local.rglob("*"))
    with ThreadPoolExecutor(1) as executor:
        lines = verify(survey, ["planted"], executor)["planted"]
    assert sorted(project.local.rglob("*")) == before
    return lines


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("{'a.npz': {'x': np.arange(3), 'y': np.array([1.0, 2.0 + turn / 4])}}", "at most 0.25 apart (in y)"),
        ("{'a.npz': {'x': np.array(['a', 'b'][turn])}}", "in x"),
        ("{'a.npz': {'x': np.zeros(2 + turn)}}", "x has another shape or type"),
        ("{'a.npz': {f'x{turn}': np.zeros(2)}}", "with other arrays"),
        ("{'a.json': {'same': 1, 'other': turn}}", "in other"),
        ("{'a.txt': str(turn)}", "instead of"),
    ],
)
def test_a_planted_difference_is_found_with_its_distance(project, made, said):
    lines = verified(project, made)
    assert len(lines) == 1
    assert said in lines[0]


def test_products_that_come_and_go_are_named(project):
    assert verified(project, "{f'{turn}.txt': ''}") == ["0.txt: no longer made", "1.txt: new"]


def test_what_comes_out_the_same_is_said_to(project):
    assert verified(project, "{'a.npz': {'x': np.array([1.0, np.nan])}}") == []


def test_a_failure_is_a_difference(project):
    assert verified(project, "{'a.json': 1 // (1 - turn)}") == [
        "failed: ZeroDivisionError: integer division or modulo by zero"
    ]


def test_what_cannot_be_compared_says_why(project):
    project.build()
    survey = project.survey()
    project.artifact(survey, "numbers", "numbers.json").unlink()
    heard = []
    with ThreadPoolExecutor(1) as executor:
        found = verify(survey, ["numbers", "total/1", "report"], executor, told=heard.append)
    assert found["total/1"] == [
        "cannot be computed: numbers.json of numbers is on no shelf; --rebuild 'numbers' makes it"
    ]
    assert found["numbers"] == found["report"] == []
    assert heard[0] == "numbers: identical"


def test_without_a_stored_result_there_is_nothing_to_compare(project):
    with ThreadPoolExecutor(1) as executor:
        found = verify(project.survey(), ["numbers"], executor)
    assert found["numbers"] == ["there is no valid stored result to compare with; build first"]
    assert project.calls() == []
