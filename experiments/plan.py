"""The wiring: a study becomes a list of stages, each after what it reads. Computes nothing.

In: a study, and the data set by name and content. Out: the stages, in an order in which they could run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from experiments.spec import Condition, Json, Product, Run, Stage, Study

# The figures of each page: report/figures/<page>.py has a function of each name.
FIGURES: Mapping[str, tuple[str, ...]] = {
    "data": ("examples", "class_means", "intensities", "classes", "spectrum"),
    "training": (
        "learning_curves",
        "epochs_to_accuracy",
        "class_accuracy",
        "confusions",
        "failures",
        "difference",
    ),
    "activations": ("distributions", "drift", "quantiles", "class_drift", "units"),
    "health": ("dead_units", "revival", "activity", "gradient_flow", "update_ratios"),
    "selectivity": (
        "class_means_mlp",
        "class_means_cnn",
        "top_units",
        "agreement",
        "overlap",
        "participation",
        "growth",
    ),
    "interventions": (
        "ablation",
        "curves",
        "dose",
        "confusions",
        "bottlenecks",
        "attractors",
        "mean_ablation",
        "importance",
    ),
    "geometry": ("pca_mlp", "pca_cnn", "explained_variance", "silhouette", "dimension"),
    "similarity": ("epochs", "steps", "settling", "layers", "networks", "relations"),
    "features": (
        "first_layer",
        "change",
        "locality",
        "filters",
        "saliency",
        "unit_saliency",
        "randomisation",
        "one_hot",
        "maximised",
        "maximised_logits",
    ),
    "superposition": ("interference", "cosines", "confused", "units"),
    "layers": ("differences", "curves", "drift", "units"),
    "replication": ("learning_curve", "top_units", "unit_14"),
}

# Further figures of the page "geometry", by the analysis that they read: report/figures/<analysis>.py draws them.
GEOMETRY: Mapping[str, tuple[str, ...]] = {
    "atlas": ("maps_mlp", "maps_cnn", "development_mlp", "development_cnn", "kept", "starts", "stability"),
    "neighbours": ("neighbours", "by_epoch"),
    "subspaces": ("subspaces",),
}

# The analyses whose measures stand side by side on the page "comparison".
COMPARED = (
    "training",
    "activations",
    "health",
    "selectivity",
    "interventions",
    "geometry",
    "neighbours",
    "similarity",
    "features",
    "superposition",
)


def plan(
    study: Study,
    *,
    dataset: str = "mnist",
    folder: str = "",
    cache: str = "",
    files: Mapping[str, str] | None = None,
    questions: Mapping[str, str] | None = None,
) -> list[Stage]:
    """All stages of a study.

    `folder` and `cache` say where data files are and where a download goes. `files` says what the folder holds
    where that is not MNIST (see `idx.fingerprints`), so that other files are other data. `questions`
    ({page: its heading}) are drawn as the pictures that stand for the pages elsewhere.
    """
    stages = [
        Stage(
            name="data",
            function="experiments.data:load",
            parameters={"dataset": dataset, "files": dict(files or {})},
            place={"folder": folder, "cache": cache},
            publish=("card.json",),
        ),
        Stage(
            name="probe",
            function="experiments.data:probe",
            parameters={"per_class": study.probe_per_class},
            inputs={"test": TEST},
        ),
        *(_train(study, run) for run in study.runs),
        *(_train(study, run, name=f"train/layers/{run.name}") for run in study.variant_runs),
        *(_network(run) for run in study.runs if run.seed == study.seeds[0]),
    ]
    records = {run.name: Product(f"train/{run.name}", "record.npz") for run in study.runs}
    first = {run.condition.name: records[run.name] for run in study.runs if run.seed == study.seeds[0]}
    stages.append(
        Stage(
            "shelf",
            "experiments.analyses.shelf:choose",
            inputs={"records": first, "test": TEST},
            publish=("shelf.npz",),
        )
    )
    stages += [
        _analysis(
            "data",
            "examine",
            inputs={"train": TRAIN, "test": TEST, "probe": PROBE, "card": CARD},
            parameters={"treatments": {t.name: {"mean": t.mean, "std": t.std} for t in study.treatments}},
            publish=("examples.npz",),
        ),
        _analysis("training", "compare", inputs={"records": records, "test": TEST, "card": CARD}),
        _analysis("activations", "drift", inputs={"records": records, "card": CARD}),
        _analysis("health", "examine", inputs={"records": records}),
        *(_embed(run) for run in study.runs),
        _analysis(
            "geometry",
            "compare",
            inputs={
                "runs": {run.name: Product(f"embed/{run.name}", "arrays.npz") for run in study.runs},
                "probe": PROBE,
            },
        ),
        *(_neighbours(run) for run in study.runs),
        *(_subspaces(run) for run in study.runs),
        *(
            _analysis(
                page,
                "compare",
                inputs={"runs": {run.name: Product(f"{page}/{run.name}", "arrays.npz") for run in study.runs}},
            )
            for page in ("neighbours", "subspaces")
        ),
        *(_manifold(study, condition) for condition in study.conditions),
        *(_stability(study, condition) for condition in study.conditions),
        _analysis(
            "atlas",
            "compare",
            inputs={
                argument: {each.name: Product(f"{stage}/{each.name}", "arrays.npz") for each in study.conditions}
                for argument, stage in (("conditions", "manifold"), ("stability", "stability"))
            },
        ),
        *(_units("selectivity", run, parameters={"draws": 10}) for run in study.runs),
        *(_units("interventions", run, inputs={"test": TEST}) for run in study.runs),
        *(
            _analysis(
                page,
                "compare",
                inputs={
                    "card": CARD,
                    "runs": {run.name: Product(f"{page}/{run.name}", "arrays.npz") for run in study.runs},
                },
            )
            for page in ("selectivity", "interventions")
        ),
        *(_similarity(run) for run in study.runs),
        _analysis(
            "similarity",
            "compare",
            inputs={"runs": {run.name: Product(f"similarity/{run.name}", "arrays.npz") for run in study.runs}},
            parameters={"threshold": 0.95},
        ),
        _analysis(
            "superposition",
            "compare",
            inputs={
                "records": records,
                "weights": {run.name: Product(f"train/{run.name}", "weights.npz") for run in study.runs},
            },
        ),
        Stage(name="border", function="experiments.analyses.features:border", inputs={"train": TRAIN}),
        *(_features(run) for run in study.runs),
        *(_gallery(run) for run in study.runs if run.seed == study.seeds[0]),
        _analysis(
            "features",
            "compare",
            inputs={
                "runs": {run.name: Product(f"features/{run.name}", "arrays.npz") for run in study.runs},
                "galleries": {c.name: Product(f"gallery/{c.name}", "arrays.npz") for c in study.conditions},
                "probe": PROBE,
                "border": BORDER,
            },
        ),
    ]
    stages += [_layers(study), *_replication(study)]
    firsts = [run for run in study.runs if run.seed == study.seeds[0]]
    stages += [_portraits(run) for run in firsts]
    stages.append(
        Stage(
            name="analysis/units",
            function="experiments.analyses.portraits:gather",
            inputs={
                "portraits": {run.condition.name: _portrait(run, "portraits.npz") for run in firsts},
                "responses": {run.condition.name: _portrait(run, "responses.npz") for run in firsts},
                "probe": PROBE,
            },
            publish=("arrays.npz", "facts.json"),
        )
    )
    stages += [_unit_page(run, [run.condition for run in firsts]) for run in firsts]
    stages += _map(study, stages)
    stages += [_figure(page, name) for page, names in FIGURES.items() for name in names]
    stages += [_figure("geometry", name, analysis=analysis) for analysis, names in GEOMETRY.items() for name in names]
    facts = {page: Product(f"analysis/{page}", "facts.json") for page in FIGURES}
    stages += [
        Stage(
            name="analysis/comparison",
            function="experiments.analyses.comparison:gather",
            inputs={"facts": {analysis: Product(f"analysis/{analysis}", "facts.json") for analysis in COMPARED}},
            publish=("facts.json",),
        ),
        Stage(
            name="figure/comparison/overview",
            function="report.figures.comparison:overview",
            inputs={"facts": Product("analysis/comparison", "facts.json")},
        ),
    ]
    stages.append(
        Stage(
            name="script/shelf",
            function="report.shelf:pack",
            parameters={"titles": {c.name: f"{c.architecture.title}, {c.treatment.title}" for c in study.conditions}},
            inputs={"shelf": Product("shelf", "shelf.npz")},
            publish=("shelf.js", "shelf.png", "shelf.json"),
        )
    )
    stages.append(Stage("figure/index/at-a-glance", "report.figures.index:at_a_glance", inputs={"facts": facts}))
    stages.append(
        Stage(
            name="script/networks",
            function="report.scripts:networks",
            parameters={"titles": {c.name: f"{c.architecture.title}, {c.treatment.title}" for c in study.conditions}},
            inputs={
                "networks": {c.name: Product(f"network/{c.name}", "network.safetensors") for c in study.conditions}
            },
            publish=("networks.js",),
        )
    )
    return stages + [_social(page, question) for page, question in (questions or {}).items()]


def shown(stages: list[Stage]) -> list[Product]:
    """The products that pages are made of: the data card, every analysis's facts, every picture and its numbers."""
    products = [CARD]
    for stage in stages:
        if stage.name.startswith("analysis/"):
            products.append(Product(stage.name, "facts.json"))
        elif stage.name.startswith("social/"):
            products.append(Product(stage.name, "social.png"))
        elif stage.name.startswith("unit-page/"):
            products.append(Product(stage.name, "units.json"))
        elif stage.name.startswith("script/"):
            products += made(stage)
        elif stage.name.startswith("figure/"):
            products += [Product(stage.name, "figure.svg"), Product(stage.name, "data.csv")]
    return products


def made(stage: Stage) -> tuple[Product, ...]:
    """What a stage makes for the browser: the files that it names as published."""
    return tuple(Product(stage.name, name) for name in stage.publish)


# Stages that draw or pack: each build does it for itself, nothing of it is put on the published shelf.
PICTURES = ("figure/", "social/", "script/", "unit-page/")
TRAIN = Product("data", "train.npz")
TEST = Product("data", "test.npz")
CARD = Product("data", "card.json")
PROBE = Product("probe", "probe.npz")
BORDER = Product("border", "border.npz")


def _train(study: Study, run: Run, *, name: str = "", function: str = "experiments.train:train") -> Stage:
    return Stage(
        name=name or f"train/{run.name}",
        function=function,
        parameters={
            **_network_of(run),
            "seed": run.seed,
            "epochs": study.epochs,
            "batch_size": study.batch_size,
            "learning_rate": study.learning_rate,
            "early": study.early,
        },
        inputs={"train_set": TRAIN, "test_set": TEST, "probe_set": PROBE},
    )


def _network_of(run: Run) -> dict[str, Json]:
    """What the stages that build a network are told of it."""
    architecture, treatment = run.condition.architecture, run.condition.treatment
    return {
        "architecture": {"build": architecture.build, "options": dict(architecture.options)},
        "treatment": {"mean": treatment.mean, "std": treatment.std},
    }


def _network(run: Run) -> Stage:
    return Stage(
        name=f"network/{run.condition.name}",
        function="experiments.networks:keep",
        parameters=_network_of(run),
        inputs={"weights": Product(f"train/{run.name}", "weights.npz")},
        publish=("network.safetensors",),
    )


def _units(
    page: str, run: Run, *, inputs: Mapping[str, Product] | None = None, parameters: Mapping[str, Json] | None = None
) -> Stage:
    return Stage(
        name=f"{page}/{run.name}",
        function=f"experiments.analyses.{page}:read",
        parameters={**_network_of(run), "seed": run.seed, **(parameters or {})},
        inputs={
            "weights": Product(f"train/{run.name}", "weights.npz"),
            "record": Product(f"train/{run.name}", "record.npz"),
            "probe": PROBE,
            **(inputs or {}),
        },
    )


def _portraits(run: Run) -> Stage:
    return Stage(
        name=f"portraits/{run.condition.name}",
        function="experiments.analyses.portraits:read",
        parameters=_network_of(run),
        inputs={
            "weights": Product(f"train/{run.name}", "weights.npz"),
            "record": Product(f"train/{run.name}", "record.npz"),
            "interventions": Product(f"interventions/{run.name}", "arrays.npz"),
            "probe": PROBE,
        },
        publish=("portraits.npz",),
    )


def _portrait(run: Run, name: str) -> Product:
    return Product(f"portraits/{run.condition.name}", name)


def _unit_page(run: Run, conditions: Sequence[Condition]) -> Stage:
    """What the page of a network's units shows; `conditions` are those whose units may be near to its own."""
    return Stage(
        name=f"unit-page/{run.condition.name}",
        function="report.portraits:draw",
        parameters={
            "condition": run.condition.name,
            "titles": [[each.name, f"{each.architecture.title}, {each.treatment.title}"] for each in conditions],
        },
        inputs={
            "portraits": {each.name: Product(f"portraits/{each.name}", "portraits.npz") for each in conditions},
            "gathered": Product("analysis/units", "arrays.npz"),
        },
    )


def _similarity(run: Run) -> Stage:
    return Stage(
        name=f"similarity/{run.name}",
        function="experiments.analyses.similarity:read",
        parameters=_network_of(run),
        inputs={"weights": Product(f"train/{run.name}", "weights.npz"), "probe": PROBE},
    )


def _features(run: Run) -> Stage:
    return Stage(
        name=f"features/{run.name}",
        function="experiments.analyses.features:read",
        parameters={**_network_of(run), "seed": run.seed},
        inputs={"weights": Product(f"train/{run.name}", "weights.npz"), "probe": PROBE, "border": BORDER},
    )


def _gallery(run: Run) -> Stage:
    return Stage(
        name=f"gallery/{run.condition.name}",
        function="experiments.analyses.features:gallery",
        parameters=_network_of(run),
        inputs={"weights": Product(f"train/{run.name}", "weights.npz"), "probe": PROBE},
    )


def _embed(run: Run) -> Stage:
    return Stage(
        name=f"embed/{run.name}",
        function="experiments.analyses.geometry:embed",
        inputs={
            "layers": Product(f"train/{run.name}", "layers.npz"),
            "trajectory": Product(f"train/{run.name}", "trajectory.npz"),
            "probe": PROBE,
        },
    )


def _neighbours(run: Run) -> Stage:
    embed = _embed(run)
    return Stage(
        name=f"neighbours/{run.name}",
        function="experiments.analyses.neighbours:examine",
        inputs={**embed.inputs, "embedded": Product(embed.name, "arrays.npz")},
    )


def _subspaces(run: Run) -> Stage:
    return Stage(
        name=f"subspaces/{run.name}",
        function="experiments.analyses.subspaces:examine",
        parameters={"seed": 0},
        inputs={"trajectory": Product(f"train/{run.name}", "trajectory.npz"), "probe": PROBE},
    )


def _stability(study: Study, condition: Condition) -> Stage:
    runs = [Run(condition, seed) for seed in study.seeds[:5]]
    return Stage(
        name=f"stability/{condition.name}",
        function="experiments.analyses.stability:repeat",
        parameters={"seeds": len(runs), "methods": list(study.embeddings)},
        inputs={
            "trajectories": {run.name: Product(f"train/{run.name}", "trajectory.npz") for run in runs},
            "probe": PROBE,
        },
    )


def _manifold(study: Study, condition: Condition) -> Stage:
    return Stage(
        name=f"manifold/{condition.name}",
        function="experiments.analyses.manifold:embed",
        parameters={"seed": 0, "methods": list(study.embeddings)},
        inputs={"layers": Product(f"train/{condition.name}/{study.seeds[0]}", "layers.npz"), "probe": PROBE},
    )


def _layers(study: Study) -> Stage:
    """The variants beside the network they vary, which is called plain; same seeds."""
    plain = {f"plain/{run.seed}": f"train/{study.variants_of}/{run.seed}" for run in study.variant_runs}
    varied = {f"{run.condition.architecture.name}/{run.seed}": f"train/layers/{run.name}" for run in study.variant_runs}
    shares = [variant.options.get("dropout", 0.0) for variant in study.variants]
    return _analysis(
        "layers",
        "compare",
        inputs={"records": {name: Product(stage, "record.npz") for name, stage in {**plain, **varied}.items()}},
        parameters={
            "titles": {"plain": "Plain", **{variant.name: variant.title for variant in study.variants}},
            "dropout": max(shares, default=0.0),
        },
    )


def _replication(study: Study) -> list[Stage]:
    """The notebooks' two runs, with plain kernels; and the first of them once more, as all others are trained."""
    runs = {condition.name: Run(condition, study.replication) for condition in study.conditions}
    raw, normalized = runs["mlp-raw"], runs["mlp-normalized"]
    exact = "experiments.exact:train"

    def read(name: str, function: str, *, draws: int) -> Stage:
        return Stage(
            name=f"specimen/{name}",
            function=f"experiments.analyses.specimen:{function}",
            parameters={"architecture": _network_of(raw)["architecture"], "seed": 0, "draws": draws},
            inputs={"weights": Product(f"train/replication/{name}", "weights.npz"), "test": TEST},
        )

    records = {
        run.name: Product(f"train/{run.name}", "record.npz") for run in study.runs if run.condition == raw.condition
    }
    return [
        _train(study, raw, name="train/replication/raw", function=exact),
        _train(study, normalized, name="train/replication/normalized", function=exact),
        _train(study, raw, name="train/replication/fast"),
        read("raw", "read_exactly", draws=len(study.seeds)),
        read("fast", "read", draws=0),
        _analysis(
            "replication",
            "compare",
            inputs={
                "raw": Product("specimen/raw", "arrays.npz"),
                "record": Product("train/replication/raw", "record.npz"),
                "fast": Product("specimen/fast", "arrays.npz"),
                "fast_record": Product("train/replication/fast", "record.npz"),
                "normalized": Product("train/replication/normalized", "record.npz"),
                "records": records,
                "variants": Product("analysis/layers", "arrays.npz"),
            },
        ),
    ]


def _map(study: Study, stages: list[Stage]) -> list[Stage]:
    """What the page "map" is made of, from the networks of the first seed; t-SNE and UMAP where they are planned."""
    planned = {stage.name for stage in stages}
    runs = {run.condition.name: run for run in study.runs if run.seed == study.seeds[0]}
    planes = {name: Product(f"embed/{run.name}", "arrays.npz") for name, run in runs.items()}
    places = [
        Stage(
            name=f"places/{name}",
            function="experiments.analyses.places:place",
            parameters=_network_of(run),
            inputs={
                "planes": planes[name],
                "bent": {"maps": Product(f"manifold/{name}", "arrays.npz")} if f"manifold/{name}" in planned else {},
                "reference": next(iter(planes.values())),
                "trajectory": Product(f"train/{run.name}", "trajectory.npz"),
                "weights": Product(f"train/{run.name}", "weights.npz"),
                "probe": PROBE,
            },
            publish=("places.npz",),
        )
        for name, run in runs.items()
    ]
    sheet = Stage("sheet", "experiments.analyses.places:sheet", inputs={"probe": PROBE}, publish=("sheet.npz",))
    script = Stage(
        name="script/map",
        function="report.scripts_map:pack",
        parameters={
            "networks": {
                name: {
                    "title": f"{run.condition.architecture.title}, {run.condition.treatment.title}",
                    "architecture": run.condition.architecture.title,
                    "treatment": run.condition.treatment.name,
                }
                for name, run in runs.items()
            }
        },
        inputs={
            "sheet": Product("sheet", "sheet.npz"),
            "places": {name: Product(f"places/{name}", "places.npz") for name in runs},
        },
        publish=("map.js", "map-digits.png", *(f"map-{name}.js" for name in runs)),
    )
    return [*places, sheet, script]


def _analysis(
    page: str, function: str, *, inputs: Mapping, parameters: Mapping | None = None, publish: tuple[str, ...] = ()
) -> Stage:
    return Stage(
        name=f"analysis/{page}",
        function=f"experiments.analyses.{page}:{function}",
        parameters=parameters or {},
        inputs=inputs,
        publish=("arrays.npz", "facts.json", *publish),
    )


def _figure(page: str, name: str, *, analysis: str = "") -> Stage:
    analysis = analysis or page
    return Stage(
        name=f"figure/{page}/{name.replace('_', '-')}",
        function=f"report.figures.{analysis}:{name}",
        inputs={
            "arrays": Product(f"analysis/{analysis}", "arrays.npz"),
            "facts": Product(f"analysis/{analysis}", "facts.json"),
        },
    )


def _social(page: str, question: str) -> Stage:
    return Stage(f"social/{page}", "report.figures.social:card", {"question": question, "title": "Inside MNIST"})
