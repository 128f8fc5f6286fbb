"""How the classes are laid out inside: planes, neighbours and subspaces of every network; bent maps of the
specimen, and how chance bends them."""

from __future__ import annotations

from experiments.rows import LAST, Row
from experiments.spec import Product, Stage, Study
from experiments.wiring import PROBE, TEST, TRAIN, analysis, arrays, figures, grid, of_network, weights

ROWS = (
    Row("geometry", "silhouette", LAST, "silhouette", "how far apart the classes lie, at most one"),
    Row("geometry", "silhouette_plane", LAST, "silhouette on a plane", "the same on two principal components"),
    Row("geometry", "dimension", LAST, "effective dimension", "dimensions that the activations use"),
    Row("geometry", "plane_variance", LAST, "variance on a plane", "share on the first two principal components"),
    Row("geometry", "knn", LAST, "k-NN accuracy", "images whose ten nearest neighbours vote right", "neighbours"),
    Row("geometry", "linear_probe", LAST, "linear probe", "images that a straight cut tells right", "neighbours"),
    Row("geometry", "knn_plane", LAST, "k-NN on a plane", "on two principal components", "neighbours"),
    Row("geometry", "trustworthiness_plane", LAST, "trust in a plane", "neighbours drawn that are so", "neighbours"),
)
STARTS = 5  # networks of a condition that are mapped to tell what chance does


def stages(study: Study) -> list[Stage]:
    compared, is_bent = {"grid": grid(study)}, set(study.embeddings) != {"pca"}
    of_each = ("maps", "development") if is_bent else ("maps",)
    of_all = ("kept", "starts", "stability") if is_bent else ("kept",)
    return [
        *_planes(study),
        *_maps(study),
        analysis(
            "geometry", "compare", inputs={"runs": arrays("embed", study.runs), "probe": PROBE}, parameters=compared
        ),
        analysis(
            "neighbours",
            "compare",
            inputs={"runs": arrays("neighbours", study.runs), "probes": arrays("linear-probe", study.runs)},
            parameters=compared,
        ),
        analysis("subspaces", "compare", inputs={"runs": arrays("subspaces", study.runs)}, parameters=compared),
        analysis(
            "atlas",
            "compare",
            inputs={
                argument: {each.name: Product(f"{stage}/{each.name}", "arrays.npz") for each in study.product}
                for argument, stage in (("conditions", "manifold"), ("stability", "stability"))
            },
        ),
        *figures(study, "geometry", "pca", each="architecture"),
        *figures(study, "geometry", "explained_variance", "silhouette", "dimension"),
        *figures(study, "geometry", *of_each, analysis="atlas", each="architecture"),
        *figures(study, "geometry", *of_all, analysis="atlas"),
        *figures(study, "geometry", "neighbours", "by_epoch", analysis="neighbours"),
        *figures(study, "geometry", "subspaces", analysis="subspaces"),
    ]


def _planes(study: Study) -> list[Stage]:
    """What is read of every run: its principal planes, who is whose neighbour there, what a straight cut reads, and
    what few units keep."""
    found = []
    for run in study.runs:
        trajectory = Product(f"train/{run.name}", "trajectory.npz")
        read = {"layers": Product(f"train/{run.name}", "layers.npz"), "trajectory": trajectory, "probe": PROBE}
        embedded = Product(f"embed/{run.name}", "arrays.npz")
        found += [
            Stage(f"embed/{run.name}", "experiments.analyses.geometry:embed", inputs=read),
            Stage(
                f"neighbours/{run.name}",
                "experiments.analyses.neighbours:examine",
                inputs={**read, "embedded": embedded},
            ),
            of_network(
                run,
                f"linear-probe/{run.name}",
                "experiments.analyses.probes:read",
                inputs={"weights": weights(run), "train": TRAIN, "test": TEST},
            ),
            Stage(
                f"subspaces/{run.name}",
                "experiments.analyses.subspaces:examine",
                parameters={"seed": 0},
                inputs={"trajectory": trajectory, "probe": PROBE},
            ),
        ]
    return found


def _maps(study: Study) -> list[Stage]:
    """What is read of every condition: bent maps of the specimen's layers, and maps of several starts."""
    first, starts = study.shown_seed, study.seeds[:STARTS]
    found = []
    for name in (condition.name for condition in study.product):
        runs = [f"{name}/{seed}" for seed in starts]
        found += [
            Stage(
                name=f"manifold/{name}",
                function="experiments.analyses.manifold:embed",
                parameters={"seed": 0, "methods": list(study.embeddings)},
                inputs={"layers": Product(f"train/{name}/{first}", "layers.npz"), "probe": PROBE},
            ),
            Stage(
                name=f"stability/{name}",
                function="experiments.analyses.stability:repeat",
                parameters={"seeds": len(starts), "methods": list(study.embeddings)},
                inputs={
                    "trajectories": {run: Product(f"train/{run}", "trajectory.npz") for run in runs},
                    "probe": PROBE,
                },
            ),
        ]
    return found
