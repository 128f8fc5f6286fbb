"""Progress: plain lines in a log, a bar on a terminal, and estimates that follow what is known."""

import io

import pytest

from experiments.engine.progress import Progress, spoken


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_a_line_for_each_stage_and_nothing_else():
    log = io.StringIO()
    with Progress(["a", "b", "c", "d"], costs=lambda: {}, jobs=1, stream=log) as progress:
        progress.told("done", "a")
        progress.told("note", "something is damaged")
        progress.told("spared", "b")
        progress.told("failed", "c")
        progress.told("done", "d")
    assert log.getvalue().splitlines() == ["[1/4] a", "something is damaged", "[2/3] c FAILED", "[3/3] d"]


def test_the_estimate_shares_what_is_left_among_the_processes():
    costs = {"a": 60.0, "b": 60.0, "c": 120.0}
    progress = Progress(costs, costs=lambda: costs, jobs=2, stream=io.StringIO())
    assert progress.estimate() == "about 2 min left"
    progress.told("done", "c")
    assert progress.estimate() == "about 60 s left"


def test_the_estimate_learns_from_what_has_ended():
    costs = {}
    progress = Progress(["a", "b"], costs=lambda: costs, jobs=1, stream=io.StringIO())
    assert progress.estimate() == ""
    costs["b"] = 30.0
    assert progress.estimate() == "more than 30 s left"
    progress.told("done", "a")
    assert progress.estimate() == "about 30 s left"
    progress.told("done", "b")
    assert progress.estimate() == ""


def test_a_stage_nobody_foresaw_counts_when_it_ends():
    log = io.StringIO()
    progress = Progress(["a"], costs=lambda: {}, jobs=1, stream=log)
    progress.told("done", "surprise")
    progress.told("done", "a")
    assert log.getvalue().splitlines() == ["[1/2] surprise", "[2/2] a"]


def test_what_may_not_have_to_run_is_counted_when_it_is_due():
    log, costs = io.StringIO(), {"a": 30.0, "b": 50.0, "c": 120.0}
    progress = Progress(["a"], perhaps=["b", "c"], costs=lambda: costs, jobs=1, stream=log)
    assert progress.estimate() == "about 30 s left, at most 3 min"
    progress.told("done", "a")
    progress.told("spared", "c")
    progress.told("due", "b")
    assert progress.estimate() == "about 50 s left"
    progress.told("done", "b")
    assert log.getvalue().splitlines() == ["[1/1] a   at most 3 min left", "[2/2] b"]


def test_a_terminal_gets_a_bar():
    terminal = Terminal()
    with Progress(["a", "b"], costs=lambda: {"a": 5.0, "b": 5.0}, jobs=1, stream=terminal) as progress:
        progress.told("failed", "a [x]")
        progress.told("done", "b")
    assert "2/3" in terminal.getvalue()
    assert "a [x] FAILED" in terminal.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (40, "40 s"), (89.4, "89 s"), (95, "2 min"), (3599, "1 h 0 min"), (4800, "1 h 20 min")],
)
def test_durations_read_as_people_say_them(seconds, text):
    assert spoken(seconds) == text
