"""The images: what is read, what is refused and how, and what is drawn from them."""

from __future__ import annotations

import functools
import gc
import gzip
import hashlib
import http.server
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from experiments import data
from experiments.treatment import treat


def idx(array: np.ndarray) -> bytes:
    magic = (0x0800 | array.ndim).to_bytes(4, "big")
    return magic + b"".join(count.to_bytes(4, "big") for count in array.shape) + array.astype(np.uint8).tobytes()


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {
        "train-images": draw.integers(0, 256, (40, 28, 28)),
        "train-labels": np.arange(40) % 10,
        "test-images": draw.integers(0, 256, (20, 28, 28)),
        "test-labels": np.arange(20) % 10,
    }


@pytest.fixture
def folder(tmp_path: Path, arrays: dict[str, np.ndarray]) -> Path:
    where = tmp_path / "set"
    where.mkdir()
    for part, name in data.FILES.items():
        (where / name).write_bytes(idx(arrays[part]))
    return where


def refusal(folder: Path, **description: object) -> str:
    with pytest.raises(data.DataError) as caught:
        data.load(dataset="mnist", folder=str(folder), cache="", description=description)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def planted(folder: Path, *, labels: range, side: int = 28) -> Path:
    """An IDX set of the classes `labels`, four training and two test images of each."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    for split, many in (("train", 4), ("test", 2)):
        count = many * len(labels)
        of = np.resize(np.array(labels), count)
        (folder / data.FILES[f"{split}-images"]).write_bytes(idx(draw.integers(0, 256, (count, side, side))))
        (folder / data.FILES[f"{split}-labels"]).write_bytes(idx(of))
    return folder


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in strings(part)]
    return [text for part in value for text in strings(part)] if isinstance(value, list) else [str(value)]


# ---------------------------------------------------------------------------------------------- a folder of files


@pytest.mark.parametrize("dots", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_folder_is_read_under_every_usual_name(tmp_path, arrays, dots, compressed):
    for part, name in data.FILES.items():
        name = name.replace("-idx", ".idx") if dots else name
        content = idx(arrays[part])
        path = tmp_path / (name + ".gz" if compressed else name)
        path.write_bytes(gzip.compress(content) if compressed else content)
    products = data.load(dataset="mnist", folder=str(tmp_path), cache="")
    for split in ("train", "test"):
        np.testing.assert_array_equal(products[f"{split}.npz"]["images"], arrays[f"{split}-images"])
        np.testing.assert_array_equal(products[f"{split}.npz"]["labels"], arrays[f"{split}-labels"])
        assert {array.dtype for array in products[f"{split}.npz"].values()} == {np.dtype(np.uint8)}


def test_a_set_that_is_not_mnist_is_accepted_and_says_so(folder):
    card = data.load(dataset="mnist", folder=str(folder), cache="")["card.json"]
    assert not card["is_mnist"]
    assert card["title"] == "an IDX set other than MNIST"
    assert (card["train"], card["test"], card["height"], card["width"]) == (40, 20, 28, 28)
    content = (folder / data.FILES["test-labels"]).read_bytes()
    assert card["digests"]["test-labels"] == hashlib.sha256(content).hexdigest()


def test_a_set_with_mnists_digests_is_called_mnist(folder, monkeypatch):
    digests = data.load(dataset="mnist", folder=str(folder), cache="")["card.json"]["digests"]
    monkeypatch.setattr(data, "MNIST_DIGESTS", digests)
    card = data.load(dataset="mnist", folder=str(folder), cache="")["card.json"]
    assert (card["title"], card["noun"], card["is_mnist"]) == ("MNIST", "digit", True)


def test_no_path_of_the_machine_reaches_a_product(folder):
    for products in (
        data.load(dataset="mnist", folder=str(folder), cache=""),
        data.load(dataset="digits", folder="", cache=""),
    ):
        assert not [text for text in strings(products["card.json"]) if str(folder) in text or str(Path.home()) in text]


def test_a_missing_file_is_named_with_both_ways_on(folder):
    (folder / data.FILES["test-labels"]).unlink()
    said = refusal(folder)
    assert data.FILES["test-labels"] in said
    assert "--data DIR" in said
    assert "--dataset digits" in said


def test_a_missing_folder_is_named(tmp_path):
    assert "nor is the folder" in refusal(tmp_path / "nowhere")


def test_a_truncated_file_is_named_with_both_sizes(folder):
    path = folder / data.FILES["train-images"]
    path.write_bytes(path.read_bytes()[:-100])
    said = refusal(folder)
    assert str(path) in said
    assert f"{16 + 40 * 784} bytes expected, {16 + 40 * 784 - 100} found" in said
    assert "fetch it again" in said


@pytest.mark.parametrize("length", [0, 3, 9])
def test_a_file_cut_within_its_header_is_refused(folder, length):
    path = folder / data.FILES["train-images"]
    path.write_bytes(path.read_bytes()[:length])
    assert str(path) in refusal(folder)


def test_a_file_that_is_too_long_is_refused(folder):
    path = folder / data.FILES["train-labels"]
    path.write_bytes(path.read_bytes() + b"\0")
    assert "too long" in refusal(folder)


def test_labels_in_the_place_of_images_are_recognised(folder):
    images, labels = (folder / data.FILES[part] for part in ("train-images", "train-labels"))
    content = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    labels.write_bytes(content)
    assert "holds labels where images are expected. Were two files swapped?" in refusal(folder)


def test_swapped_training_and_test_files_are_recognised(folder):
    for part in ("images", "labels"):
        train, test = folder / data.FILES[f"train-{part}"], folder / data.FILES[f"test-{part}"]
        content = train.read_bytes()
        train.write_bytes(test.read_bytes())
        test.write_bytes(content)
    assert "20 training images, 40 test images. Were training and test files swapped?" in refusal(folder)


def test_labels_of_the_other_half_are_recognised_by_their_number(folder):
    (folder / data.FILES["train-labels"]).write_bytes((folder / data.FILES["test-labels"]).read_bytes())
    assert "20 labels for 40 images" in refusal(folder)


def test_mnists_own_files_under_each_others_names_are_recognised(folder, monkeypatch):
    digests = data.load(dataset="mnist", folder=str(folder), cache="")["card.json"]["digests"]
    monkeypatch.setattr(data, "MNIST_DIGESTS", digests)
    content = (folder / data.FILES["test-images"]).read_bytes()
    (folder / data.FILES["train-images"]).write_bytes(content)
    assert "holds MNIST's test-images, not its train-images" in refusal(folder)


@pytest.mark.parametrize(("classes", "side"), [(2, 28), (3, 20), (5, 28), (26, 28), (30, 64), (2, 8)])
def test_classes_and_sides_come_from_the_files(tmp_path, classes, side):
    planted(tmp_path, labels=range(classes), side=side)
    products = data.load(dataset="mnist", folder=str(tmp_path), cache="")
    card = products["card.json"]
    assert (card["classes"], card["height"], card["width"]) == (classes, side, side)
    assert card["class_names"] == [str(label) for label in range(classes)]
    assert products["train.npz"]["images"].shape == (4 * classes, side, side)
    probe = data.probe(test=products["test.npz"], per_class=2, seed=0)["probe.npz"]
    assert np.bincount(probe["labels"]).tolist() == [2] * classes


def test_a_description_goes_before_what_is_known(folder):
    names = [f"name {k}" for k in range(10)]
    said = {"title": "Runes", "noun": "rune", "class_names": names, "licence": "CC0"}
    card = data.load(dataset="mnist", folder=str(folder), cache="", description=said)["card.json"]
    assert {name: card[name] for name in said} == said
    assert card["plural"] == "runes"
    assert card["source"] == "Files in MNIST's IDX format whose content is not MNIST's."


def test_a_class_name_changes_the_card_alone(folder):
    names = [f"name {k}" for k in range(10)]
    plain, named = (
        data.load(dataset="mnist", folder=str(folder), cache="", description=said)
        for said in ({}, {"class_names": names})
    )
    for split in ("train.npz", "test.npz"):
        assert plain[split].keys() == named[split].keys() == {"images", "labels"}
        for part, array in plain[split].items():
            np.testing.assert_array_equal(named[split][part], array)
    assert plain["card.json"] | {"class_names": names} == named["card.json"]


def test_names_that_do_not_fit_the_labels_are_refused(folder):
    names = [f"name {k}" for k in range(11)]
    said = refusal(folder, class_names=names)
    assert said.startswith(f"{folder / 'dataset.toml'}: no image has label 10, which is called 'name 10'. Labels count")
    said = refusal(folder, class_names=names[:8])
    assert f"{folder / 'dataset.toml'}: 8 class names, but label 9 occurs, for which 10 are needed" in said
    (folder / data.FILES["test-labels"]).write_bytes(idx(np.resize([0, 1, 2, 3, 4, 5, 6, 8, 9], 20)))
    assert "no image of class 7 (name 7). Every class needs 2 or more" in refusal(folder, class_names=names[:10])


def test_a_label_above_twenty_nine_is_refused(tmp_path):
    planted(tmp_path, labels=range(31))
    assert "label 30 found; labels 0 to 29 are possible. Relabel the images" in refusal(tmp_path)


def test_labels_that_count_from_one_are_refused(tmp_path):
    planted(tmp_path, labels=range(1, 27))
    assert "the lowest label is 1; labels count from 0. Subtract 1 from all." in refusal(tmp_path)


def test_a_single_class_is_refused(tmp_path):
    planted(tmp_path, labels=range(1))
    assert "all labels are 0: there is nothing to tell apart" in refusal(tmp_path)


@pytest.mark.parametrize("shape", [(28, 20), (7, 7), (65, 65), (0, 0), (1, 784)])
def test_images_that_are_not_square_or_too_small_or_large_are_refused(folder, shape):
    (folder / data.FILES["train-images"]).write_bytes(idx(np.zeros((40, *shape))))
    said = refusal(folder)
    assert f"images of {shape[0]}x{shape[1]} pixels; square ones of 8x8 to 64x64 are needed. Resize them." in said


def test_a_class_without_images_is_refused(folder):
    (folder / data.FILES["test-labels"]).write_bytes(idx(np.arange(20) % 9))
    assert "no image of class 9" in refusal(folder)


def test_a_class_with_a_single_test_image_is_refused(folder, arrays):
    labels = arrays["test-labels"].copy()
    labels[np.flatnonzero(labels == 7)[1:]] = 3
    (folder / data.FILES["test-labels"]).write_bytes(idx(labels))
    said = refusal(folder)
    assert f"{data.FILES['test-labels']}: 1 image of class 7. Every class needs 2 or more" in said


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", [0, 255, "first", "pixel"])
def test_images_that_are_all_the_same_are_refused(folder, arrays, split, level):
    images = arrays[f"{split}-images"]
    same = (
        np.repeat(images[:1], len(images), axis=0)
        if level == "first"
        else np.full_like(images, level if level != "pixel" else 0)
    )
    if level == "pixel":
        same[:, 14, 14] = np.arange(len(same))
    (folder / data.FILES[f"{split}-images"]).write_bytes(idx(same))
    assert f"{data.FILES[f'{split}-images']}: all images are the same" in refusal(folder)


def test_test_images_of_another_size_are_refused(folder):
    images = np.arange(20)[:, None, None] + np.arange(32 * 32).reshape(32, 32)
    (folder / data.FILES["test-images"]).write_bytes(idx(images))
    assert "images of 32x32 pixels, while those for training have 28x28. Resize them." in refusal(folder)


@pytest.mark.parametrize(
    "damage",
    [lambda raw: raw[:-20], lambda _: b"no gzip at all", lambda raw: raw[:40] + b"\1" * 40 + raw[80:]],
)
def test_a_damaged_gzip_file_is_named(folder, damage):
    plain = folder / data.FILES["train-images"]
    path = plain.with_name(plain.name + ".gz")
    path.write_bytes(damage(gzip.compress(plain.read_bytes())))
    plain.unlink()
    said = refusal(folder)
    assert str(path) in said
    assert "damaged gzip file" in said


def test_a_file_that_is_no_idx_file_is_refused(folder):
    (folder / data.FILES["train-images"]).write_bytes(b"<html>404</html>")
    assert "not an IDX file" in refusal(folder)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(data.DataError, match="mnist or digits"):
        data.load(dataset="cifar", folder="", cache="")


# -------------------------------------------------------------------------------------------------- the download


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(tmp_path, arrays, monkeypatch):
    """A server on this machine that torchvision takes for its mirror, and its folder of four .gz files."""
    from torchvision.datasets import MNIST

    served = tmp_path / "served"
    served.mkdir()
    resources, digests = [], {}
    for part, name in data.FILES.items():
        packed = gzip.compress(idx(arrays[part]), mtime=0)
        (served / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
        digests[part] = hashlib.sha256(idx(arrays[part])).hexdigest()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_address[1]}/"])
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(data, "MNIST_DIGESTS", digests)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield served
    server.shutdown()
    server.server_close()
    with warnings.catch_warnings():  # urllib leaves the sockets of failed downloads to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_mnist_is_downloaded_once_and_silently(mirror, arrays, tmp_path, capfd):
    cache = tmp_path / "cache"
    products = data.load(dataset="mnist", folder="", cache=str(cache))
    np.testing.assert_array_equal(products["train.npz"]["images"], arrays["train-images"])
    assert products["card.json"]["is_mnist"]
    for path in mirror.iterdir():
        path.unlink()
    again = data.load(dataset="mnist", folder="", cache=str(cache))
    assert again["card.json"] == products["card.json"]
    assert sorted(path.name for path in cache.rglob("*") if path.is_file()) == sorted(data.FILES.values())
    assert capfd.readouterr() == ("", "")


def test_what_an_interrupted_download_left_is_fetched_again(mirror, arrays, tmp_path):
    kept = tmp_path / "cache" / "mnist"
    kept.mkdir(parents=True)
    (kept / data.FILES["train-images"]).write_bytes(idx(arrays["train-images"])[:500])
    products = data.load(dataset="mnist", folder="", cache=str(tmp_path / "cache"))
    np.testing.assert_array_equal(products["train.npz"]["images"], arrays["train-images"])


def test_a_file_the_server_lacks_is_said_with_the_ways_on(mirror, tmp_path):
    (mirror / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(data.DataError) as caught:
        data.load(dataset="mnist", folder="", cache=str(tmp_path / "cache"))
    said = str(caught.value)
    assert "404" in said
    assert "127.0.0.1" in said
    assert "--data DIR" in said
    assert "--dataset digits" in said


def test_a_refused_connection_is_said_with_the_ways_on(mirror, tmp_path, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(data.DataError, match="Tried http://127") as caught:
        data.load(dataset="mnist", folder="", cache=str(tmp_path / "cache"))
    assert "--dataset digits" in str(caught.value)


def test_a_download_with_other_content_is_refused(mirror, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "MNIST_DIGESTS", dict.fromkeys(data.PARTS, "0" * 64))
    with pytest.raises(data.DataError, match="sha256 differs"):
        data.load(dataset="mnist", folder="", cache=str(tmp_path / "cache"))


# -------------------------------------------------------------------------------------- digits, probe, treatment


def test_digits_need_no_files_and_are_the_same_every_time():
    first, second = (data.load(dataset="digits", folder="", cache="") for _ in range(2))
    card = first["card.json"]
    assert card == second["card.json"]
    assert card["train"] + card["test"] == len(load_digits().target)
    for split in ("train.npz", "test.npz"):
        assert first[split]["images"].shape[1:] == (28, 28)
        assert first[split]["images"].dtype == first[split]["labels"].dtype == np.uint8
        np.testing.assert_array_equal(first[split]["images"], second[split]["images"])


def test_a_fifth_of_every_digit_is_kept_for_testing():
    products = data.load(dataset="digits", folder="", cache="")
    train, test = (np.bincount(products[name]["labels"]) for name in ("train.npz", "test.npz"))
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.01)


def test_resizing_agrees_with_torchs_bilinear_interpolation():
    images = load_digits().images[:50]
    resized = data.resize(images.astype(np.int64))
    box = torch.nn.functional.interpolate(torch.tensor(images)[:, None], size=20, mode="bilinear", align_corners=False)
    expected = np.zeros((50, 28, 28))
    expected[:, 4:24, 4:24] = box[:, 0].numpy() * 255 / 16
    assert np.abs(resized - expected).max() <= 0.5 + 1e-9


def test_the_probe_is_drawn_from_the_whole_set_in_its_order_and_as_a_seed_decides(arrays):
    count = len(arrays["train-images"])
    test = {"images": arrays["train-images"].astype(np.uint8), "labels": (np.arange(count) % 3).astype(np.uint8)}
    drawn = [data.probe(test=test, per_class=2, seed=seed)["probe.npz"] for seed in (*range(40), 0)]
    for probe in drawn:
        assert np.bincount(probe["labels"]).tolist() == [2] * 3
        assert (np.diff(probe["index"]) > 0).all()
        np.testing.assert_array_equal(probe["images"], test["images"][probe["index"]])
    assert drawn[0]["index"].tolist() == drawn[-1]["index"].tolist() != drawn[1]["index"].tolist()
    found = np.concatenate([probe["index"] for probe in drawn])
    assert {*found.tolist()} == {*range(count)}, "no image is left out of all draws"


def test_a_probe_of_one_image_of_each_class_is_refused(arrays):
    test = {"images": arrays["test-images"].astype(np.uint8), "labels": arrays["test-labels"]}
    with pytest.raises(data.DataError, match="probe_per_class is 1: every class needs 2"):
        data.probe(test=test, per_class=1, seed=0)


def test_a_part_is_drawn_from_the_whole_and_the_card_counts_it(arrays, folder):
    whole = data.read_folder(folder)
    told = {"train": whole["train.npz"], "test": whole["test.npz"], "card": whole["card.json"]}
    part = data.part(**told, most={"train": 30, "test": 100})
    rows = [image.tobytes() for image in whole["train.npz"]["images"]]
    places = [rows.index(image.tobytes()) for image in part["train.npz"]["images"]]
    assert places == sorted(set(places)), "each once, in their order"
    assert places != list(range(30)), "drawn"
    assert (whole["train.npz"]["labels"][places] == part["train.npz"]["labels"]).all()
    assert (part["test.npz"]["images"] == whole["test.npz"]["images"]).all(), "no more are asked for than there are"
    counts = {"train": 30, "test": 20, "whole": {"train": 40, "test": 20}}
    assert part["card.json"] == {**whole["card.json"], **counts}
    assert part["shape.json"] == whole["shape.json"]
    with pytest.raises(data.DataError, match="Of 9 train images 0 are of the class"):
        data.part(**told, most={"train": 9, "test": 20})


def test_a_small_class_sets_the_size_of_every_class_of_the_probe(arrays):
    labels = np.array([0, 0, 0, *range(1, 10), *range(1, 9)], np.uint8)
    probe = data.probe(test={"images": arrays["test-images"], "labels": labels}, per_class=2, seed=0)["probe.npz"]
    assert np.bincount(probe["labels"]).tolist() == [1] * 10
    assert probe["index"].dtype == np.int64


def test_raw_pixels_are_divided_by_255_to_the_bit():
    images = np.arange(256, dtype=np.uint8).repeat(784).reshape(256, 28, 28)
    treated = treat(images, mean=0.0, std=1.0)
    assert treated.shape == (256, 1, 28, 28)
    assert torch.equal(treated[:, 0, 0, 0], torch.arange(256, dtype=torch.float32) / 255)


def test_normalization_is_an_affine_map_of_the_raw_pixels():
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    raw, normalized = treat(images, mean=0.0, std=1.0), treat(images, mean=0.1307, std=0.3081)
    torch.testing.assert_close(normalized * 0.3081 + 0.1307, raw)


def test_images_that_cannot_be_written_to_are_treated_without_a_warning():
    images = np.frombuffer(bytes(784 * 2), np.uint8).reshape(2, 28, 28)
    assert treat(images, mean=0.0, std=1.0).abs().sum() == 0
