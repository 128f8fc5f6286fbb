"""Surroundings: what a result may depend on beside its key: versions of packages, the processor, choices of kernels.

In: the names that a stage's sources import. Out: {what: which}, noted with every result. What is installed is told by
the folders that installers leave; asking `importlib.metadata` costs more than a whole survey, so what it said is kept.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from experiments.engine.key import canonical, digest
from experiments.spec import Json

VECTORS = ("avx512f", "avx2", "avx", "sve", "asimd")
# What tells numerical libraries which instructions to use, and so in which order a sum is added up.
KERNELS = (
    "ATEN_CPU_CAPABILITY",
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
    "NUMBA_CPU_FEATURES",
    "NUMBA_CPU_NAME",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
)
# Packages that others bring along and that never touch a number or a picture: they check, install, print or lock.
TOOLS = (
    *("beartype", "certifi", "filelock", "fsspec", "importlib-metadata", "importlib-resources", "jaxtyping", "jinja2"),
    *("markupsafe", "mpmath", "networkx", "packaging", "pip", "setuptools", "sympy", "tqdm", "triton"),
    *("typing-extensions", "wadler-lindig", "wheel", "zipp"),
)
FOR_A_GPU = ("nvidia-", "cuda-")  # torch names their exact versions, and nothing here computes on them


class ElsewhereError(Exception):
    """A worker computes in other surroundings than the build believes. The message names what differs."""


class ClusterError(Exception):
    """A scheduler or workers cannot compute for a build. The message names them, the cause and the remedy."""


class Surroundings:
    """What is installed here. `memo` is what another process learnt of it; it holds for these packages only."""

    def __init__(self, memo: Mapping[str, Json] | None = None) -> None:
        self.packages = _installed()
        listed = digest(
            canonical([[[name, version] for name, (version, _) in self.packages.items()], _form()]).encode()
        )
        self.memo: dict[str, Json] = {"of": listed, "versions": {}}
        self.learn(memo or {})

    def learn(self, memo: Mapping[str, Json]) -> None:
        """Takes over what another process learnt, if it had the same packages."""
        if memo.get("of") == self.memo["of"]:
            self.memo["versions"] |= memo["versions"]

    def told(self) -> dict[str, Json]:
        """What is known by now, for others to `learn`: a copy, as it travels in another thread while more is learnt."""
        return {"of": self.memo["of"], "versions": dict(self.memo["versions"])}

    def of(self, imports: Iterable[str]) -> dict[str, str]:
        """{what: which} for sources that import these top-level names: Python, platform, processor, kernels, and the
        version of every package that the names belong to or that those need."""
        versions: dict[str, str] = {}
        for name in sorted(imports):
            if name not in self.memo["versions"]:
                self.memo["versions"][name] = _versions(name, self.packages)
            versions |= self.memo["versions"][name]
        return {**machine(), **dict(sorted(versions.items()))}


def machine() -> dict[str, str]:
    """{what: which} of Python, the platform, the processor and the choices of kernels."""
    chosen = [f"{name}={os.environ[name]}" for name in KERNELS if os.environ.get(name)]
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        **_processor(),
        "kernels": " ".join(chosen) or "as they come",
    }


@functools.cache
def _processor() -> dict[str, str]:
    system = os.uname()
    return {"platform": f"{system.sysname} {system.machine}", "cpu": _vectors() or system.machine}


def _vectors() -> str | None:
    """The widest vector instructions the processor offers, as far as the system tells."""
    try:
        with Path("/proc/cpuinfo").open() as lines:
            told = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    except OSError:
        return None
    return next((name for name in VECTORS if name in told.split()), None)


def _installed() -> dict[str, tuple[str, Path]]:
    """{package: (version, its folder of metadata)}, as installers name it, in the order in which they are imported."""
    found: dict[str, tuple[str, Path]] = {}
    for folder in sys.path:
        try:
            names = sorted(entry.name for entry in os.scandir(folder or ".") if entry.name.endswith(".dist-info"))
        except OSError:
            continue
        for name in names:
            package, _, version = name.removesuffix(".dist-info").partition("-")
            found.setdefault(_plain(package), (version, Path(folder, name)))
    return found


@functools.cache
def _form() -> str:
    """How versions are told, as a digest: that of this file."""
    return digest(Path(__file__).read_bytes())[:16]


# ------------------------------------------------------------------------------- asking importlib.metadata


def _versions(name: str, packages: Mapping[str, tuple[str, Path]]) -> dict[str, str]:
    """{package: version} of the packages that a top-level name belongs to and of all that they need."""
    waiting = _owners(name, packages)
    if not waiting:
        return {name: "not installed"}
    found: dict[str, str] = {}
    while waiting:
        package = waiting.pop()
        if package not in found and package in packages and not _is_inert(package):
            found[package], folder = packages[package]
            waiting += _needed(folder)
    return found


def _owners(name: str, packages: Mapping[str, tuple[str, Path]]) -> list[str]:
    """The packages that a top-level name belongs to: those that say so, that are called so, or that hold its files."""
    said = [package for package, (_, folder) in packages.items() if name in _text(folder / "top_level.txt").split()]
    called = [package for package in (_plain(name),) if package in packages]
    if said or called:
        return [*said, *called]
    beginnings = (f"{name}/", f"{name}.")
    return [
        package
        for package, (_, folder) in packages.items()
        if any(line.startswith(beginnings) for line in _text(folder / "RECORD").splitlines())
    ]


def _needed(folder: Path) -> list[str]:
    """What a package needs, less what only its extras do."""
    from importlib.metadata import PathDistribution

    needs = [need for need in PathDistribution(folder).requires or [] if not re.search(r";.*\bextra\b", need)]
    return [_plain(match[0]) for need in needs if (match := re.match(r"[A-Za-z0-9._-]+", need))]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _is_inert(package: str) -> bool:
    return package in TOOLS or package.startswith(FOR_A_GPU)


def _plain(name: str) -> str:
    """A package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()
