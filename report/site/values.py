"""The constants of a study as templates read them: study.* and dataset.*."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from markupsafe import Markup

from experiments.spec import Comparison, Condition, Recipe, Study
from report import classes
from report.argument.facts import grouped

# fmt: off
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
# fmt: on
_SIGNS = re.compile(r"[&<>\"*_`\[\]|~#$\\{}]")
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


class Names:
    """Named values of which a template may ask for one (`study.epochs`) or all in turn."""

    def __init__(self, label: str, values: Mapping[str, Any]) -> None:
        self._label = label
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return _wrap(f"{self._label}.{name}", self._values[name])
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> Any:
        return _wrap(f"{self._label}.{name}", self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{self._label} (it has {', '.join(map(str, self._values))})"


def of_study(study: Study) -> Names:
    """What pages may say of a study: counts, options; architectures, treatments, conditions, variants.

    Of trainings of different lengths `epochs` is the shortest."""
    return Names(
        "study",
        {
            "name": study.name,
            "seeds": len(study.seeds),
            "seed_list": study.seeds,
            "control_seeds": min(study.control_seeds, len(study.seeds)),
            "epochs": min(map(study.epochs_of, study.conditions)),
            "early": study.early,
            "recipes": _recipes(study),
            "probe_per_class": study.probe_per_class,
            "embeddings": study.embeddings,
            "runs": len(study.runs),
            "conditions": study.conditions,
            "comparisons": study.comparisons,
            "treatment_effects": _effects(study, "treatment"),
            "architecture_effects": _effects(study, "architecture"),
            "control_effects": [each for each in study.comparisons if study.control_in(each)],
            "step_effects": [each for each in study.comparisons if _is_of_a_step(each)],
            "controls": study.controls,
            "product": study.product,
            "specimen": study.shown_seed,
            "architectures": study.architectures,
            "treatments": study.treatments,
            "fed": list({each.treatment.name: each.treatment for each in study.conditions}.values()),
            "tried": _tried(study),
            "steps_apart": study.at_matched_step,
            "variants": study.variants,
            "variants_of": next((each for each in study.conditions if each.name == study.variants_of), None),
        },
    )


def _effects(study: Study, axis: str) -> list[Comparison]:
    """The comparisons along an axis, but those that a control takes part in."""
    return [each for each in study.comparisons if each.axis == axis and not study.control_in(each)]


def _is_of_a_step(comparison: Comparison) -> bool:
    """Whether two conditions are fed alike, and only the rate of a layer differs."""
    first, second = comparison.first.treatment, comparison.second.treatment
    alike = (first.mean, first.std, first.transforms) == (second.mean, second.std, second.transforms)
    return comparison.axis == "treatment" and alike and first.layer_rates != second.layer_rates


def _tried(study: Study) -> Names:
    """The learning rates that are tried: who learns at them, and their treatments by what they do to the pixels.

    `rest`: (what a treatment changes that does it all, what is left of it at a matched step). `beside`: (the same, what
    another treatment of the same architecture changes). `left`: what any treatment changes beyond the matched step.
    `other`: what has no place among these.
    """
    kinds = ("scaled", "centred", "both", "stepped", "begun", "other")
    found: dict[str, list[Any]] = {name: [] for name in ("conditions", *kinds)}
    found |= {"rest": [], "left": [], "sweeps": [], "beside": []}
    for architecture in (each for each in study.architectures if each.name in study.sweeps):
        tried, effects = study.tried(architecture), study.tried_comparisons(architecture)
        sweep = study.sweeps[architecture.name]
        found["sweeps"].append((architecture, replace(sweep, seeds=min(sweep.seeds, len(study.seeds)))))
        found["conditions"] += [condition for condition, begun in tried.values() if begun is None]
        found["left"] += [each for each in effects if each.is_contrast]
        for effect in (each for each in effects if not each.is_contrast):
            kind = _kind(effect, is_begun=tried[effect.first.name][1] is not None)
            found[kind].append(effect)
            if kind == "both":
                own = [each for each in effects if each != effect]
                found["rest"] += [(effect, each) for each in own if each.is_contrast and each.first == effect.first]
                found["beside"] += [(effect, each) for each in own if not each.is_contrast]
    return Names("study.tried", found)


def _kind(effect: Comparison, *, is_begun: bool) -> str:
    """What a treatment does, beside one that leaves the pixels and the rates as they are."""
    treatment, plain = effect.first.treatment, effect.second.treatment
    if treatment.transforms or plain.layer_rates or not plain.is_identity:
        return "other"
    if is_begun:
        return "begun"
    if treatment.is_identity:
        return "stepped"
    return "scaled" if treatment.mean == 0 else "centred" if treatment.std == 1 else "both"


def _recipes(study: Study) -> list[dict[str, Any]]:
    """How the networks learn: each recipe once, and who learns by it."""
    found: dict[Recipe, list[Condition]] = {}
    for condition in study.conditions:
        found.setdefault(study.recipe_of(condition), []).append(condition)
    return [
        {
            "optimizer": recipe.optimizer,
            "learning_rate": recipe.learning_rate,
            "batch_size": recipe.batch_size,
            "momentum": recipe.momentum if recipe.optimizer == "sgd" else None,
            "averages": recipe.averages,
            "weight_decay": recipe.weight_decay,
            "epochs": study.epochs_of(conditions[0]),
            "conditions": conditions,
        }
        for recipe, conditions in found.items()
    ]


def of_dataset(card: Mapping[str, Any]) -> Names:
    """What pages may say of the data: whatever its card says, and `codes`, short names of its classes. Text is markup
    that shows it as it is, wherever it comes to stand: a class may be called "<b> & *c*"."""
    short = {"codes": classes.codes(card["class_names"])} if "class_names" in card else {}
    return Names("dataset", {name: literal(value) for name, value in {**card, **short}.items()})


def literal(value: Any) -> Any:
    """Text with every character that HTML or Markdown would take for more than itself as an entity."""
    if isinstance(value, str):
        return Markup(_SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", value))
    return [literal(each) for each in value] if isinstance(value, list) else value


def words(number: int) -> str:
    """A count under a hundred in words ("ten", "forty-two"), any other in digits with separators."""
    if not 0 <= number < 100:
        return grouped(number)
    if number < len(WORDS):
        return WORDS[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens - 2]}-{WORDS[ones]}" if ones else TENS[tens - 2]


def counted(number: int, noun: str) -> str:
    """So many of something: "one seed", "ten seeds"."""
    return f"{words(number)} {noun}{'' if number == 1 else 's'}"


def listed(things: Sequence[Any], *, last: str = "and") -> str:
    """What things are called, in one phrase: "raw, scaled and normalized"."""
    titles = [thing if isinstance(thing, str) else thing.title for thing in things]
    return f" {last} ".join(filter(None, (", ".join(titles[:-1]), *titles[-1:])))


def _wrap(label: str, value: Any) -> Any:
    return Names(label, value) if isinstance(value, Mapping) else value
