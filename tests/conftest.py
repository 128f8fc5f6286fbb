"""What holds in every test: one numerical thread, and array shapes and types that are checked at run time.

And what tests in several folders need: a built project, a small disk, a browser.
"""

import fcntl
import functools
import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import types
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import browsers  # noqa: E402
import jaxtyping  # noqa: E402  (numerical libraries read their number of threads when they are imported)
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from beartype import BeartypeConf, FrozenDict, beartype  # noqa: E402
from sets import NAMES, plant  # noqa: E402

from experiments.engine.runner import RARELY  # noqa: E402
from report.site import past  # noqa: E402

NUMERICS = (
    "experiments.activation_cache",
    "experiments.analyses",
    "experiments.data",
    "experiments.descent",
    "experiments.evidence",
    "experiments.hooks",
    "experiments.measures",
    "experiments.models",
    "experiments.networks",
    "experiments.parts",
    "experiments.record",
    "experiments.statistics",
    "experiments.train",
    "experiments.treatment",
)
CHECKS = types.ModuleType("array_checks")  # where the import hook finds beartype with one rule added to it
CHECKED = beartype(  # a NumPy scalar is an array without axes
    conf=BeartypeConf(hint_overrides=FrozenDict({np.ndarray: np.ndarray | np.generic}))
)
# What is defined within a function is left alone: it would be made ready for checks at every call of that.
CHECKS.check = lambda each: each if "<locals>" in each.__qualname__ else CHECKED(each)
sys.modules[CHECKS.__name__] = CHECKS
jaxtyping.install_import_hook(list(NUMERICS), "array_checks.check")
gc.set_threshold(*RARELY)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would teach programs to ignore it

ROOT = Path(__file__).resolve().parents[1]
SMOKE = ("--study", "smoke", "--dataset", "digits")
MOST = 8  # cores that tests use
# Files and folders that take long, the longest first.
LONG = ("test_determinism.py", "test_build.py", "browser", "test_durability.py", "test_named_set.py")
LONG += ("test_notebooks.py", "figures", "test_manifold.py", "test_statistics.py", "test_features.py")
# Files of which none is quick: they build, start processes or servers, run pages' snippets, or try many examples.
SLOW_FILES = ("tests/test_other_data.py", "tests/test_snippets.py", "tests/test_data.py", "tests/test_results.py")
SLOW_FILES += ("engine/test_runner.py", "engine/test_survey.py", "engine/test_publish.py", "test_fuzz_*.py")
SLOW_FILES += ("report/test_server.py", "report/test_cards.py", "report/test_check.py", "report/test_units.py")
SLOW_FIXTURES = {"once", "browser"}  # a build of the project, a browser
SLOW_MODULES = {"subprocess", "cutting", "experiments.exact", "experiments.train", "experiments.analyses.specimen"}
SLOW_MODULES |= {"planned", "experiments.measures.scaling", "report.site.past"}  # whole studies, whole sites


def pytest_collection_modifyitems(items):
    """What takes long comes first, so that no process is left alone with it at the end; the quick tests are marked."""
    items.sort(key=lambda item: next((rank for rank, name in enumerate(LONG) if name in item.path.parts), len(LONG)))
    for item in items:
        if is_quick(item):
            item.add_marker("quick")


def pytest_ignore_collect(collection_path, config):
    """Files that have no quick test are not even imported where only those are asked for."""
    return True if config.option.markexpr == "quick" and has_no_quick(collection_path) else None


def has_no_quick(path):
    return bool(set(LONG) & set(path.parts)) or any(path.match(name) for name in SLOW_FILES)


def pytest_generate_tests(metafunc):
    """What is tested in a browser is tested in each of them; what axe finds, and what is marked so, in Chromium."""
    if "browser" in metafunc.fixturenames:
        is_one = "violations" in metafunc.fixturenames or metafunc.definition.get_closest_marker("chromium")
        names = ["chromium"] if is_one else list(browsers.PROGRAMS)
        metafunc.parametrize("browser", names, indirect=True, scope="session")


def pytest_make_parametrize_id(val, argname):
    """Bytes are no name: a packed file's hold the second at which they were made, and the processes' lists differ."""
    return argname if isinstance(val, bytes) else None


def is_quick(item):
    """Whether a test is not among those that take long, and neither builds, nor browses, nor trains, nor starts a
    program: told by the fixtures that it asks for, also through others, and by what its module has imported."""
    named = {getattr(value, "__module__", getattr(value, "__name__", "")) for value in vars(item.module).values()}
    return not (has_no_quick(item.path) or SLOW_FIXTURES & set(item.fixturenames) or SLOW_MODULES & named)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Processes for `-n auto`: one more than cores, as browsers and builds are waited for; but not for quick tests."""
    return min(os.cpu_count() or 1, MOST) + (config.option.markexpr != "quick")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A process takes whole files, and all tests in a browser go to one: so there is one Chromium, and one Firefox."""
    from xdist.scheduler import LoadFileScheduling

    class FilesAndBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return next((name for name in browsers.PROGRAMS if f"[{name}" in nodeid), file)

    return FilesAndBrowser(config, log)


@dataclass(frozen=True)
class Project:
    """A copy of the project, its cache and its site, to be built, broken and built again."""

    root: Path
    cache: Path
    site: Path

    def command(self, *arguments):
        folders = ("--cache", str(self.cache), "--out", str(self.site))
        return [sys.executable, str(self.root / "build.py"), *folders, *map(str, arguments)]

    def build(self, *arguments, **options):
        """Runs build.py to its end."""
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False, **options)

    def files(self):
        """{relative path: bytes} of the site."""
        return {p.relative_to(self.site).as_posix(): p.read_bytes() for p in self.site.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(name, *arguments): a project built with these arguments, one time for all test processes: the first of
    them builds, the others wait for it. change: what is written into the study of a copy of the project."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def build(name, *arguments, change=""):
        root = shared / name / "project" if change else ROOT
        project = Project(root, shared / name / "cache", shared / name / "pages" / "name")
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not project.site.exists():
                if change:
                    fork(copy_sources(root), change)
                done = project.build(*arguments, "--jobs", "1")  # cores are busy, and each process imports PyTorch
                assert done.returncode == 0, done.stderr[-2000:]
        return project

    return build


@pytest.fixture(scope="session")
def built(once):
    """The smoke study on digits. Not to be changed: `project_copy` is."""
    return once("smoke", *SMOKE)


@pytest.fixture(scope="session")
def named_site(once, tmp_path_factory):
    """The folder of a small study's site on a set of five classes with names; see sets.NAMES."""
    about = {"title": "Five shapes", "noun": "shape", "plural": "shapes", "class_names": NAMES, "licence": "CC0 1.0"}
    folder = plant(tmp_path_factory.mktemp("five") / "set", classes=len(NAMES), **about)
    return once("five", "--study", "smoke", "--data", str(folder), change=SMALL).site


@pytest.fixture(scope="session")
def published_site(once):
    """The folder of the published site, from results/; its last part is a sub-path's name."""
    return once("published").site


@pytest.fixture
def project_copy(built, tmp_path):
    """The project in another folder, with the smoke study's results in its cache and a current site, of which only what
    is edited will be rendered anew."""
    project = Project(copy_sources(tmp_path / "project"), tmp_path / "cache", tmp_path / "site")
    copy(built.cache, project.cache)
    copy(built.site, project.site)
    past.place(project.cache, built.site).rename(past.place(project.cache, project.site))
    return project


SMALL = 'SMOKE = replace(SMOKE, variants=(), controls=(), contrasts=(), sweeps={}, embeddings=("pca",))\n'


def fork(root, change):
    """Writes into the study of a copy of the project, before its studies are gathered."""
    study = root / "experiments" / "study.py"
    gathered = "STUDIES = {"
    study.write_text(study.read_text().replace(gathered, change + gathered))


def copy_sources(root):
    """What a build reads of this project, copied to a folder."""
    for name in ("experiments", "report", "templates", "tests/examples"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("build.py", "CITATION.cff", "pyproject.toml", "results"):
        if (ROOT / name).exists():
            copy(ROOT / name, root / name)
    return root


def copy(source, target):
    """Copies a file, or a folder with all that is in it, in a quarter of the time that `shutil.copytree` takes."""
    subprocess.run(["cp", "-pR", source, target], check=True)


@pytest.fixture(autouse=True)
def one_thread():
    """One torch thread, where a test has torch at all."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with room for one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system can only be mounted by root on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def random():
    """The same chance for every test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def launch():
    """launch(name, **wishes): a browser by its name, the same at every call with the same wishes."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    started = {}

    def launch_one(name, **wishes):
        key = repr((name, browsers.WISHES | wishes))
        if key not in started:
            started[key] = browsers.start(runner, name, browsers.WISHES | wishes)
        return started[key]

    with playwright.sync_playwright() as runner:
        yield launch_one
        for each in started.values():
            each.close()


@pytest.fixture(scope="session")
def browser(request, launch):
    """Chromium, and Firefox: what asks for it is tested in both, as pytest_generate_tests says."""
    return launch(request.param)


@pytest.fixture(scope="session")
def pages(browser, launch):
    """The pages of the browser, of which tests share what takes long to open."""
    opened = browsers.Pages(launch, browser.browser_type.name)
    yield opened
    opened.close()


@pytest.fixture
def open_page(pages):
    """Opens an address and notes every message and request. `viewport`, `color_scheme` and `reduced_motion` hold for
    this page, `options` are those of a browser context. What a page stored is forgotten when the test ends. `own`: in
    a tab that no later test gets."""

    def open_one(
        address,
        *,
        viewport=browsers.VIEWPORT,
        color_scheme="light",
        reduced_motion="no-preference",
        own=False,
        **options,
    ):
        wishes = {"color_scheme": color_scheme, "reduced_motion": reduced_motion}
        return pages.open(address, viewport=viewport, wishes=wishes, own=own, options=options)

    yield open_one
    pages.rest()


@pytest.fixture
def serve():
    """Serves a folder under a sub-path of its name, as a project page is, and tells the address."""
    with ExitStack() as servers:
        yield lambda folder: servers.enter_context(_served(folder))


@contextmanager
def _served(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder.parent))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()  # the seconds that an end may take
    yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Keeps the test's output clean."""
