"""The studies, as values: this is the one file that a fork edits.

Add a seed and exactly that seed is trained; add an architecture (see experiments/models) and exactly its
runs are trained. Standard library only.
"""

from dataclasses import replace

from experiments.spec import Architecture, Condition, DataSet, Recipe, Study, Sweep, Transform, Treatment

MLP = Architecture(
    name="mlp", title="MLP", build="experiments.models.mlp:MLP", options={"hidden": [32, 16]}, side_by_side=True
)
CNN = Architecture(
    name="cnn", title="CNN", build="experiments.models.cnn:CNN", options={"channels": [8, 16], "hidden": 16}
)

RAW = Treatment(name="raw", title="raw", mean=0.0, std=1.0)
NORMALIZED = Treatment(name="normalized", title="normalized", mean=0.1307, std=0.3081)
CENTRED = Treatment(name="centred", title="centred", mean=0.1307, std=1.0)
SCALED = Treatment(name="scaled", title="scaled", mean=0.0, std=0.3081)

# Controls: raw pixels with the first layer's step as large as division by the standard deviation makes it; and
# normalized pixels whose neighbours are none any more.
MATCHED = Treatment(name="matched", title="matched", mean=0.0, std=1.0, layer_rates={"first": 1 / 0.3081**2})
SHUFFLED = replace(
    NORMALIZED,
    name="shuffled",
    title="shuffled",
    transforms=(Transform("in one fixed random order", "experiments.treatment:shuffled", {"seed": 0}),),
)

DROPOUT = 0.2


def _variant(name: str, title: str, *after: list[str]) -> Architecture:
    """The MLP with other parts behind its weights: a list for each hidden layer; see experiments/models/layered.py."""
    options = {"hidden": [32, 16], "after": list(after), "dropout": DROPOUT}
    return Architecture(name, title, build="experiments.models.layered:LayeredMLP", options=options, side_by_side=True)


NOTEBOOKS = _variant("notebooks", "Notebooks’ combination", ["relu", "layernorm", "dropout"], ["layernorm", "relu"])
DROPOUT_1 = _variant("dropout-1", "Dropout after ReLU 1", ["relu", "dropout"], ["relu"])
VARIANTS = (
    _variant("layernorm-1-after", "LayerNorm after ReLU 1", ["relu", "layernorm"], ["relu"]),
    _variant("layernorm-1-before", "LayerNorm before ReLU 1", ["layernorm", "relu"], ["relu"]),
    _variant("layernorm-2-after", "LayerNorm after ReLU 2", ["relu"], ["relu", "layernorm"]),
    _variant("layernorm-2-before", "LayerNorm before ReLU 2", ["relu"], ["layernorm", "relu"]),
    _variant("layernorm-both", "LayerNorm after both", ["relu", "layernorm"], ["relu", "layernorm"]),
    _variant("batchnorm", "BatchNorm before both", ["batchnorm", "relu"], ["batchnorm", "relu"]),
    DROPOUT_1,
    _variant("dropout-both", "Dropout after both", ["relu", "dropout"], ["relu", "dropout"]),
    NOTEBOOKS,
)

# Learning rates that are tried, each about twice the one before.
TRIED = (RAW, CENTRED, SCALED, NORMALIZED, MATCHED)
RATES = (0.003, 0.006, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
FOLDED = ((RAW.name, NORMALIZED.name), (NORMALIZED.name, RAW.name))
SWEEPS = {
    MLP.name: Sweep(treatments=TRIED, rates=RATES, seeds=5, epochs=20, folded=FOLDED),
    CNN.name: Sweep(treatments=TRIED, rates=(0.003, 0.01, 0.03, 0.1, 0.3, 1.0), seeds=3, epochs=5),
}

PUBLISHED = Study(
    name="published",
    architectures=(MLP, CNN),
    treatments=(RAW, NORMALIZED),
    seeds=tuple(range(10)),
    epochs=20,
    probe_per_class=200,
    early=1,
    recipe=Recipe("sgd", learning_rate=0.01, batch_size=64),
    controls=tuple(Condition(each, control) for each in (MLP, CNN) for control in (MATCHED, SHUFFLED)),
    contrasts=(
        ("mlp-matched", "mlp-raw"),
        ("cnn-matched", "cnn-raw"),
        ("mlp-normalized", "mlp-matched"),
        ("cnn-normalized", "cnn-matched"),
        ("mlp-shuffled", "mlp-normalized"),
        ("cnn-shuffled", "cnn-normalized"),
        ("cnn-shuffled", "mlp-shuffled"),
    ),
    specimen=5,
    sweeps=SWEEPS,
    variants=VARIANTS,
    variants_of="mlp-normalized",
)
QUICK = replace(
    PUBLISHED,
    name="quick",
    seeds=(0, 1),
    epochs=1,
    probe_per_class=30,
    most=(10_000, 2_000),
    controls=(Condition(MLP, MATCHED),),
    contrasts=(("mlp-matched", "mlp-raw"), ("mlp-normalized", "mlp-matched")),
    specimen=None,
    sweeps={MLP.name: Sweep((RAW, NORMALIZED, MATCHED), rates=(0.01, 0.1), seeds=2, epochs=1, folded=FOLDED[:1])},
    variants=(DROPOUT_1, NOTEBOOKS),
    ascent_steps=60,
    embeddings=("pca", "tsne"),  # UMAP, when it first runs on a machine, is compiled for longer than a chapter takes
)
SMOKE = replace(QUICK, name="smoke", probe_per_class=3, ascent_steps=10)


def _on_other_data(study: Study, name: str, data: DataSet, *, mean: float, std: float) -> Study:
    """A study of another set of images: what MNIST's mean and deviation did in its treatments, the set's own do."""

    def own(treatment: Treatment) -> Treatment:
        return replace(
            treatment,
            mean=mean if treatment.mean == NORMALIZED.mean else treatment.mean,
            std=std if treatment.std == NORMALIZED.std else treatment.std,
            layer_rates=dict.fromkeys(treatment.layer_rates, 1 / std**2),
        )

    sweeps = study.sweeps.items()
    return replace(
        study,
        name=name,
        data=data,
        treatments=tuple(map(own, study.treatments)),
        controls=tuple(replace(each, treatment=own(each.treatment)) for each in study.controls),
        sweeps={of: replace(sweep, treatments=tuple(map(own, sweep.treatments))) for of, sweep in sweeps},
    )


FASHION = _on_other_data(
    PUBLISHED,
    "fashion",
    DataSet(
        title="Fashion-MNIST",
        noun="article",
        plural="articles",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        source="Fashion-MNIST, a shop's photographs collected by Han Xiao, Kashif Rasul and Roland Vollgraf.",
        licence="MIT",
        loader="FashionMNIST",
    ),
    mean=0.2860,
    std=0.3530,
)

STUDIES = {study.name: study for study in (PUBLISHED, FASHION, QUICK, SMOKE)}
