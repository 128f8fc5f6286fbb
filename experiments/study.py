"""The studies, as values: this is the one file that a fork edits.

Add a seed and exactly that seed is trained; add an architecture (see experiments/models) and exactly its
runs are trained. Standard library only.
"""

from dataclasses import replace

from experiments.spec import Architecture, Study, Treatment

MLP = Architecture(name="mlp", title="MLP", build="experiments.models.mlp:MLP", options={"hidden": [32, 16]})
CNN = Architecture(
    name="cnn", title="CNN", build="experiments.models.cnn:CNN", options={"channels": [8, 16], "hidden": 16}
)

RAW = Treatment(name="raw", title="raw", mean=0.0, std=1.0)
NORMALIZED = Treatment(name="normalized", title="normalized", mean=0.1307, std=0.3081)

PUBLISHED = Study(
    name="published",
    architectures=(MLP, CNN),
    treatments=(RAW, NORMALIZED),
    seeds=tuple(range(10)),
    epochs=20,
    batch_size=64,
    learning_rate=0.01,
    probe_per_class=200,
    early=1,
)
QUICK = replace(PUBLISHED, name="quick", seeds=(0, 1), epochs=2, probe_per_class=50)
SMOKE = replace(
    PUBLISHED,
    name="smoke",
    seeds=(0, 1),
    epochs=2,
    probe_per_class=20,
    embeddings=("pca", "tsne"),  # UMAP, when it first runs on a machine, is compiled for longer than all this takes
)

STUDIES = {study.name: study for study in (PUBLISHED, QUICK, SMOKE)}
