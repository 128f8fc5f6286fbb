"""The studies, as values: this is the one file that a fork edits.

Add a seed and exactly that seed is trained; add an architecture (see experiments/models) and exactly its
runs are trained. Standard library only.
"""

from dataclasses import replace

from experiments.spec import Architecture, Recipe, Study, Treatment

MLP = Architecture(name="mlp", title="MLP", build="experiments.models.mlp:MLP", options={"hidden": [32, 16]})
CNN = Architecture(
    name="cnn", title="CNN", build="experiments.models.cnn:CNN", options={"channels": [8, 16], "hidden": 16}
)

RAW = Treatment(name="raw", title="raw", mean=0.0, std=1.0)
NORMALIZED = Treatment(name="normalized", title="normalized", mean=0.1307, std=0.3081)

DROPOUT = 0.2


def _variant(name: str, title: str, *after: list[str]) -> Architecture:
    """The MLP with other parts behind its weights: a list for each hidden layer; see experiments/models/layered.py."""
    options = {"hidden": [32, 16], "after": list(after), "dropout": DROPOUT}
    return Architecture(name, title, build="experiments.models.layered:LayeredMLP", options=options)


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

PUBLISHED = Study(
    name="published",
    architectures=(MLP, CNN),
    treatments=(RAW, NORMALIZED),
    seeds=tuple(range(10)),
    epochs=20,
    probe_per_class=200,
    early=1,
    recipe=Recipe("sgd", learning_rate=0.01, batch_size=64),
    variants=VARIANTS,
    variants_of="mlp-normalized",
)
QUICK = replace(
    PUBLISHED,
    name="quick",
    seeds=(0, 1),
    epochs=1,
    probe_per_class=30,
    variants=(DROPOUT_1, NOTEBOOKS),
    ascent_steps=60,
    embeddings=("pca", "tsne"),  # UMAP, when it first runs on a machine, is compiled for longer than a chapter takes
)
SMOKE = replace(QUICK, name="smoke", probe_per_class=3, ascent_steps=10)

STUDIES = {study.name: study for study in (PUBLISHED, QUICK, SMOKE)}
