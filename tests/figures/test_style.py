"""The look of figures: what it writes depends on the numbers and on nothing else."""

import locale
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from experiments import wiring
from experiments.study import PUBLISHED
from report import export, style


@style.drawn
def example(*, arrays):
    fig, axes = style.figure(height=2, ncols=2)
    style.curve(axes[0], np.arange(4), arrays, "cnn-normalized")
    style.end_labels(axes[0], [(0.5, "near", style.TREATMENTS[0]), (0.5, "as near", style.TREATMENTS[1])])
    style.heat(axes[1], arrays, low=0, high=1)
    style.dots(axes[0], np.array([[1.0, 0.5]]), color=style.CLASSES[3])
    style.class_labels(axes[0], np.array([[1.0, 0.5]]), ["5"], halo="one")
    return {"figure.svg": export.save(fig), "data.csv": export.csv(arrays, ["a", "b", "c", "d"])}


ARRAYS = np.linspace(0, 1, 12).reshape(3, 4)


def test_a_figure_is_valid_xml_and_has_the_same_bytes_whenever_it_is_drawn():
    first, second = example(arrays=ARRAYS), example(arrays=ARRAYS)
    assert first == second
    assert ElementTree.fromstring(first["figure.svg"]).tag.endswith("svg")


def test_user_settings_and_locale_do_not_reach_a_figure(monkeypatch):
    expected = example(arrays=ARRAYS)
    with mpl.rc_context(
        {"font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9, "axes.formatter.use_locale": True}
    ):
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_NUMERIC, name)
            except locale.Error:
                continue
        try:
            assert example(arrays=ARRAYS) == expected
        finally:
            locale.setlocale(locale.LC_NUMERIC, "C")
        assert mpl.rcParams["font.size"] == 30, "the user's settings are left as they were"


def test_text_stays_text_in_a_system_font_and_nothing_tells_when_or_with_what_it_was_drawn():
    svg = example(arrays=ARRAYS)["figure.svg"]
    assert ">as near</text>" in svg
    assert "system-ui" in svg
    assert all(word not in svg for word in ("DejaVu", "Matplotlib", "dc:date", "metadata", "#ffffff"))


def test_every_colour_of_a_drawing_has_a_dark_counterpart():
    svg = example(arrays=ARRAYS)["figure.svg"]
    assert style.TREATMENTS[1] in svg


def test_a_dot_is_one_short_path_and_a_digit_has_a_halo_of_paper():
    svg = example(arrays=ARRAYS)["figure.svg"]
    assert "h0" in svg
    assert 'id="halo-one-0"' in svg
    assert f"stroke:{style.PAPER}" in svg


def test_a_figure_outside_drawn_is_refused():
    with pytest.raises(RuntimeError, match="drawn"):
        style.figure(height=1)


def test_a_figure_function_is_given_only_what_it_asks_for():
    assert style.drawn(lambda *, arrays: {"got": arrays})(arrays="a", facts="f") == {"got": "a"}


def test_treatments_differ_in_colour_and_architectures_in_shape():
    looks = {name: style.look(name) for name in style.study()["conditions"]}
    assert looks["mlp-raw"]["color"] == looks["cnn-raw"]["color"] != looks["mlp-normalized"]["color"]
    assert looks["mlp-raw"]["linestyle"] == looks["mlp-normalized"]["linestyle"] != looks["cnn-raw"]["linestyle"]
    assert looks["mlp-raw"]["marker"] != looks["cnn-raw"]["marker"]


@pytest.mark.parametrize(
    ("name", "said"), [("mlp-raw", "MLP, raw"), ("cnn-normalized", "CNN, normalized"), ("cnn", "CNN"), ("raw", "raw")]
)
def test_conditions_have_human_names(name, said):
    assert style.label(name) == said


def test_a_comparison_is_said_by_what_is_shared_and_what_is_subtracted():
    assert style.difference("mlp:normalized") == "MLP: normalized \N{MINUS SIGN} raw"
    assert style.difference("raw:cnn") == "raw: CNN \N{MINUS SIGN} MLP"


def test_a_figure_of_another_study_has_its_names_and_no_two_alike():
    architectures = {"deep": "Deep", "mlp-2": "MLP"}
    treatments = {name: name.capitalize() for name in ("plain", "scaled", "mixed-up")}
    conditions = {f"{a}-{t}": {"architecture": a, "treatment": t} for a in architectures for t in treatments}
    look = {"conditions": conditions, "comparisons": {}, "architectures": architectures, "treatments": treatments}
    with style.showing(look):
        assert style.label("mlp-2-mixed-up") == "MLP, Mixed-up"
        assert style.present(["mlp-2-plain", "deep-scaled"]) == ["deep-scaled", "mlp-2-plain"]
        looks = {tuple(map(str, style.look(name).values())) for name in conditions}
    assert len(looks) == len(conditions)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hidden1", "Hidden 1"),
        ("conv2.pooled", "Conv 2, pooled"),
        ("logits", "Logits"),
        ("hidden1.pre", "Hidden 1, before ReLU"),
    ],
)
def test_layers_and_hook_points_have_human_names(name, said):
    assert style.layer_label(name) == said


def test_conditions_stand_in_the_same_order_everywhere_and_others_are_not_drawn():
    found = style.present(["zebra-raw", "cnn-raw", "mlp-normalized", "mlp-raw"])
    assert found == ["mlp-raw", "mlp-normalized", "cnn-raw"]


def test_controls_and_what_they_are_compared_with_are_not_drawn():
    arrays = {
        "conditions": np.array(["mlp-raw", "mlp-matched"]),
        "treatments": np.array(["raw", "matched", "tried"]),
        "a/mlp-raw": np.zeros(1),
        "a/mlp-matched/hidden1": np.zeros(1),
        "a/mlp:matched-vs-raw.lost/image": np.zeros(1),
    }
    given = {}
    seen = style.drawn(lambda *, arrays: given.update(arrays) or {})
    seen(look=wiring.look(PUBLISHED), arrays=arrays)
    assert given.keys() == {"conditions", "treatments", "a/mlp-raw"}
    assert given["conditions"].tolist() == ["mlp-raw"]
    assert given["treatments"].tolist() == ["raw"]
    seen(look=wiring.look(PUBLISHED, controls=True), arrays=arrays)
    assert "a/mlp-matched/hidden1" in given


def test_csv_keeps_enough_digits_and_leaves_gaps_empty():
    rows = [("a, b", 1 / 3, None), (np.int64(2), np.float32(0.1), float("nan"))]
    assert export.csv(rows, ["x", "y", "z"]) == 'x,y,z\n"a, b",0.3333333,\n2,0.1,\n'


def test_labels_that_would_collide_are_spread_and_others_are_left_alone():
    placed = style.spread(np.array([0.5, 0.9, 0.5]), gap=0.1)
    assert placed == pytest.approx([0.45, 0.9, 0.55])


def test_spread_labels_stay_inside_the_axes_and_in_order():
    placed = style.spread(np.array([0.99, 1.0, 1.4, -1.0]), gap=0.2)
    assert placed.min() >= 0
    assert placed.max() <= 1
    assert list(np.argsort(placed)) == [3, 0, 1, 2]
    assert np.diff(np.sort(placed)).min() >= 0.2 - 1e-12


def test_rows_of_panels_end_together_and_what_is_left_over_is_blank():
    @style.drawn
    def panels(*, arrays):
        _, axes, empty = style.panels({"mlp": ["hidden1", "logits"], "cnn": ["conv1", "conv2", "logits"]}, row_height=1)
        titles = {place: ax.get_title(loc="left") for place, ax in axes.items()}
        columns = {place: ax.get_subplotspec().colspan.start for place, ax in axes.items()}
        return {"titles": titles, "columns": columns, "empty": len(empty)}

    found = panels(arrays={})
    assert found["columns"]["mlp", "logits"] == found["columns"]["cnn", "logits"] == 2
    assert found["titles"]["cnn", "conv1"] == "CNN, conv 1"
    assert found["empty"] == 1


FRUIT = [f"{first} {second}" for first in ("sour", "sweet") for second in ("apple", "blackcurrant", "fig", "pear")]
NAMES = [list("0123456789"), ["yes", "no"], ["circle", "cross", "horizontal bar", "ring & dot", "empty <frame>"], FRUIT]
NAMES += [[f"class number {k}" for k in range(30)], [chr(97 + k) for k in range(26)], ["$5", "$10"]]


def overlapping(fig, labels):
    """Pairs of labels of which one is drawn over another, as they are laid out; empty ones are none."""
    fig.draw_without_rendering()
    boxes = [label.get_window_extent() for label in labels if label.get_text()]
    return [(a, b) for place, a in enumerate(boxes) for b in boxes[:place] if a.overlaps(b)]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[-1])
@pytest.mark.parametrize("across", [1, 2, 4])
def test_names_of_classes_along_axes_never_lie_over_each_other(names, across):
    @style.drawn
    def example():
        fig, axes = style.figure(height=2.6, ncols=across, squeeze=False)
        for ax in axes[0]:
            style.heat(ax, np.eye(len(names)), low=0, high=1)
            style.class_ticks(ax, names, axis="both")
        shown = [overlapping(fig, axis.get_ticklabels()) for ax in axes[0] for axis in (ax.xaxis, ax.yaxis)]
        return {"labels": [label.get_text() for label in axes[0, 0].get_xticklabels()], "overlapping": shown}

    found = example()
    assert not any(found["overlapping"])
    assert len(set(found["labels"])) == len(found["labels"]) >= min(2, len(names))


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[-1])
@pytest.mark.parametrize("rows", [1, 5])
def test_names_above_columns_never_lie_over_each_other(names, rows):
    @style.drawn
    def example():
        fig, ax = style.figure(height=3)
        ax.imshow(np.zeros((30 * rows, 30 * len(names))))
        style.class_columns(ax, 30 * np.arange(len(names)) + 15, names)
        return {"overlapping": overlapping(fig, ax.get_xticklabels())}

    assert not example()["overlapping"]


def test_a_key_below_a_figure_makes_it_higher_and_tells_every_name():
    @style.drawn
    def example():
        fig, _ = style.figure(height=2)
        style.class_key(fig, FRUIT)
        return {"height": fig.get_size_inches()[1], "svg": export.save(fig)}

    found = example()
    assert found["height"] > 2
    assert "sweet blackcurrant" in found["svg"]


def test_powers_of_ten_are_read_as_such_and_a_formula_in_a_tick_is_refused():
    @style.drawn
    def logarithmic(*, arrays, told):
        fig, ax = style.figure(height=2)
        ax.plot([1, 2], [1e-3, 1e4])
        ax.set_yscale("log")
        if told:
            style.powers(ax)
        return {"figure.svg": export.save(fig), "data.csv": ""}

    drawn = logarithmic(arrays={}, told=True)["figure.svg"]
    assert "10⁻²" in drawn
    assert "10⁴" in drawn
    with pytest.raises(ValueError, match=r"style\.powers"):
        logarithmic(arrays={}, told=False)
