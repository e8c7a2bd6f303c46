"""Systems of linear equations with a triangular matrix, for densities with a full covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from minivae.engine.op import op
from minivae.engine.ops.indexing import tril
from minivae.engine.ops.shape import reshape, swapaxes


@op(holomorphic=True)
def solve_triangular(L: Any, b: Any, transposed: bool = False) -> Any:
    """Solution z of L z = b, or of Lᵀ z = b, for a lower triangular matrix.

    By substitution, zᵢ = (bᵢ - Σⱼ﹤ᵢ Lᵢⱼ zⱼ) / Lᵢᵢ. ``L`` is (..., d, d), ``b`` (..., d); leading
    axes broadcast, and what is above the diagonal is not read.
    """
    L, b = np.asarray(L), np.asarray(b)
    d = b.shape[-1]
    z = np.zeros(np.broadcast_shapes(L.shape[:-1], b.shape), np.result_type(L, b))
    for i in reversed(range(d)) if transposed else range(d):
        row, known = (
            (L[..., i + 1 :, i], z[..., i + 1 :]) if transposed else (L[..., i, :i], z[..., :i])
        )
        z[..., i] = (b[..., i] - np.sum(row * known, axis=-1)) / L[..., i, i]
    return z


def _times(M: Any, z: Any, transposed: bool) -> Any:
    """Return M z, or Mᵀ z, of the lower triangle of M."""
    M = swapaxes(tril(M)) if transposed else tril(M)
    return reshape(M @ reshape(z, (*z.shape, 1)), z.shape)


def _matrix(g: Any, z: Any, L: Any, transposed: bool) -> Any:
    """Return L̄ = -tril(b̄ zᵀ), of the transposed system -tril(z b̄ᵀ), with b̄ = L⁻ᵀ g."""
    u, v = solve_triangular(L, g, not transposed), z
    if transposed:
        u, v = v, u
    return -tril(reshape(u, (*u.shape, 1)) * reshape(v, (*v.shape[:-1], 1, v.shape[-1])))


solve_triangular.tangent(  # L z = b  ⇒  dz = L⁻¹ (db - dL z)
    lambda v, L, z, transposed: -solve_triangular(L, _times(v, z, transposed), transposed),
    lambda v, L, transposed: solve_triangular(L, v, transposed),
)
solve_triangular.adjoint(  # <L⁻¹ db, g> = <db, L⁻ᵀ g>
    lambda g, L, z, transposed: _matrix(g, z, L, transposed),
    lambda g, L, transposed: solve_triangular(L, g, not transposed),
)


@solve_triangular.hinted
def _(L: Any, b: Any) -> str:
    return (
        f"a matrix of shape {np.shape(L)} and a right-hand side of shape {np.shape(b)}; they must "
        "be (..., d, d) and (..., d)"
    )
