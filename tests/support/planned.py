"""A whole study, stage by stage in this process: all that is measured of small networks on a few images."""

import importlib

from experiments.data import probe
from experiments.plan import plan
from experiments.spec import Product

# What draws, and what only the published study has.
LEFT_OUT = ("train/replication", "train/layers", "settled", "specimen", "analysis/replication", "analysis/layers")
LEFT_OUT += ("figure", "social", "analysis/comparison")


def products(study, given, *, per_class=3, left_out=LEFT_OUT) -> dict[str, dict]:
    """{stage: its products} of a study whose training, test and probe images are the same few."""
    classes = int(given["labels"].max()) + 1
    height, width = given["images"].shape[1:]
    card = {"class_names": [f"class {k}" for k in range(classes)], "classes": classes, "kinds": "classes"}
    card |= {"kind": "class", "title": "a few", "noun": "image", "plural": "images", "height": height, "width": width}
    done = {
        "data": {
            "train.npz": given,
            "test.npz": given,
            "card.json": card,
            "shape.json": {"side": height, "classes": classes},
        }
    }
    done["probe"] = probe(test=given, per_class=per_class, seed=0)
    for stage in plan(study):
        if stage.name in done or stage.name.startswith(left_out):
            continue
        module, _, name = stage.function.partition(":")
        taken = {
            argument: done[source.stage][source.name]
            if isinstance(source, Product)
            else {key: done[each.stage][each.name] for key, each in source.items()}
            for argument, source in stage.inputs.items()
        }
        try:
            returned = getattr(importlib.import_module(module), name)(**taken, **stage.told())
            done[stage.name] = returned[0] if stage.stacked_by else returned
        except Exception as error:
            raise AssertionError(f"{stage.name}: {error!r}") from error
    return done
