"""Who learns what, how fast, and where they fail: every run of the study, trained and compared."""

from __future__ import annotations

from experiments.rows import WHOLE, Row
from experiments.spec import Stage, Study
from experiments.wiring import CARD, TEST, analysis, figures, grid, record, train

ROWS = (
    Row("training", "first_epoch", WHOLE, "accuracy after one epoch", "share of the test images read correctly"),
    Row("training", "epochs_to.90", WHOLE, "epochs to 90 % accuracy", "epochs, at most those that it was trained for"),
    Row("training", "test_accuracy", WHOLE, "accuracy at the end", "share of the test images read correctly"),
    Row("training", "test_loss", WHOLE, "test loss at the end", "cross-entropy per image"),
    Row("training", "gap", WHOLE, "generalization gap", "accuracy on training images minus that on test images"),
    Row("training", "confidence", WHOLE, "confidence", "mean probability of the reading that is given"),
    Row("training", "overconfidence", WHOLE, "overconfidence", "confidence minus accuracy; below zero is too modest"),
)


def stages(study: Study) -> list[Stage]:
    compared = analysis(
        "training",
        "compare",
        inputs={"records": {run.name: record(run) for run in study.runs}, "test": TEST, "card": CARD},
        parameters={"grid": grid(study)},
    )
    drawn = ["learning_curves", "epochs_to_accuracy", "class_accuracy", "confusions", "failures"]
    drawn += ["difference"] if study.comparisons else []
    return [*(train(study, run) for run in study.runs), compared, *figures(study, "training", *drawn)]
