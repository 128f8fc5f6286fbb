"""How the digits are laid out inside: principal components, separation and dimension of every layer.

In: the activations of the probe images at the start, early and at the end, and the last hidden layer at
every epoch. Out: for one run (`embed`) the numbers of each layer, for the study (`compare`) arrays and facts.
All measures are blind to the scale of a layer, so raw and normalized networks can be set side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Integer
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score

from experiments.evidence import Grid, Table, by_condition, moments, of_layers, shown, shown_row

Arrays = Mapping[str, np.ndarray]

COMPONENTS = 10
UNITS = {"silhouette": "", "silhouette_plane": "", "dimension": "dimensions", "plane_variance": "%"}
MARGINS = {  # the smallest difference that a reader should care about
    "silhouette": 0.01,  # of a measure that goes from minus one to one
    "silhouette_plane": 0.01,
    "dimension": 0.25,  # a quarter of a dimension
    "plane_variance": 1.0,  # one part in a hundred of what a plane shows
}
LEAST = {"dimension": 0.0}


def embed(*, layers: Arrays, trajectory: Arrays, probe: Arrays) -> dict[str, Any]:
    """PCA, silhouette and effective dimension of each layer of one network.

    layers: "<epoch>/<hook>" (image, ...). trajectory: penultimate (epoch, image, unit, ...).
    probe: labels (image,). Returns `arrays.npz`: hook_points in order of depth, epochs (moment,),
    silhouette_by_epoch (epoch,) of the last hidden layer, and for every hook point

        variance/<hook>          (moment, k)         share of the variance on each of the first components
        silhouette/<hook>        (moment,)           by digit, in the full space
        silhouette_plane/<hook>  (moment,)           by digit, on the first two components
        dimension/<hook>         (moment,)           see `effective_dimension`
        coordinates/<hook>       (moment, image, 2)  float16, see `plane`
    """
    labels = probe["labels"]
    epochs = sorted({int(name.partition("/")[0]) for name in layers})
    hooks = [name.partition("/")[2] for name in layers if name.startswith(f"{epochs[0]}/")]
    arrays: dict[str, np.ndarray] = {
        "hook_points": np.array(hooks),
        "epochs": np.array(epochs),
        "silhouette_by_epoch": np.array([silhouette(_flat(points), labels) for points in trajectory["penultimate"]]),
    }
    for hook in hooks:
        moments = [_measure(layers[f"{epoch}/{hook}"], labels) for epoch in epochs]
        arrays |= {f"{measure}/{hook}": np.stack([found[measure] for found in moments]) for measure in moments[0]}
    return {"arrays.npz": arrays}


def _flat(activations: np.ndarray) -> Float[np.ndarray, "image unit"]:
    return activations.reshape(len(activations), -1)


def _measure(activations: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    points = _flat(activations).astype(np.float64)
    places, variance = plane(points, labels)
    return {
        "variance": variance,
        "silhouette": np.array(silhouette(points, labels)),
        "silhouette_plane": np.array(silhouette(places, labels)),
        "dimension": np.array(effective_dimension(points)),
        "coordinates": places.astype(np.float16),
    }


def plane(
    points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"]
) -> tuple[Float[np.ndarray, "image 2"], Float[np.ndarray, " k"]]:
    """The points on their first two principal components, and the share of variance on each of the first k.

    k = 10, or less where the space has fewer dimensions. The plane is scaled to a root-mean-square radius
    of 1. A component has no sign of its own: each is turned so that the first class lies on its positive side.
    A layer that says the same of every image has no components: all is zero.
    """
    components = min(COMPONENTS, *points.shape)
    if points.var(axis=0).sum() == 0:
        return np.zeros((len(points), 2)), np.zeros(components)
    solver = "covariance_eigh" if points.shape[0] > points.shape[1] else "full"
    pca = PCA(n_components=components, svd_solver=solver)
    places = pca.fit_transform(points)[:, :2]
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    centre = places[labels == labels.min()].mean(axis=0)
    places *= np.where(centre < 0, -1, 1) / np.sqrt((places**2).sum(axis=1).mean())
    return places, np.clip(pca.explained_variance_ratio_, 0, 1)


def silhouette(points: Float[np.ndarray, "image unit"], labels: Integer[np.ndarray, " image"]) -> float:
    """Mean silhouette of the images, grouped by digit (Rousseeuw 1987), with Euclidean distances.

    1: each image is far nearer to its own digit's images than to those of any other digit; 0: as near to one
    other; below 0: nearer to another.
    A layer that says the same of every image has 0.
    """
    if np.ptp(points, axis=0).max() == 0:
        return 0.0
    return float(silhouette_score(points, labels))


def effective_dimension(points: Float[np.ndarray, "image unit"]) -> float:
    """Participation ratio of the eigenvalues of the covariance, (sum l)^2 / sum l^2.

    1: the points lie on a line; d: they spread evenly over d dimensions. Computed without eigenvalues: the
    sums are the covariance's trace and its squared Frobenius norm. A layer that says the same of every image
    has 0.
    """
    centred = points - points.mean(axis=0)
    covariance = centred.T @ centred if points.shape[0] > points.shape[1] else centred @ centred.T
    norm = (covariance**2).sum()
    return float(np.trace(covariance) ** 2 / norm) if norm > 0 else 0.0


def compare(*, runs: Mapping[str, Arrays], probe: Arrays, grid: Grid) -> dict[str, Any]:
    """The geometry of all networks: what `embed` measured, stacked over seeds.

    runs: {"mlp-raw/0": arrays of embed}. Returns `arrays.npz`: labels (image,), moments (the epochs shown),

        hook_points/<condition>
        silhouette, silhouette_plane, dimension /<condition>/<hook>   (seed, moment)
        variance/<condition>/<hook>                                   (seed, moment, k)
        specimen/<condition>                                          which of the seeds is the specimen's, from 0
        silhouette_by_epoch/<condition>                               (seed, epoch)
        coordinates/<condition>/<hook>                                (moment, image, 2) of the specimen

    and `facts.json`: `geometry.<measure>.<condition>.<hook>` at the end of training,
    `geometry.<measure>_start...` for the untrained network, `geometry.<measure>_gain...` for their paired
    difference.
    """
    groups = by_condition(runs)
    arrays: dict[str, np.ndarray] = {
        "labels": probe["labels"],
        "moments": moments(runs),
    }
    for condition, group in groups.items():
        hooks = [str(hook) for hook in group[0]["hook_points"]]
        arrays[f"hook_points/{condition}"] = np.array(hooks)
        arrays[f"specimen/{condition}"] = np.array(shown_row(runs, grid, condition))
        arrays[f"silhouette_by_epoch/{condition}"] = _stack(group, "silhouette_by_epoch")
        for hook in hooks:
            for measure in ("silhouette", "silhouette_plane", "dimension", "variance"):
                arrays[f"{measure}/{condition}/{hook}"] = _stack(group, f"{measure}/{hook}")
            arrays[f"coordinates/{condition}/{hook}"] = shown(runs, grid, condition)[f"coordinates/{hook}"]
    return {"arrays.npz": arrays, "facts.json": facts(groups, grid)}


def _stack(group: Sequence[Arrays], name: str) -> np.ndarray:
    return np.stack([arrays[name] for arrays in group]).astype(np.float32)


def facts(groups: Mapping[str, Sequence[Arrays]], grid: Grid) -> dict[str, Any]:
    """Every measure of every layer: see `evidence.of_layers`."""
    named: dict[str, Any] = {}
    for measure, unit in UNITS.items():
        start, end = (_table(groups, measure, moment=moment) for moment in (0, -1))
        named |= of_layers(
            start,
            end,
            grid,
            measure=f"geometry.{measure}",
            unit=unit,
            margin=MARGINS[measure],
            least=LEAST.get(measure),
        )
    return named


def _table(groups: Mapping[str, Sequence[Arrays]], measure: str, *, moment: int) -> Table:
    def value(arrays: Arrays, hook: str) -> float:
        if measure == "plane_variance":
            return 100 * float(arrays[f"variance/{hook}"][moment, :2].sum())
        return float(arrays[f"{measure}/{hook}"][moment])

    return {
        condition: {str(hook): np.array([value(arrays, hook) for arrays in group]) for hook in group[0]["hook_points"]}
        for condition, group in groups.items()
    }
