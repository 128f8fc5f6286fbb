"""The pages of the site and their order: the one place that says which page asks which question.

The text of a page is templates/pages/<slug>.md.
"""

from __future__ import annotations

from dataclasses import dataclass

SITE_TITLE = "Inside MNIST"
SITE_TAGLINE = "What normalization and convolution change inside four small networks"


@dataclass(frozen=True)
class Page:
    """`title` is the short name in the contents, `question` the heading, `description` what search engines show.

    `scripts` and `styles` are what it needs besides those of every page, in their order, as paths in the site.
    """

    slug: str
    title: str
    question: str
    description: str
    part: str
    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.slug}.html"


# The scripts of the digit lab, in the order in which they build on each other.
LAB = (
    "data/networks.js",
    "data/shelf.js",
    "assets/forward.js",
    "assets/state.js",
    "assets/raster.js",
    "assets/board.js",
    "assets/lab-words.js",
    "assets/lab-paint.js",
    "assets/lab-answers.js",
    "assets/lab-units.js",
    "assets/lab-scales.js",
    "assets/lab-controls.js",
    "assets/lab.js",
)

# And those of the map, whose networks' own data are fetched when they are chosen.
MAP = (
    "data/map.js",
    "assets/state.js",
    "assets/map-data.js",
    "assets/map-pick.js",
    "assets/map-state.js",
    "assets/map-dots.js",
    "assets/map-draw.js",
    "assets/map-panel.js",
    "assets/map-gestures.js",
    "assets/map-controls.js",
    "assets/map-detail.js",
    "assets/map.js",
)

PAGES = (
    Page(
        "index",
        "At a glance",
        "What do normalization and convolution change inside a small network?",
        "Four small networks read handwritten digits, with and without input normalization, with and without "
        "convolution: what was found inside them, and how sure we are.",
        "Begin",
        scripts=LAB,
        styles=("assets/lab.css",),
    ),
    Page(
        "lab",
        "Digit lab",
        "What do the networks make of your handwriting?",
        "Draw a digit and watch four networks read it: their answers, every hidden unit at work, and what happens when "
        "you switch units off or turn them up.",
        "Begin",
        scripts=LAB,
        styles=("assets/lab.css",),
    ),
    Page(
        "map",
        "Map",
        "Where does each digit lie inside a network?",
        "Test digits in the hidden layers of four networks, as maps to move about in: PCA, t-SNE and UMAP, from the "
        "untrained network to the last epoch.",
        "Begin",
        scripts=MAP,
        styles=("assets/map.css",),
    ),
    Page(
        "units",
        "Units",
        "What does each single unit do?",
        "Every hidden unit and channel of four networks as a portrait: what it prefers, which images excite it, and "
        "what the network loses without it.",
        "Begin",
        styles=("assets/units.css",),
    ),
    Page(
        "data",
        "Data",
        "What do the networks see?",
        "The digits, how they are split, and what raw and normalized input look like to a network before it has "
        "learnt anything.",
        "The study",
    ),
    Page(
        "training",
        "Training",
        "Who learns what, how fast, and where do they fail?",
        "Loss and accuracy over the epochs for an MLP and a CNN on raw and normalized digits, digit by digit, with "
        "the images that are misread.",
        "The study",
    ),
    Page(
        "activations",
        "Activations",
        "How do activations drift while a network trains?",
        "Mean, spread and shape of the activations at every hook point, from the untrained network to the last "
        "epoch, on raw and normalized input.",
        "The study",
    ),
    Page(
        "health",
        "Health",
        "Which units die, and does the gradient reach everyone?",
        "Dead, rarely active and always active units, gradient norms and update ratios, layer by layer and epoch "
        "by epoch.",
        "The study",
    ),
    Page(
        "selectivity",
        "Selectivity",
        "Which units prefer which digit, and how many mean several things?",
        "Class means of every unit, three ways to name a digit's units, specialists and generalists, beside untrained "
        "and rotated layers.",
        "The study",
    ),
    Page(
        "interventions",
        "Interventions",
        "Which units matter?",
        "Every hidden unit switched off, turned up and set to its average: bottlenecks, attractors, and whether "
        "selective units are the important ones.",
        "The study",
    ),
    Page(
        "geometry",
        "Geometry",
        "How are the digits laid out inside?",
        "Where ten digits lie in the space of a layer: PCA, t-SNE and UMAP, what may be read off them, how far apart "
        "the digits are, and how many dimensions and units it takes.",
        "The study",
    ),
    Page(
        "similarity",
        "Similarity",
        "How far do representations move, and do different networks arrive at the same one?",
        "How alike a layer is to its own past, to other layers, and to the same layer of networks with another seed, "
        "another input treatment or another architecture.",
        "The study",
    ),
    Page(
        "features",
        "Features",
        "What is a unit looking for?",
        "First-layer weights and filters, saliency and its sanity checks, one-hot maps, and the images, real and made, "
        "that please a unit most.",
        "The study",
    ),
    Page(
        "superposition",
        "Superposition",
        "Do digits share units and directions?",
        "How far apart a layer keeps its ten digits, over how many units it spreads each of them, and whether digits "
        "that lie close together are the ones that get confused.",
        "The study",
    ),
    Page(
        "layers",
        "Layers",
        "What do LayerNorm, BatchNorm and Dropout add?",
        "Normalization and Dropout inside the MLP, before or after the ReLU, in either layer: accuracy, gap, drift and "
        "units of every variant beside the plain network.",
        "The study",
    ),
    Page(
        "comparison",
        "Comparison",
        "What changes, measure by measure?",
        "The measures of all chapters in one table: an MLP beside a CNN, raw beside normalized input, each difference "
        "with its interval and its verdict.",
        "The study",
    ),
    Page(
        "replication",
        "Replication",
        "Do the notebooks’ numbers come out again, and do their conclusions hold?",
        "The recipe that this study began with, run exactly: every published number beside the one it gives here, and "
        "what ten seeds say of what was concluded from one network.",
        "The study",
    ),
    Page(
        "hooks",
        "Hooks",
        "How do you open a network yourself?",
        "Runnable snippets: name a place inside a network, read what passes through it, change it, and see what "
        "the network then says.",
        "Do it yourself",
    ),
    Page(
        "methods",
        "Methods",
        "How was this made, and how sure are we?",
        "The design of the study, its statistics and controls, how every number can be remade, and how to fork it "
        "for a study of your own.",
        "Reference",
    ),
    Page(
        "glossary",
        "Glossary",
        "What do the words mean?",
        "The terms of the field as this study uses them, each in a sentence or two, with the pages that use them.",
        "Reference",
    ),
    Page(
        "references",
        "References",
        "What does this build on?",
        "The papers, the data and the software behind the study, with links to the originals.",
        "Reference",
    ),
)
