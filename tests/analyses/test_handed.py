"""What units hand on, on average."""

import numpy as np
import torch

from experiments import models
from experiments.analyses.handed import means
from experiments.hooks import run_with_cache

CNN = {"build": "experiments.models.cnn:CNN", "options": {"channels": [3], "hidden": 4}}


def test_means_are_those_of_what_each_layer_hands_on_over_all_images_and_not_their_sum(random):
    torch.manual_seed(0)
    model = models.build(CNN["build"], options=CNN["options"]).eval()
    weights = {name: np.stack([np.zeros(value.shape), value.numpy()]) for name, value in model.state_dict().items()}
    weights = {name: value.astype(np.float32) for name, value in weights.items()}  # untrained, then at the end
    images = random.integers(0, 256, (5, 28, 28), dtype=np.uint8)
    treatment = {"mean": 0.25, "std": 0.5}
    found = means(weights=weights, probe={"images": images}, architecture=CNN, treatment=treatment)["means.npz"]
    inputs = (torch.tensor(images).float()[:, None] / 255 - 0.25) / 0.5
    _, cache = run_with_cache(model, inputs)
    assert list(found) == ["conv1", "hidden2"]
    np.testing.assert_allclose(found["conv1"], cache["conv1.pooled"].mean(0), atol=1e-5)
    np.testing.assert_allclose(found["hidden2"], cache["hidden2.post"].mean(0), atol=1e-5)
