"""What the networks see: the data, the images on which every network is read, and what treatments make of them."""

from __future__ import annotations

from experiments.spec import Stage, Study
from experiments.wiring import CARD, PROBE, TEST, TRAIN, along, analysis, constants, figures, measured


def stages(study: Study) -> list[Stage]:
    probe = Stage(
        name="probe",
        function="experiments.data:probe",
        parameters={"per_class": study.probe_per_class, "seed": study.probe_seed},
        inputs={"test": TEST},
    )
    treatments = {each.name: each for each in (*study.tried_treatments, *along(study, "treatment"))}.values()
    asked = {each.name: measured(each) for each in treatments if each.is_measured}
    examined = analysis(
        "data",
        "examine",
        inputs={"train": TRAIN, "test": TEST, "probe": PROBE, "card": CARD, **({"measured": asked} if asked else {})},
        parameters={"treatments": {each.name: constants(each) for each in treatments}},
        publish=("examples.npz",),
    )
    return [
        probe,
        examined,
        *figures(study, "data", "examples", "class_means", "intensities", "classes", "spectrum"),
    ]
