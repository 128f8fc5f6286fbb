"""Hooks: what is read is what was computed, what is replaced is what goes on, and nothing stays behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, relu

from experiments.hooks import ActivationCache, UnknownHookPoint, hooks, run_with_cache, run_with_hooks
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP

LABELS = torch.tensor([0, 1, 2, 3])


@pytest.fixture
def images():
    return torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[MLP, CNN], ids=["mlp", "cnn"])
def model(request):
    torch.manual_seed(0)
    return request.param()


@pytest.fixture
def mlp():
    torch.manual_seed(0)
    return MLP()


def nothing(_activation, _hook):
    """A hook that looks at nothing and changes nothing."""


def hooks_left(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._backward_hooks) for module in model.modules())


# ------------------------------------------------------------------------------------------------------ reading


def test_the_cache_holds_what_a_forward_pass_by_hand_computes(mlp, images):
    logits, cache = run_with_cache(mlp, images)
    with torch.no_grad():
        pre1 = images.flatten(1) @ mlp.hidden1.weight.T + mlp.hidden1.bias
        pre2 = relu(pre1) @ mlp.hidden2.weight.T + mlp.hidden2.bias
        out = relu(pre2) @ mlp.logits.weight.T + mlp.logits.bias
    by_hand = {"hidden1.pre": pre1, "hidden1.post": relu(pre1), "hidden2.pre": pre2, "hidden2.post": relu(pre2)}
    for name, expected in {**by_hand, "input": images, "logits": out}.items():
        torch.testing.assert_close(cache[name], expected)
    assert torch.equal(cache["logits"], logits)


def test_reading_changes_nothing(model, images):
    before = model(images)
    logits, cache = run_with_cache(model, images)
    for activation in cache.values():
        activation.fill_(99.0)
    assert torch.equal(before, logits)
    assert torch.equal(before, model(images))
    assert images.max() <= 1
    assert hooks_left(model) == 0


def test_names_choose_what_is_kept(model, images):
    assert list(run_with_cache(model, images, names=["logits", "input"])[1]) == ["input", "logits"]
    assert list(run_with_cache(model, images, names="logits")[1]) == ["logits"]
    posts = run_with_cache(model, images, names=lambda name: name.endswith(".post"))[1]
    assert list(posts) == [name for name in model.hook_points if name.endswith(".post")]


def test_any_network_can_be_read_by_the_paths_of_its_modules(images):
    plain = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(784, 6), nn.ReLU()), nn.Linear(6, 3))
    logits, cache = run_with_cache(plain, images)
    assert list(cache) == ["0", "1.0", "1.1", "1", "2"]
    torch.testing.assert_close(cache["1.1"], relu(cache["1.0"]))
    assert torch.equal(cache["2"], logits)


def test_an_activation_that_is_later_overwritten_in_place_is_kept_as_it_was(images):
    plain = nn.Sequential(nn.Flatten(), nn.Linear(784, 50), nn.ReLU(inplace=True))
    _, cache = run_with_cache(plain, images)
    assert cache["1"].min() < 0
    with_gradients = run_with_cache(plain, images, gradients_of=lambda logits: logits.sum())[1]
    assert torch.equal(with_gradients["1"], cache["1"])
    assert torch.equal(with_gradients.gradients["1"], (cache["1"] > 0).float())


def test_a_module_that_runs_twice_is_refused_rather_than_read_once(images):
    shared = nn.ReLU()
    plain = nn.Sequential(nn.Flatten(), shared, nn.Linear(784, 5), shared)
    with pytest.raises(ValueError, match="1 runs more than once"):
        run_with_cache(plain, images)
    assert list(run_with_cache(plain, images, names=["2"])[1]) == ["2"]
    assert hooks_left(plain) == 0


def test_an_unknown_name_is_answered_with_near_ones(mlp, images):
    with pytest.raises(UnknownHookPoint, match=r"'hidden1.pst'; did you mean hidden1.post"):
        run_with_cache(mlp, images, names=["hidden1.pst"])
    with pytest.raises(KeyError, match=r"known names: input, hidden1.pre"):
        run_with_hooks(mlp, images, forward_hooks=[("zzz", nothing)])
    _, cache = run_with_cache(mlp, images, names=["hidden1.pre", "logits"])
    with pytest.raises(UnknownHookPoint, match="did you mean logits"):
        cache["logit"]
    assert "logit" not in cache
    assert hooks_left(mlp) == 0


def test_a_cache_shows_its_shapes_and_cannot_be_changed(mlp, images):
    _, cache = run_with_cache(mlp, images)
    assert "  hidden1.post: (4, 32)" in repr(cache)
    assert repr(cache).startswith("ActivationCache of 6 hook points")
    with pytest.raises(TypeError):
        cache["logits"] = torch.zeros(4, 10)
    arrays = cache.to_numpy()
    assert list(arrays) == list(cache)
    np.testing.assert_array_equal(arrays["hidden2.post"], cache["hidden2.post"])


def test_a_cache_of_nothing_has_no_gradients():
    assert len(ActivationCache({}).gradients) == 0


# ----------------------------------------------------------------------------------------------------- gradients


def test_gradients_at_hook_points_are_autograds(mlp, images):
    _, cache = run_with_cache(mlp, images, gradients_of=lambda logits: logits[:, 3].sum())
    inputs = images.clone().requires_grad_()
    pre1 = mlp.hidden1.weight @ inputs.flatten(1).T + mlp.hidden1.bias[:, None]
    pre2 = mlp.hidden2.weight @ relu(pre1) + mlp.hidden2.bias[:, None]
    number = (mlp.logits.weight @ relu(pre2))[3].sum()
    at_input, at_pre1, at_pre2 = torch.autograd.grad(number, [inputs, pre1, pre2])
    torch.testing.assert_close(cache.gradients["input"], at_input)
    torch.testing.assert_close(cache.gradients["hidden1.pre"], at_pre1.T)
    torch.testing.assert_close(cache.gradients["hidden2.pre"], at_pre2.T)
    torch.testing.assert_close(cache.gradients["hidden2.post"], mlp.logits.weight[3].detach().expand(4, 16))
    assert torch.equal(cache.gradients["logits"], torch.eye(10)[3].expand(4, 10))


def test_asking_for_gradients_changes_neither_logits_nor_activations_nor_parameters(model, images):
    logits, cache = run_with_cache(model, images)
    again, with_gradients = run_with_cache(model, images, gradients_of=lambda out: out.sum())
    assert torch.equal(logits, again)
    for name in cache:
        assert torch.equal(cache[name], with_gradients[name])
        assert with_gradients.gradients[name].shape == cache[name].shape
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(tensor.requires_grad for tensor in [again, *with_gradients.values()])


def test_gradients_can_be_had_within_no_grad_and_of_frozen_networks(model, images):
    expected = run_with_cache(model, images, gradients_of=lambda logits: logits.sum())[1].gradients
    model.requires_grad_(False)
    with torch.no_grad():
        frozen = run_with_cache(model, images, gradients_of=lambda logits: logits.sum())[1].gradients
    for name in expected:
        assert torch.equal(expected[name], frozen[name])


# ------------------------------------------------------------------------------------------------------- editing


def test_a_returned_tensor_replaces_the_activation(mlp, images):
    logits = run_with_hooks(mlp, images, forward_hooks=[("hidden2.post", lambda activation, _: activation * 0)])
    torch.testing.assert_close(logits, mlp.logits.bias.expand(4, 10))


def test_a_hook_that_returns_none_leaves_the_activation_and_is_told_where_it_is(model, images):
    seen = []
    logits = run_with_hooks(
        model, images, forward_hooks=[(name, lambda _, hook: seen.append(hook.name)) for name in model.hook_points]
    )
    assert seen == list(model.hook_points)
    assert torch.equal(logits, model(images))


def test_the_cache_shows_what_other_hooks_put_in_place(mlp, images):
    with hooks(mlp, forward_hooks=[("hidden1.post", lambda activation, _: activation + 1)]):
        _, cache = run_with_cache(mlp, images)
    torch.testing.assert_close(cache["hidden1.post"], relu(cache["hidden1.pre"]) + 1)


def test_hooks_nest_outer_first_and_leave_one_by_one(mlp, images):
    with hooks(mlp, forward_hooks=[("logits", lambda activation, _: activation + 1)]):
        with hooks(mlp, forward_hooks=[("logits", lambda activation, _: activation * 2)]) as inner:
            both = inner(images)
        outer = mlp(images)
    plain = mlp(images)
    torch.testing.assert_close(both, (plain + 1) * 2)
    torch.testing.assert_close(outer, plain + 1)
    assert hooks_left(mlp) == 0


@pytest.mark.parametrize("kind", ["forward_hooks", "backward_hooks"])
def test_hooks_are_removed_after_an_exception(mlp, images, kind):
    def fail(tensor, hook):
        raise RuntimeError(f"at {hook.name}")

    with pytest.raises(RuntimeError, match=r"at hidden1.pre"), hooks(mlp, **{kind: [("hidden1.pre", fail)]}):
        mlp(images).sum().backward()
    assert hooks_left(mlp) == 0
    assert torch.isfinite(mlp(images)).all()


def test_hooks_before_an_unknown_name_are_removed_too(mlp):
    one_too_many = [("hidden1.pre", nothing), ("nowhere", nothing)]
    with pytest.raises(UnknownHookPoint), hooks(mlp, forward_hooks=one_too_many):
        pass
    assert hooks_left(mlp) == 0


def test_a_replacement_that_does_not_fit_is_refused(mlp, images):
    with pytest.raises(ValueError, match=r"\(4, 31\) for \(4, 32\)"):
        run_with_hooks(mlp, images, forward_hooks=[("hidden1.post", lambda activation, _: activation[:, 1:])])
    with pytest.raises(TypeError, match="returned a int"):
        run_with_hooks(mlp, images, forward_hooks=[("hidden1.post", lambda *_: 0)])


def test_a_module_that_gives_no_tensor_is_refused():
    recurrent = nn.LSTM(3, 2)
    with pytest.raises(TypeError, match="gives a tuple"):
        run_with_hooks(nn.Sequential(recurrent), torch.zeros(1, 1, 3), forward_hooks=[("0", nothing)])


def test_backward_hooks_see_the_gradient_and_may_replace_it(mlp, images):
    seen = {}
    logits = run_with_hooks(
        mlp, images, backward_hooks=[("hidden2.post", lambda gradient, hook: seen.update({hook.name: gradient}))]
    )
    assert hooks_left(mlp) == 0
    cross_entropy(logits, LABELS).backward()
    expected = run_with_cache(mlp, images, gradients_of=lambda out: cross_entropy(out, LABELS))[1].gradients
    torch.testing.assert_close(seen["hidden2.post"], expected["hidden2.post"])

    mlp.zero_grad()
    stopped = run_with_hooks(mlp, images, backward_hooks=[("hidden2.post", lambda gradient, _: gradient * 0)])
    cross_entropy(stopped, LABELS).backward()
    assert mlp.hidden2.weight.grad.abs().sum() == 0
    assert mlp.logits.weight.grad.abs().sum() > 0


def test_a_backward_hook_reaches_the_input_of_a_network(model, images):
    seen = []
    run_with_hooks(
        model, images, backward_hooks=[("input", lambda gradient, _: seen.append(gradient))]
    ).sum().backward()
    expected = run_with_cache(model, images, gradients_of=lambda logits: logits.sum())[1].gradients["input"]
    torch.testing.assert_close(seen[0], expected)
