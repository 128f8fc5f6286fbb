"""The shelf of test digits: clear ones, doubtful ones, and those that divide the networks, by rule."""

import numpy as np
import pytest

from experiments.analyses.shelf import agreed, choose, disputed

CLASSES = 10


@pytest.fixture
def planted():
    """Forty images, four of each class: the first is sure for both networks, the second hardly, and on the third and
    fourth the networks are divided."""
    labels = np.repeat(np.arange(CLASSES, dtype=np.uint8), 4)
    prediction = np.stack([labels, labels])
    prediction[0, 2::4] = (labels[2::4] + 1) % CLASSES
    prediction[1, 3::4] = (labels[3::4] + 1) % CLASSES
    confidence = np.tile(np.array([0.99, 0.4, 0.8, 0.7], np.float32), (2, CLASSES))
    return prediction.astype(np.uint8), confidence, labels


def test_of_each_class_the_surest_and_the_least_sure_of_those_that_all_read_right(planted):
    assert agreed(*planted).tolist() == [place for first in range(0, 40, 4) for place in (first, first + 1)]


def test_how_sure_all_are_is_how_sure_the_least_sure_is(planted):
    prediction, confidence, labels = planted
    confidence[1, 0] = 0.3  # one network hesitates
    assert agreed(prediction, confidence, labels)[:2].tolist() == [1, 0]


def test_disputed_images_are_spread_over_the_classes_and_the_kinds_of_dispute(planted):
    prediction, _, labels = planted
    chosen = disputed(*planted, many=10)
    assert sorted(labels[chosen]) == list(range(CLASSES))
    right = prediction[:, chosen] == labels[chosen]
    assert right.sum(axis=1).tolist() == [5, 5]  # each of the two networks is right on half of them


def test_more_answers_go_before_fewer_and_never_an_image_that_all_read_alike(planted):
    prediction, confidence, labels = planted
    prediction = np.concatenate([prediction, prediction[:1]])
    prediction[2, 3] = 9  # three answers to image 3
    assert disputed(prediction, np.tile(confidence[:1], (3, 1)), labels, many=1).tolist() in ([3], [2])
    everything = disputed(*planted, many=100)
    assert len(everything) == 20
    assert (planted[0][0, everything] != planted[0][1, everything]).all()


def test_networks_that_agree_on_everything_leave_that_part_of_the_shelf_empty(planted):
    _, confidence, labels = planted
    same = np.stack([labels, labels])
    assert disputed(same, confidence, labels, many=20).tolist() == []


def test_a_shelf_holds_what_the_page_needs(planted):
    prediction, confidence, labels = planted
    images = np.arange(40 * 28 * 28, dtype=np.uint32).reshape(40, 28, 28).astype(np.uint8)
    records = {
        name: {
            "test_prediction": prediction[place],
            "test_confidence": confidence[place],
            "layers": np.array(["hidden1", "logits"]),
            "hook_points": np.array(["input", "hidden1.pre", "hidden1.post", "logits"]),
            "quantile_levels": np.array([0, 0.99, 1]),
            "quantile/hidden1.post": np.array([[0, 1, 2], [0, 3, 4]], np.float32),
            "class_mean/hidden1": np.array([np.zeros((3, CLASSES)), np.full((3, CLASSES), place + 1)], np.float32),
        }
        for place, name in enumerate(("mlp-raw", "mlp-normalized"))
    }
    shelf = choose(records=records, test={"images": images, "labels": labels})["shelf.npz"]
    assert len(shelf["index"]) == 40
    np.testing.assert_array_equal(shelf["images"], images[shelf["index"]])
    np.testing.assert_array_equal(shelf["labels"], labels[shelf["index"]])
    np.testing.assert_array_equal(shelf["prediction"], prediction[:, shelf["index"]])
    assert shelf["tall/mlp-raw"].tolist() == [3]  # at the end of training
    assert shelf["layers/mlp-raw"].tolist() == ["hidden1"]
    assert shelf["class_means/mlp-normalized/hidden1"].tolist() == np.full((3, CLASSES), 2).tolist()
