"""What the networks see: the data, the images on which every network is read, and what treatments make of them."""

from __future__ import annotations

from experiments.spec import Stage, Study
from experiments.wiring import CARD, PROBE, TEST, TRAIN, analysis, figures


def stages(study: Study) -> list[Stage]:
    probe = Stage(
        name="probe",
        function="experiments.data:probe",
        parameters={"per_class": study.probe_per_class},
        inputs={"test": TEST},
    )
    examined = analysis(
        "data",
        "examine",
        inputs={"train": TRAIN, "test": TEST, "probe": PROBE, "card": CARD},
        parameters={"treatments": {t.name: {"mean": t.mean, "std": t.std} for t in study.treatments}},
        publish=("examples.npz",),
    )
    return [
        probe,
        examined,
        *figures(study, "data", "examples", "class_means", "intensities", "classes", "spectrum"),
    ]
