"""Copies of images and kernels in the order in which the compiled convolutions read them."""

from __future__ import annotations

from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.pointers import beyond, entry, pointer, put
from minivae.kernels.compiled.tile import transpose
from minivae.kernels.compiled.windows import VECTORS


@jit
def start(x):  # type: ignore[no-untyped-def]
    """Return the pointer to the first entry of an array."""
    return pointer(x, x.ctypes.data)


@jit
def fill(x, size, value):  # type: ignore[no-untyped-def]
    """Set ``size`` entries to ``value``."""
    for i in range(size):
        put(x, i, value)


@jit
def copy_planes(x, x_plane, x_row, y, y_plane, y_row, planes, h, w):  # type: ignore[no-untyped-def]
    """Copy planes (h, w) to where planes and rows have other distances."""
    for plane in range(planes):
        for a in range(h):
            source = beyond(x, plane * x_plane + a * x_row)
            target = beyond(y, plane * y_plane + a * y_row)
            for b in range(w):
                put(target, b, entry(source, b))


@jit
def write_transpose(x, x_row, height, width, y, y_row, lanes):  # type: ignore[no-untyped-def]
    """Write yⱼᵢ = xᵢⱼ for i < ``height``, j < ``width``, by square blocks; the last overlap."""
    if height < lanes or width < lanes:
        for i in range(height):
            for j in range(width):
                put(y, j * y_row + i, entry(x, i * x_row + j))
        return
    for block in range(0, height, lanes):
        i = min(block, height - lanes)
        for other in range(0, width, lanes):
            j = min(other, width - lanes)
            transpose(beyond(x, i * x_row + j), x_row, beyond(y, j * y_row + i), y_row)


@jit
def write_panels(x, x_row, channels, count, b, height, columns, lanes):  # type: ignore[no-untyped-def]
    """Write the transpose of x (``channels``, ``count``) into panels that are ``height`` high.

    What is beyond the channels in the last panel stays as it is: it meets no entry of a result.
    """
    for j in range(0, columns, VECTORS * lanes):
        width = min(VECTORS * lanes, columns - j)
        held = min(width, channels - j)
        write_transpose(
            beyond(x, j * x_row), x_row, held, count, beyond(b, j * height), width, lanes
        )


@jit
def gather_panels(x, first, distance, entries, count, channels, b, columns, lanes):  # type: ignore[no-untyped-def]
    """Write bₖⱼ = x[entries[first + k] + distance j] as panels, k < ``count``, j < ``channels``."""
    for j in range(0, columns, VECTORS * lanes):
        width = min(VECTORS * lanes, columns - j)
        held = min(width, channels - j)
        for k in range(count):
            source = beyond(x, entries[first + k] + distance * j)
            target = beyond(b, count * j + width * k)
            for l in range(held):  # noqa: E741
                put(target, l, entry(source, distance * l))


@jit
def add_products(result, columns, turned, image, shape, lanes):  # type: ignore[no-untyped-def]
    """Add the products of pixels (a, b) with kernels (c, i, j) to pixels (s a + d i, t b + e j).

    The inner loop runs along a row of pixels, for which the products are transposed, or along a row
    of the kernel, whichever is longer.
    """
    _, m, l, c, height, width, s, t, d, e, p, q, h, w = shape  # noqa: E741
    tall, wide, entries = h + 2 * p, w + 2 * q, c * height * width
    along = l >= width
    if along:
        write_transpose(result, columns, m * l, entries, turned, m * l, lanes)
    for k in range(0, entries, 1 if along else width):
        plane, i, j = k // (height * width), k // width % height, k % width
        first = (plane * tall + d * i) * wide + e * j
        for a in range(m):
            target = beyond(image, first + s * a * wide)
            if along:
                source = beyond(turned, (k * m + a) * l)
                for b in range(l):
                    put(target, t * b, entry(target, t * b) + entry(source, b))
            else:
                for b in range(l):
                    source, corner = beyond(result, (a * l + b) * columns + k), t * b
                    for r in range(width):
                        put(
                            target, corner + e * r, entry(target, corner + e * r) + entry(source, r)
                        )
