"""Maps: planted clusters stay together, the same input gives the same bytes, and chance is measured."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import TSNE

from experiments.analyses.atlas import compare
from experiments.analyses.manifold import BENT, _umap_class, centre_agreement, embed, maps, measures
from experiments.analyses.stability import disparity, repeat

METHODS = ("layer", "pca", "tsne", "umap")


def digits(*, per_class: int = 6, units: int = 5, apart: float = 20.0, seed: int = 0):
    random = np.random.default_rng(seed)
    labels = np.tile(np.arange(10, dtype=np.uint8), per_class)
    return random.normal(size=(len(labels), units)) + apart * random.normal(size=(10, units))[labels], labels


@pytest.fixture(scope="module")
def study():
    """One condition: maps of one layer, untrained and trained, and maps of two networks."""
    points, labels = digits()
    noise, _ = digits(apart=0)
    layers = {"0/hidden2.post": noise, "2/hidden2.post": points, "0/logits": noise, "2/logits": points}
    found = embed(layers=layers, probe={"labels": labels}, seed=0, methods=METHODS[1:])["arrays.npz"]
    # digits so near one another that it matters where in its digit a point lies
    networks = {f"mlp-raw/{seed}": {"penultimate": digits(seed=seed, apart=2)[0][None]} for seed in range(2)}
    again = repeat(trajectories=networks, probe={"labels": labels}, seeds=2, methods=METHODS)["arrays.npz"]
    return found, again, compare(conditions={"mlp-raw": found}, stability={"mlp-raw": again})


@pytest.mark.parametrize("method", BENT)
def test_a_map_is_the_same_to_the_byte_when_made_again_and_another_from_another_start(method):
    points, _ = digits(apart=2)
    start = points[:, :2]
    first, second = (BENT[method](points, start=start, seed=0) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert disparity(first, BENT[method](points, start=start[::-1], seed=1)) > 1e-4


def test_the_quick_ways_to_a_map_keep_as_many_neighbours_as_the_plain_ones():
    """t-SNE in half the steps and with coarser sums, UMAP from distances that it is handed."""
    points, labels = digits(per_class=20, apart=2)
    quick = maps(points, labels, seed=0)
    plain = {
        "tsne": TSNE(init=1e-4 * quick["pca"].astype(np.float32), random_state=0, n_jobs=1),
        "umap": _umap_class()(init=quick["pca"].astype(np.float32), random_state=0, n_jobs=1),
    }
    for method, mapper in plain.items():
        found = [measures(points, places, labels) for places in (quick[method], mapper.fit_transform(points))]
        assert found[0]["trustworthiness"] == pytest.approx(found[1]["trustworthiness"], abs=0.02)
        assert found[0]["knn"] == pytest.approx(found[1]["knn"], abs=5)


def test_a_study_may_leave_out_umap():
    points, labels = digits()
    layers = {"0/hidden1.post": points, "1/hidden1.post": points}
    found = embed(layers=layers, probe={"labels": labels}, seed=0, methods=("pca", "tsne"))["arrays.npz"]
    runs = {"mlp-raw/0": {"penultimate": points[None]}}
    again = repeat(trajectories=runs, probe={"labels": labels}, seeds=1, methods=("pca", "tsne"))["arrays.npz"]
    gathered = compare(conditions={"mlp-raw": found}, stability={"mlp-raw": again})
    assert list(gathered["arrays.npz"]["methods"]) == ["pca", "tsne"]
    assert not any("umap" in name for product in gathered.values() for name in product)


def test_planted_digits_stay_together_in_every_map_and_noise_does_not(study):
    found = study[0]
    assert list(found["hook_points"]) == ["hidden2.post"]
    for method in METHODS:
        untrained, trained = found[f"silhouette/{method}/hidden2.post"]
        assert trained > 0.3 > untrained
    assert (found["trustworthiness/tsne/hidden2.post"] > found["trustworthiness/pca/hidden2.post"]).all()
    assert found["trustworthiness/layer/hidden2.post"] == pytest.approx([1, 1])
    assert found["distances/layer/hidden2.post"] == pytest.approx([1, 1])


def test_coordinates_are_small_and_scaled(study):
    places = study[0]["coordinates/umap/hidden2.post"]
    assert places.dtype == np.float16
    assert places.shape == (2, 60, 2)
    assert np.sqrt((places.astype(float) ** 2).sum(axis=2).mean(axis=1)) == pytest.approx([1, 1], abs=1e-2)


def test_a_layer_that_says_the_same_of_every_image_has_no_map():
    labels = np.tile(np.arange(10, dtype=np.uint8), 3)
    assert not any(places.any() for places in maps(np.ones((30, 4)), labels, seed=0).values())


def test_the_order_of_distances_is_spearmans_correlation_between_centres():
    points, labels = digits(units=6, apart=1)
    places = points[:, :2]
    centres = [np.stack([each[labels == digit].mean(axis=0) for digit in range(10)]) for each in (points, places)]
    expected = spearmanr(*(pdist(each) for each in centres)).statistic
    assert centre_agreement(points, places, labels) == pytest.approx(expected)
    assert centre_agreement(points, np.zeros((60, 2)), labels) == 0


def test_turning_mirroring_and_scaling_a_map_is_no_disparity_and_another_map_is():
    first, other = np.random.default_rng(0).normal(size=(2, 40, 2))
    turned = 3 * first @ np.array([[0.6, 0.8], [0.8, -0.6]]) + 1
    assert disparity(first, turned) == pytest.approx(0, abs=1e-12)
    assert disparity(first, other) > 0.5
    assert disparity(first, np.zeros((40, 2))) == 1


def test_another_network_changes_a_map_and_its_neighbours_more_than_another_start(study):
    again = study[1]
    for method in BENT:
        assert again[f"overlap/start/{method}"].mean() > again[f"overlap/network/{method}"].mean()
        assert again[f"coordinates/start/{method}"].shape == (2, 60, 2)
    assert again["overlap/network/layer"].shape == (1,)


def test_kept_maps_lie_the_same_way_round(study):
    first, second = study[1]["coordinates/start/tsne"].astype(float)
    turned = [second @ np.array(mirror) for mirror in ([[-1, 0], [0, 1]], [[1, 0], [0, -1]], [[-1, 0], [0, -1]])]
    assert all(np.square(first - second).sum() < np.square(first - each).sum() for each in turned)


def test_one_seed_is_enough_for_a_study():
    points, labels = digits(per_class=3)
    again = repeat(
        trajectories={"mlp-raw/0": {"penultimate": points[None]}}, probe={"labels": labels}, seeds=2, methods=METHODS
    )
    assert again["arrays.npz"]["disparity/network/tsne"] == pytest.approx([0], abs=1e-6)
    assert again["arrays.npz"]["overlap/network/layer"] == pytest.approx([100])


def test_the_study_names_every_measure(study):
    found, again, gathered = study
    facts, arrays = gathered["facts.json"], gathered["arrays.npz"]
    assert facts["geometry.map_silhouette.tsne.mlp-raw.hidden2.post"]["value"] == pytest.approx(
        found["silhouette/tsne/hidden2.post"][-1]
    )
    assert facts["geometry.map_knn_start.layer.mlp-raw.hidden2.post"]["value"] == found["knn/layer/hidden2.post"][0]
    assert facts["geometry.map_disparity.network.umap.mlp-raw"]["n"] == 1
    assert facts["geometry.map_overlap.network.layer.mlp-raw"]["unit"] == "%"
    assert arrays["coordinates/mlp-raw/pca/hidden2.post"].dtype == np.float16
    assert arrays["stability/overlap/start/tsne/mlp-raw"] == pytest.approx(again["overlap/start/tsne"])


@pytest.mark.parametrize("points", ["one unit", "one living unit", "two places", "no unit"])
@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_a_layer_with_one_living_unit_or_none_has_a_map_of_finite_numbers(points, method):
    labels = np.repeat(np.arange(10), 6)
    values = np.maximum(np.random.default_rng(0).normal(size=(60, 1)), 0)
    cloud = {
        "one unit": values,
        "one living unit": np.pad(values, ((0, 0), (3, 4))),
        "two places": np.pad(labels[:, None] % 2.0, ((0, 0), (3, 4))),
        "no unit": np.zeros((60, 8)),
    }[points]
    drawn = maps(cloud, labels, seed=0, methods=(method,))[method]
    assert np.isfinite(drawn).all()
    assert all(np.isfinite(value) for value in measures(cloud, drawn, labels).values())
