"""The check of networks: those of the study pass, and every fault that can be planted is told in one line."""

from __future__ import annotations

import itertools
import sys

import pytest
import torch
from torch import nn

from experiments.errors import NetworkError
from experiments.hooks import HookPoint
from experiments.models.check import check
from experiments.models.mlp import MLP
from experiments.study import PUBLISHED

CNN = "experiments.models.cnn:CNN"
OURS = [(each.build, dict(each.options)) for each in (*PUBLISHED.architectures, *PUBLISHED.variants)]
OTHERS = [
    *(("experiments.models.mlp:MLP", {"hidden": hidden}) for hidden in ([64, 32, 16], [24, 12], [8, 1], [16])),
    *((CNN, {"channels": channels}) for channels in ([4], [3, 5])),
    (CNN, {"channels": [4, 8, 8], "kernel": 3, "padding": 1}),
    ("experiments.models.mlp:MLP", {"activation": "tanh"}),
    ("transformer:VisionTransformer", {}),
]


def checked(build, options=None, *, side=28, classes=10):
    architecture, shape = {"build": build, "options": options or {}}, {"side": side, "classes": classes}
    return check(architecture=architecture, shape=shape)["check.json"]


@pytest.mark.parametrize(("build", "options"), [*OURS, *OTHERS])
def test_networks_that_keep_the_contract_pass(build, options):
    found = checked(build, options)
    assert found["ok"]
    assert found["layers"][-1] == "logits"
    assert [found["points"][0], found["points"][-1]] == ["input", "logits"]
    assert set(found["reading"].values()) <= set(found["points"])


def test_the_numbers_that_a_network_learns_are_counted():
    assert checked(OURS[0][0], {"hidden": [32, 16]})["parameters"] == 784 * 32 + 32 + 32 * 16 + 16 + 16 * 10 + 10


def test_other_classes_and_sides_are_handed_to_the_network():
    assert checked(CNN, {"channels": [4]}, side=20, classes=5)["ok"]
    assert checked("transformer:VisionTransformer", side=14, classes=2)["ok"]


def test_what_the_pages_scripts_can_run_is_told_and_no_fault():
    after = {"after": [["relu", "dropout"], ["relu"]]}
    assert checked(CNN, {"kernel": 3, "padding": 1})["browser"]
    assert checked("experiments.models.layered:LayeredMLP", after)["browser"]
    assert not checked("experiments.models.layered:LayeredMLP", {"after": [["batchnorm", "relu"], ["relu"]]})["browser"]
    assert not checked("experiments.models.mlp:MLP", {"activation": "tanh"})["browser"]
    assert not checked("transformer:VisionTransformer")["browser"]


class Unreached(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.hidden1.aside = HookPoint()
        self.hook_points = (*self.hook_points[:3], "hidden1.aside", *self.hook_points[3:])


class Unordered(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.hook_points = ("input", "hidden1.post", "hidden1.pre", *self.hook_points[3:])


class Unread(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.hook_points = ("input", "hidden2.pre", "hidden2.post", "logits")


class Kept(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.hook_points = (*self.hook_points[:3], "hidden2.post", "hidden2.pre", "logits")


class Nameless(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.layers = ("hidden1", "hidden2")


class Weightless(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.pause = nn.Identity()
        self.layers = ("hidden1", "pause", "hidden2", "logits")


class Homeless(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.bonus = nn.Parameter(torch.zeros(10))


class Idle(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        self.hidden1.spare = nn.Parameter(torch.zeros(3))


class Negative(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__(activation="tanh")
        self.parts = {"hidden1": ("linear", "relu")}


class Deaf(MLP):
    """Lets nobody edit what it reads: the hook point is passed by."""

    def forward(self, images):
        activations = self.input(images).flatten(1)
        self.hidden1(activations)
        copy = nn.functional.linear(activations, self.hidden1.weight, self.hidden1.bias).relu()
        return self.logits(self.hidden2(copy * 1.0))


class Watched(MLP):
    """Answers otherwise when anyone looks at one place alone."""

    def forward(self, images):
        looked_at = [name for name, module in self.named_modules() if module._forward_hooks]
        return super().forward(images) + (looked_at == ["hidden1.post"])


class Chancy(MLP):
    def forward(self, images):
        return super().forward(images) + torch.rand(())


TURNS = itertools.count()


class Stubborn(MLP):
    def __init__(self, *, classes=10, side=28):
        super().__init__()
        with torch.no_grad():
            self.hidden1.weight.normal_(generator=torch.Generator().manual_seed(next(TURNS)))


class Twice(MLP):
    def forward(self, images):
        super().forward(images)
        return super().forward(images)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Unreached, "hidden1.aside"),
        (Unordered, "its hook point hidden1.post is reached out of its turn; hook_points stand in forward order"),
        (Unread, "its hidden layer hidden1 cannot be read; place a HookPoint hidden1.post and name it in hook_points"),
        (Kept, "the last hook point of hidden2 is hidden2.pre; name hidden2.post last of them"),
        (Nameless, "its layers are hidden1, hidden2; declare hidden layers, and the last as logits"),
        (Weightless, "its layer pause is no module with weights"),
        (Homeless, "its weights bonus belong to no layer; have a layer hold them"),
        (Idle, "no gradient reaches hidden1.spare; have forward use it, or leave it out"),
        (Negative, "hidden1 says it has a relu and is negative where it is read"),
        (Deaf, "what is edited at hidden1.post changes no answer; have forward go on with what the HookPoint returns"),
        (Watched, "an identity at hidden1.post changes its answer; have forward do the same whoever looks on"),
        (Chancy, "it answers otherwise when asked again; in evaluation mode nothing may be left to chance"),
        (Stubborn, "the same seed gave other weights hidden1.weight; draw from torch's global generator alone"),
        (Twice, "runs more than once in a forward pass"),
    ],
)
def test_a_fault_is_told_in_one_line_with_its_place_and_a_remedy(fault, said):
    with pytest.raises(NetworkError) as caught:
        checked(f"{__name__}:{fault.__name__}")
    message = str(caught.value)
    assert message.startswith(f"{__name__.replace('.', '/')}.py, {fault.__name__}: ")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("build", "options", "given", "said"),
    [
        (CNN, {"channels": [4, 8, 8]}, {}, "28x28 pixels are too small for 3 convolutions"),
        (CNN, {}, {"side": 8}, "8x8 pixels are too small for 2 convolutions of 5x5 with padding 0"),
        (CNN, {"colour": 1}, {}, "experiments/models/cnn.py, CNN: it cannot be made with the options {'colour': 1}"),
        ("experiments.models.nowhere:Net", {}, {}, "no network is called 'experiments.models.nowhere:Net'"),
        (CNN, {"hidden": "many"}, {}, "it cannot be made with the options {'hidden': 'many'}"),
    ],
)
def test_a_network_that_cannot_be_made_is_told_likewise(build, options, given, said):
    with pytest.raises(NetworkError, match=r"see the architectures in experiments/study\.py") as caught:
        checked(build, options, **given)
    assert said in str(caught.value)


def test_answers_of_another_number_of_classes_are_a_fault(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "Made", lambda **_: MLP(), raising=False)
    with pytest.raises(NetworkError, match=r"answers with \(12, 10\); \(12, 4\) finite numbers are due, one a class"):
        checked(f"{__name__}:Made", classes=4)
