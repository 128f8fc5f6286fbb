"""How sharply a loss bends: the largest eigenvalue of its Hessian with respect to all weights of a network.

In: a network, images and labels. Out: a number. The Hessian is never written down: only its product with a
vector is, and Lanczos' method (Lehoucq, Sorensen and Yang 1998, ARPACK, as SciPy has it) asks for a few tens of those.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments.hooks import HookedModule

TOLERANCE = 1e-2  # of the eigenvalue, relative: far less than seeds differ by
BASIS = 10  # vectors that Lanczos' method keeps


def largest_eigenvalue(
    model: HookedModule,
    images: Float[Tensor, "image 1 side side"],
    labels: Int[Tensor, " image"],
    *,
    seed: int,
) -> float:
    """The largest eigenvalue of the Hessian of the mean cross entropy over the images, in nats per squared weight.

    `seed` draws the vector that Lanczos' method begins with. Where the loss bends so, plain gradient descent on these
    images is stable for learning rates below 2 / eigenvalue (Cohen et al. 2021).
    """
    weights = list(model.parameters())
    sizes = [each.numel() for each in weights]
    with torch.enable_grad():
        loss = cross_entropy(model(images), labels)
        gradient = torch.cat([each.flatten() for each in torch.autograd.grad(loss, weights, create_graph=True)])

    def times(vector: np.ndarray) -> np.ndarray:
        along = torch.from_numpy(vector.astype(np.float32).ravel())
        product = torch.autograd.grad(gradient, weights, along, retain_graph=True)
        return torch.cat([each.flatten() for each in product]).double().numpy()

    hessian = LinearOperator((sum(sizes), sum(sizes)), matvec=times, dtype=np.float64)
    begin = np.random.default_rng(seed).standard_normal(sum(sizes))
    options = {"ncv": min(BASIS, sum(sizes)), "tol": TOLERANCE, "return_eigenvectors": False}
    return float(eigsh(hessian, k=1, which="LA", v0=begin, **options)[0])
