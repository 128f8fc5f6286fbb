"""What the tutorial's snippets find: planted units are silent, or decide."""

import numpy as np
import planted
import torch

from experiments.analyses.hooks import found


def read(model, examples) -> dict:
    weights = {name: value.detach().numpy()[None] for name, value in model.state_dict().items()}
    told = {"architecture": planted.ARCHITECTURES["mlp"], "treatment": planted.TREATMENTS["raw"]}
    return found(weights=weights, examples=examples, **told)["facts.json"]


def test_a_silent_unit_is_named_and_changes_nothing_and_one_that_decides_changes_all(random):
    model = planted.network("mlp")
    with torch.no_grad():
        model.hidden2.weight.zero_()
        model.hidden2.bias.copy_(torch.tensor([-1.0, 1, 1, 1, 1]))
        model.logits.weight.zero_()
        model.logits.bias.zero_()
        model.logits.bias[0] = 0.5  # what is answered when nothing else is said
        model.logits.weight[7, 3] = 1
    facts = read(model, planted.digits(random, per_class=2))
    numbers = {name.removeprefix("hooks."): fact["value"] for name, fact in facts.items()}
    assert (numbers["images"], numbers["units"], numbers["silent"], numbers["silent.0"]) == (20, 5, 1, 0)
    assert "silent.1" not in numbers
    assert [numbers[f"without.{unit}"] for unit in range(5)] == [0, 0, 0, 20, 0]
    assert numbers["pull.7.0"] == 3


def test_a_class_without_images_has_no_units_that_argue_for_it(random):
    given = planted.digits(random, per_class=2)
    some = given["labels"] != 4
    facts = read(planted.network("mlp"), {name: each[some] for name, each in given.items()})
    assert "hooks.pull.4.0" not in facts
    assert "hooks.pull.5.2" in facts
    assert np.isfinite([fact["value"] for fact in facts.values()]).all()
