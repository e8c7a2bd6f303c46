"""Simple faces drawn from named attributes: what it takes to turn one knob and leave the others.

The page is the square -1 to 1, v downwards. Every part is a shape given by its signed distance
(negative inside), laid over what is below it with its own grey level.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minivae.data.dataset import Dataset
from minivae.data.generated import SEED, split

SIDE = 32  # pixels
FACTORS = ("skin_tone", "face_width", "smile", "hair_tone", "hair", "glasses", "beard")
DISCRETE = ("hair", "glasses", "beard")
LOWEST = (0.5, 0.44, -1.0, 0.1, 0, 0, 0)
HIGHEST = (0.95, 0.6, 1.0, 0.9, 3, 2, 2)
TRAIN, TEST = 8_000, 2_000

_BALD, _SHORT, _LONG = range(3)
_BLOCK = 64  # faces drawn at a time: what they need stays in the processor's cache
_PIXEL = np.float32(2 / SIDE)
_PLACES = (np.arange(SIDE, dtype=np.float32) + np.float32(0.5)) * _PIXEL - 1
_U, _V = _PLACES[None, None, :], _PLACES[None, :, None]

Array = NDArray[np.float32]


def draw_faces(factors: NDArray[Any]) -> Array:
    """Draw a face for each row of factors.

    Parameters
    ----------
    factors : ndarray, shape (n, 7)
        ``skin_tone``, grey level of the skin; ``face_width``, half of it, where the page is 2 wide;
        ``smile``, -1 (sad) to 1 (happy); ``hair_tone``, grey level of hair, brows and beard;
        ``hair``, 0 none, 1 short, 2 long; ``glasses`` and ``beard``, 0 without, 1 with.

    Returns
    -------
    ndarray of float32, shape (n, 1024)
        Grey levels in [0, 1], each row an image of 32x32 pixels.

    Raises
    ------
    ValueError
        If ``factors`` have another shape.

    Examples
    --------
    >>> happy = [0.8, 0.5, 1.0, 0.2, 1, 0, 0]
    >>> draw_faces(np.array([happy])).shape
    (1, 1024)
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS):
        raise ValueError(
            f"draw_faces: expected factors of shape (n, {len(FACTORS)}), for {', '.join(FACTORS)}; "
            f"got shape {factors.shape}"
        )
    images = np.empty((len(factors), SIDE, SIDE), np.float32)
    for start in range(0, len(factors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        images[rows] = _draw(factors[rows].astype(np.float32))
    return images.reshape(len(factors), SIDE * SIDE)


def _draw(factors: Array) -> Array:
    skin, width, smile, tone, hair, glasses, beard = factors.T[..., None, None]
    page = np.zeros((len(factors), SIDE, SIDE), np.float32)
    head = _ellipse(0, 0.08, width, 0.72)

    long_hair = np.maximum(_ellipse(0, 0.05, width + 0.2, 0.92), _V - 0.72)
    page = _over(page, np.where(hair == _LONG, long_hair, 1), tone)
    for side in (-1, 1):
        page = _over(page, _ellipse(side * (width + 0.02), 0.1, 0.09, 0.16), 0.85 * skin)
    page = _over(page, head, skin)

    # The beard is the lower part of the head; short and long hair end at a hairline.
    page = _over(page, np.where(beard == 1, np.maximum(head, 0.32 - _V), 1), tone)
    cap = np.maximum(_ellipse(0, 0.04, width + 0.06, 0.8), _V + 0.3 - 0.5 * _U**2)
    page = _over(page, np.where(hair == _BALD, 1, cap), tone)

    curve = 0.5 + smile * (0.09 - 1.6 * _U**2)
    lips = np.maximum(np.abs(_V - curve) - 0.05, np.abs(_U) - 0.23)
    page = _over(page, np.where(beard == 1, _ellipse(0, 0.5, 0.29, 0.18), 1), skin)
    page = _over(page, lips, 0.3 * skin)
    page = _over(page, _ellipse(0, 0.22, 0.05, 0.13), 0.72 * skin)

    for side in (-1, 1):
        eye = side * 0.45 * width
        page = _over(page, _ellipse(eye, 0, 0.13, 0.085), 1)
        page = _over(page, _ellipse(eye, 0, 0.062, 0.075), 0)
        brow = np.maximum(np.abs(_V + 0.17) - 0.035, np.abs(_U - eye) - 0.13)
        page = _over(page, brow, tone)
        rim = np.abs(_ellipse(eye, 0.01, 0.18, 0.17)) - 0.035
        page = _over(page, np.where(glasses == 1, rim, 1), 0.05)
    bridge = np.maximum(np.abs(_V) - 0.03, np.abs(_U) - (0.45 * width - 0.18))
    return _over(page, np.where(glasses == 1, bridge, 1), 0.05)


def _ellipse(u: Any, v: Any, a: Any, b: Any) -> Array:
    """Signed distance from an ellipse at (u, v) with half axes a and b, to first order.

    f / |grad f| of f = |((U - u)/a, (V - v)/b)| - 1, exact where it is 0.
    """
    across, down = (_U - u) / a, (_V - v) / b
    radius = np.sqrt(across**2 + down**2)
    slope = np.sqrt((across / a) ** 2 + (down / b) ** 2)
    safe = np.where(radius > 0, slope, 1)
    return np.where(radius > 0, (radius - 1) * radius / safe, -np.minimum(a, b))


def _over(page: Array, distance: Array, level: Any) -> Array:
    """Lay a shape over the page; a pixel on its edge is covered in part."""
    cover = np.clip(np.float32(0.5) - distance / _PIXEL, 0, 1)
    return page + cover * (np.asarray(level, np.float32) - page)


def faces(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw faces with independent attributes, each uniform on its range.

    Skin tone 0.5 to 0.95, face width 0.44 to 0.6, smile -1 to 1, hair tone 0.1 to 0.9; hair none,
    short or long; glasses or none; beard or none.

    Parameters
    ----------
    n : int
        How many.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    images : ndarray of float32, shape (n, 1024)
        Grey levels in [0, 1].
    factors : ndarray of float32, shape (n, 7)
        What each was drawn from, as :func:`draw_faces` takes them.

    Examples
    --------
    >>> images, factors = faces(3, np.random.default_rng(0))
    >>> bool(np.all(images == draw_faces(factors)))
    True
    """
    drawn = rng.uniform(LOWEST, HIGHEST, (n, len(FACTORS)))
    counted = np.isin(FACTORS, DISCRETE)
    drawn[:, counted] = np.floor(drawn[:, counted])
    factors = drawn.astype(np.float32)
    return draw_faces(factors), factors


def load_faces() -> Dataset:
    """Load 10,000 faces with their attributes, 8,000 of them for training.

    Examples
    --------
    >>> load_faces().factors.names[:4]
    ('skin_tone', 'face_width', 'smile', 'hair_tone')
    """
    images, factors = faces(TRAIN + TEST, np.random.default_rng(SEED))
    return split(
        "faces",
        images,
        TRAIN,
        source="drawn by minivae: faces of simple shapes",
        factors=factors,
        names=FACTORS,
        discrete=DISCRETE,
        image_shape=(SIDE, SIDE),
    )
