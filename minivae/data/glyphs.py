"""The pen's path of each digit: smooth curves through a few points.

Points are (x, y) in a frame of height 1 around the origin, y downwards. A stroke is a curve through
its points; a corner is where one stroke ends and the next begins.
"""

import numpy as np
from numpy.typing import NDArray

Stroke = tuple[tuple[float, float], ...]

_O = np.linspace(0, 2 * np.pi, 9)
_ZERO = tuple((-0.3 * np.sin(t), -0.5 * np.cos(t)) for t in _O.tolist())

GLYPHS: tuple[tuple[Stroke, ...], ...] = (
    (_ZERO,),
    (((-0.17, -0.28), (-0.04, -0.38), (0.06, -0.5)), ((0.06, -0.5), (0.06, 0.5))),
    (
        (
            (-0.27, -0.27),
            (-0.2, -0.43),
            (0.0, -0.5),
            (0.21, -0.42),
            (0.26, -0.22),
            (0.14, 0.02),
            (-0.1, 0.27),
            (-0.3, 0.48),
        ),
        ((-0.3, 0.48), (-0.1, 0.45), (0.1, 0.49), (0.31, 0.46)),
    ),
    (
        (
            (-0.25, -0.38),
            (-0.08, -0.49),
            (0.13, -0.47),
            (0.24, -0.31),
            (0.15, -0.12),
            (-0.07, -0.04),
        ),
        (
            (-0.07, -0.04),
            (0.16, 0.03),
            (0.27, 0.21),
            (0.18, 0.42),
            (-0.05, 0.5),
            (-0.28, 0.4),
        ),
    ),
    (
        ((0.02, -0.5), (-0.1, -0.22), (-0.3, 0.14)),
        ((-0.3, 0.14), (0.0, 0.15), (0.32, 0.12)),
        ((0.14, -0.16), (0.12, 0.2), (0.1, 0.5)),
    ),
    (
        ((0.27, -0.49), (0.0, -0.48), (-0.18, -0.47)),
        ((-0.18, -0.47), (-0.22, -0.26), (-0.25, -0.06)),
        (
            (-0.25, -0.06),
            (-0.05, -0.14),
            (0.17, -0.07),
            (0.26, 0.14),
            (0.17, 0.39),
            (-0.05, 0.5),
            (-0.28, 0.41),
        ),
    ),
    (
        (
            (0.18, -0.5),
            (-0.06, -0.31),
            (-0.22, -0.02),
            (-0.26, 0.25),
            (-0.13, 0.46),
            (0.08, 0.49),
            (0.24, 0.34),
            (0.23, 0.13),
            (0.08, 0.01),
            (-0.11, 0.07),
            (-0.25, 0.25),
        ),
    ),
    (
        ((-0.3, -0.46), (0.0, -0.48), (0.3, -0.47)),
        ((0.3, -0.47), (0.1, -0.12), (-0.03, 0.2), (-0.1, 0.5)),
    ),
    (
        (
            (0.2, -0.36),
            (0.0, -0.5),
            (-0.21, -0.37),
            (-0.15, -0.14),
            (0.1, 0.05),
            (0.25, 0.27),
            (0.12, 0.47),
            (-0.12, 0.47),
            (-0.25, 0.27),
            (-0.1, 0.04),
            (0.14, -0.15),
            (0.2, -0.36),
        ),
    ),
    (
        (
            (0.22, -0.3),
            (0.06, -0.48),
            (-0.15, -0.44),
            (-0.24, -0.25),
            (-0.14, -0.06),
            (0.07, -0.07),
            (0.21, -0.27),
        ),
        ((0.22, -0.33), (0.19, 0.0), (0.14, 0.28), (0.03, 0.5)),
    ),
)


def pen_path(symbol: int, points: int) -> NDArray[np.float64]:
    """Lay points along the strokes of a glyph, at nearly equal distances.

    Each stroke is the natural cubic spline through its points, over the length of the chords; a
    stroke that ends where it begins closes smoothly.

    Parameters
    ----------
    symbol : int
        The digit, 0 to 9.
    points : int
        How many points to lay.

    Returns
    -------
    ndarray, shape (points, 2)
        In the glyph's frame.

    Examples
    --------
    >>> pen_path(0, 5).round(2) + 0.0
    array([[ 0. , -0.5],
           [-0.3,  0. ],
           [ 0. ,  0.5],
           [ 0.3,  0. ],
           [ 0. , -0.5]])
    """
    fine = [_curve(np.array(stroke)) for stroke in GLYPHS[symbol]]
    lengths = [np.r_[0, np.cumsum(np.linalg.norm(np.diff(c, axis=0), axis=1))] for c in fine]
    total = sum(length[-1] for length in lengths)
    # Every stroke gets its share of the points, at least two; the longest takes the rest.
    shares = [max(2, int(points * length[-1] / total)) for length in lengths]
    shares[int(np.argmax(shares))] += points - sum(shares)
    paths = []
    for curve, length, share in zip(fine, lengths, shares, strict=True):
        places = np.linspace(0, length[-1], share)
        paths.append(np.stack([np.interp(places, length, axis) for axis in curve.T], axis=1))
    return np.concatenate(paths)


def _curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import CubicSpline

    if len(points) == 2:
        return points
    chords = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    closed = bool(np.allclose(points[0], points[-1]))
    if closed:
        points = np.concatenate([points[:-1], points[:1]])
    spline = CubicSpline(chords, points, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, chords[-1], 400))
