"""The input treatment: what is done to the pixels before a network sees them.

In: images as they are stored. Out: the tensor a network is fed. It stands alone, so that nothing said or done
elsewhere about the data set retrains a network.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor


def treat(images: np.ndarray, *, mean: float, std: float) -> Float[Tensor, "image 1 side side"]:
    """(pixel / 255 - mean) / std, with a channel axis, from images uint8 (image, side, side)."""
    pixels = torch.tensor(np.ascontiguousarray(images)).to(torch.float32).div_(255)
    return pixels.sub_(mean).div_(std).unsqueeze(1)
