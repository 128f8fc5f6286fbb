"""Hooks: what is read is what was computed, what is replaced is what goes on, and nothing stays behind."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, relu

from experiments.activation_cache import ActivationCache, HookPointNotReached, UnknownHookPoint
from experiments.hooks import HookedModule, hooks, run_with_cache, run_with_hooks
from experiments.models.cnn import CNN
from experiments.models.mlp import MLP

LABELS = torch.tensor([0, 1, 2, 3])


@pytest.fixture
def images():
    return torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=[MLP, CNN], ids=["mlp", "cnn"])
def model(request):
    torch.manual_seed(0)
    return request.param().eval()


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


def test_reading_a_network_in_training_changes_its_logits_by_rounding_at_most(model, images):
    before = model.train()(images)
    torch.testing.assert_close(run_with_cache(model, images)[0], before, rtol=0, atol=1e-6)
    assert torch.equal(before, model(images))


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


@pytest.fixture
def twice():
    """A ReLU that runs before and after a linear layer."""
    shared = nn.ReLU()
    return nn.Sequential(nn.Flatten(), shared, nn.Linear(784, 5), shared)


def test_every_run_of_a_module_has_a_name(twice, images):
    _, cache = run_with_cache(twice, images)
    assert list(cache) == ["0", "1", "2", "1#2"]
    assert torch.equal(cache["1"], images.flatten(1))
    assert torch.equal(cache["1#2"], relu(cache["2"]))
    listed = run_with_cache(twice, images, names=["1#2", "1#1"], gradients_of=lambda out: out.sum())[1]
    assert list(listed) == list(listed.gradients) == ["1#1", "1#2"]
    assert torch.equal(listed["1#1"], cache["1"])
    assert torch.equal(listed.gradients["1#2"], torch.ones(4, 5))


def test_a_listed_module_that_runs_twice_is_refused_rather_than_read_once(twice, images):
    with pytest.raises(ValueError, match=r"1 runs more than once .* 1#1, 1#2"):
        run_with_cache(twice, images, names=["1"])
    with pytest.raises(HookPointNotReached, match="'1#3'"):
        run_with_cache(twice, images, names=["1#3"])
    with pytest.raises(UnknownHookPoint, match="'9'"):
        run_with_cache(twice, images, names=["9#2"])
    assert list(run_with_cache(twice, images, names=["2"])[1]) == ["2"]
    assert hooks_left(twice) == 0


def test_a_name_listed_twice_is_kept_once(model, images):
    _, cache = run_with_cache(model, images, names=["logits", "input", "logits"])
    assert list(cache) == ["input", "logits"]


def test_a_residual_network_is_read_by_default_names():
    resnet = pytest.importorskip("torchvision").models.resnet18(num_classes=3).eval()
    inputs = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    logits, cache = run_with_cache(resnet, inputs)
    assert torch.equal(cache["fc"], logits)
    assert set(cache) == {name for name, _ in resnet.named_modules() if name} | {
        f"layer{layer}.{block}.relu#2" for layer in (1, 2, 3, 4) for block in (0, 1)
    }
    assert torch.equal(cache["layer1.0.relu#2"], cache["layer1.0"])
    assert torch.equal(cache["layer1.0.relu"], relu(cache["layer1.0.bn1"]))
    gradients = run_with_cache(resnet, inputs, gradients_of=lambda out: out.sum())[1].gradients
    assert torch.equal(gradients["fc"], torch.ones(2, 3))


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


# --------------------------------------------------------------------------------------------- what is not reached


class Spare(nn.Module):
    """Has a module that `forward` never calls, one that gives no tensor, and one of which only the weights are used."""

    def __init__(self):
        super().__init__()
        self.first, self.spare, self.borrowed = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 2)
        self.recurrent = nn.LSTM(3, 3, batch_first=True)

    def forward(self, inputs):
        return nn.functional.linear(self.recurrent(self.first(inputs))[0], self.borrowed.weight)


SEQUENCE = torch.zeros(1, 4, 3)


def test_by_default_what_is_not_reached_or_gives_no_tensor_is_left_out():
    assert list(run_with_cache(Spare(), SEQUENCE)[1]) == ["first"]
    with pytest.raises(HookPointNotReached):  # unless nothing is
        run_with_cache(Spare(), SEQUENCE, names=lambda name: name != "first")


@pytest.mark.parametrize("name", ["spare", "borrowed"])
def test_a_hook_point_that_is_not_reached_is_named_with_what_may_be_the_cause(name):
    said = rf"hook point '{name}' was not reached: .*`forward`.*torch\.compile"
    with pytest.raises(HookPointNotReached, match=said):
        run_with_cache(Spare(), SEQUENCE, names=["first", name])
    for kind in ("forward_hooks", "backward_hooks"):
        with pytest.raises(HookPointNotReached, match=said):
            run_with_hooks(Spare(), SEQUENCE, **{kind: [("first", nothing), (name, nothing)]})
    spare = Spare()
    with pytest.raises(HookPointNotReached, match=said), hooks(spare, forward_hooks=[(name, nothing)]):
        spare(SEQUENCE)
    assert hooks_left(spare) == 0


def test_a_hook_point_that_a_network_declares_and_never_reaches_is_told_by_default():
    class Declares(Spare, HookedModule):
        hook_points = ("first", "spare")

    with pytest.raises(HookPointNotReached, match="'spare'"):
        run_with_cache(Declares(), SEQUENCE)


def test_an_error_in_a_block_is_not_covered_by_what_was_not_reached(mlp):
    with pytest.raises(ZeroDivisionError), hooks(mlp, forward_hooks=[("logits", nothing)]):
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
def test_a_traced_network_says_that_its_hooks_are_not_reached(images):
    traced = torch.jit.trace(nn.Sequential(nn.Flatten(), nn.Linear(784, 5)), images)
    with pytest.raises(HookPointNotReached, match="'1'"):
        run_with_hooks(traced, images, forward_hooks=[("1", nothing)])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_compiled_networks_are_refused_with_a_way_on(images):
    plain = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(784, 6), nn.ReLU()), nn.Linear(6, 3))
    expected, other = plain(images), copy.deepcopy(plain)
    zero = [("1.1", lambda activation, _: activation * 0)]
    wrapped = torch.compile(plain, backend="eager")
    wrapped(images)
    for attempt in (
        lambda: run_with_cache(wrapped, images),
        lambda: run_with_hooks(wrapped, images, forward_hooks=zero),
        lambda: run_with_cache(wrapped, images, names=["_orig_mod.2"]),
    ):
        with pytest.raises(HookPointNotReached, match=r"model is compiled \(torch\.compile\).*model\._orig_mod"):
            attempt()
    with pytest.raises(HookPointNotReached, match=r"torch\.compile"), hooks(plain, forward_hooks=zero):
        wrapped(images)
    assert torch.equal(run_with_cache(wrapped._orig_mod, images)[0], expected)

    other[1].compile(backend="eager")
    with pytest.raises(HookPointNotReached, match=r"model\.1 is compiled in place.*copy\.deepcopy"):
        run_with_hooks(other, images, forward_hooks=zero)
    assert torch.equal(run_with_cache(copy.deepcopy(other), images)[0], expected)


# --------------------------------------------------------------------------------------------------------- threads


def test_hooks_act_only_in_the_thread_that_put_them_in_place(model):
    """Many threads read and edit one network at once: each gets what it would get alone."""
    threads, rounds = 6, 4
    point = next(name for name in model.hook_points if name.endswith(".post"))
    inputs = torch.rand(threads, 2, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    alone = [run_with_cache(model, each) for each in inputs]
    together = Barrier(threads)

    def edited(place):
        def scale(activation, _hook):
            return activation * place

        return run_with_hooks(model, inputs[place], forward_hooks=[(point, scale)]).detach()

    edited_alone = [edited(place) for place in range(threads)]

    def work(place):
        together.wait()
        for _ in range(rounds):
            logits, cache = run_with_cache(model, inputs[place])
            assert torch.equal(logits, alone[place][0])
            assert all(torch.equal(cache[name], tensor) for name, tensor in alone[place][1].items())
            assert torch.equal(edited(place), edited_alone[place])
            with torch.no_grad():
                assert torch.equal(model(inputs[place]), logits)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    assert hooks_left(model) == 0


def test_a_model_that_runs_only_in_another_thread_is_told(mlp, images):
    with (
        pytest.raises(HookPointNotReached, match="this thread"),
        hooks(mlp, forward_hooks=[("logits", nothing)]),
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(mlp, images).result()
