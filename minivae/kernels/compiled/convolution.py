"""Twins of the three convolutions: products with matrices of windows, an image or two at a time.

Each thread has a room of its own, small enough for the core's cache. There it frames an image with
zeros, multiplies (:mod:`minivae.kernels.compiled.windows`; where the windows are, the tables of
:mod:`minivae.kernels.compiled.places` say), and from there it writes the result, transposed:
channels come last in a product and first in an image.

- ``conv_result``: the windows of x times the kernels, as columns.
- ``conv_image``: the pixels whose row is ≡ r and whose column is ≡ q modulo the stride meet the
  same entries of the kernel. So they are a convolution of g, with stride 1, with these entries
  alone: one product for each phase (r, q), and nothing is added to memory twice. But if an image
  has few channels, the columns of the product, most of a vector would be empty; and if g is hardly
  larger than a pixel, most windows see zeros. Where it takes less time, each pixel of g is
  multiplied with all of the kernel, and the products are added where they belong; likewise if the
  kernel is not finite, because then the frame's zeros would become NaN.
- ``conv_kernel``: the transposed windows of x times g, summed over the images, in a few parts;
  these are added in order, whoever computed them.
"""

from __future__ import annotations

import math

import numpy as np

from minivae.kernels import convolution as reference
from minivae.kernels.compiled.images import (
    add_products,
    copy_planes,
    fill,
    gather_panels,
    start,
    write_panels,
    write_transpose,
)
from minivae.kernels.compiled.jit import jit
from minivae.kernels.compiled.places import (
    Plan,
    kernel_plan,
    phases_plan,
    pixels_plan,
    result_plan,
)
from minivae.kernels.compiled.pointers import address, beyond, pointer
from minivae.kernels.compiled.team import claim, enter, finish, leave
from minivae.kernels.compiled.vectors import BYTES
from minivae.kernels.compiled.windows import VECTORS, multiply_windows
from minivae.kernels.convolution import Grid, Pair
from minivae.kernels.crew import crew
from minivae.kernels.memory import empty, plain

CHUNKS = 64  # of images, at most
PARTS = 8  # of the sum over images, at most
ADDING = 64  # multiplications in a tile that take the time of adding one product to an image


@jit
def _correlate(team, room, job, frame, x, b, tables, products, z):  # type: ignore[no-untyped-def]
    """Write windows times b for each image, transposed: z (n, channels, pixels)."""
    if team[2] >= room.shape[0]:
        return
    images, group, span, channels, pixels, columns = job
    c, h, w, above, left, tall, wide = frame
    rows, places, steps = start(tables[0]), start(tables[1]), start(tables[2])
    lanes, zero, size = BYTES // room.itemsize, room.dtype.type(0), c * tall * wide
    framed = start(room[team[2]])
    result = beyond(framed, group * size)
    x, b, z = pointer(room, x), pointer(room, b), pointer(room, z)
    chunks = (images + span - 1) // span
    enter(team)
    fill(framed, group * size, zero)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        end = min(chunk * span + span, images)
        for n in range(chunk * span, end, group):
            held = min(group, end - n)
            inside = beyond(framed, above * wide + left)
            image = beyond(x, n * c * h * w)
            copy_planes(image, h * w, w, inside, tall * wide, wide, held * c, h, w)
            for i in range(products.shape[0]):
                row, height, step, count = products[i]
                multiply_windows(
                    framed, beyond(rows, row), held * height, beyond(steps, step), count,
                    beyond(b, step * columns), columns, lanes, result, beyond(places, row), True,
                    zero,
                )  # fmt: skip
            for i in range(held):
                source = beyond(result, i * pixels * columns)
                target = beyond(z, (n + i) * channels * pixels)
                write_transpose(source, columns, pixels, channels, target, pixels, lanes)
        finish(team)
    leave(team, chunks)


@jit
def _spread(team, room, job, shape, g, b, tables, x):  # type: ignore[no-untyped-def]
    """Multiply each pixel of g with the kernels, and add each product where it belongs in x."""
    if team[2] >= room.shape[0]:
        return
    images, group, span, pixels, columns = job
    o, _, _, c, _, _, _, _, _, _, p, q, h, w = shape
    rows, places, steps = start(tables[0]), start(tables[1]), start(tables[2])
    lanes, zero = BYTES // room.itemsize, room.dtype.type(0)
    tall, wide = h + 2 * p, w + 2 * q
    result = start(room[team[2]])
    copied = beyond(result, group * pixels * columns)
    framed = beyond(copied, group * o * pixels)
    turned = beyond(framed, c * tall * wide)
    g, b, x = pointer(room, g), pointer(room, b), pointer(room, x)
    chunks = (images + span - 1) // span
    enter(team)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        end = min(chunk * span + span, images)
        for n in range(chunk * span, end, group):
            held = min(group, end - n)
            copy_planes(beyond(g, n * o * pixels), 0, 0, copied, 0, 0, 1, 1, held * o * pixels)
            multiply_windows(
                copied, rows, held * pixels, steps, o, b, columns, lanes, result, places, True, zero
            )
            for image in range(held):
                fill(framed, c * tall * wide, zero)
                add_products(
                    beyond(result, image * pixels * columns), columns, turned, framed, shape, lanes
                )
                inside, whole = beyond(framed, p * wide + q), beyond(x, (n + image) * c * h * w)
                copy_planes(inside, tall * wide, wide, whole, h * w, w, c, h, w)
        finish(team)
    leave(team, chunks)


@jit
def _sum_kernel(team, room, job, frame, x, g, tables, parts):  # type: ignore[no-untyped-def]
    """Write, for each chunk of images, the sum of their transposed windows times g."""
    if team[2] >= room.shape[0]:
        return
    images, group, span, channels, pixels, columns, height = job
    c, h, w, above, left, tall, wide = frame
    rows, places, steps = start(tables[0]), start(tables[1]), start(tables[2])
    lanes, zero, size = BYTES // room.itemsize, room.dtype.type(0), c * tall * wide
    framed = start(room[team[2]])
    b = beyond(framed, group * size)
    x, g, parts = pointer(room, x), pointer(room, g), pointer(room, parts)
    chunks = (images + span - 1) // span
    enter(team)
    fill(framed, group * size, zero)
    while True:
        chunk = claim(team, chunks)
        if chunk == chunks:
            break
        end = min(chunk * span + span, images)
        part = beyond(parts, chunk * height * columns)
        for n in range(chunk * span, end, group):
            held = min(group, end - n)
            inside = beyond(framed, above * wide + left)
            image = beyond(x, n * c * h * w)
            copy_planes(image, h * w, w, inside, tall * wide, wide, held * c, h, w)
            count = held * pixels
            for j in range(0, columns, VECTORS * lanes):
                width = min(VECTORS * lanes, columns - j)
                for i in range(held):
                    source = beyond(g, ((n + i) * channels + j) * pixels)
                    target = beyond(b, j * count + i * pixels * width)
                    held_channels = min(width, channels - j)
                    write_transpose(source, pixels, held_channels, pixels, target, width, lanes)
            multiply_windows(
                framed, rows, height, steps, count, b, columns, lanes, part, places,
                n == chunk * span, zero,
            )  # fmt: skip
        finish(team)
    leave(team, chunks)


@jit
def _add_parts(parts, columns, weight, lanes):  # type: ignore[no-untyped-def]
    """Add the parts in order, and write the transpose of their sum: (channels, c i j)."""
    total = parts[0]
    for i in range(1, parts.shape[0]):
        part = parts[i]
        for j in range(total.size):
            total[j] += part[j]
    o, k = weight.shape
    write_transpose(start(total), columns, k, o, start(weight), k, lanes)


@jit
def _pack_columns(weight, b, columns, lanes):  # type: ignore[no-untyped-def]
    """Write kernels (o, k) as columns."""
    o, k = weight.shape
    write_panels(start(weight), k, o, k, start(b), k, columns, lanes)


@jit
def _pack_phases(weight, area, channels, entries, products, b, columns, lanes):  # type: ignore[no-untyped-def]
    """Write the entries of the kernels that each phase meets, with a column for each channel."""
    for i in range(products.shape[0]):
        step, count = products[i, 2], products[i, 3]
        target = beyond(start(b), step * columns)
        gather_panels(start(weight), step, area, entries, count, channels, target, columns, lanes)


def conv_result(x: np.ndarray, weight: np.ndarray, grid: Grid) -> np.ndarray:
    """Twin of :func:`minivae.kernels.convolution.conv_result`."""
    reference.check_channels(x.shape, weight.shape, 1)
    weight = plain(weight)
    o, lanes = len(weight), BYTES // x.itemsize
    columns = _whole_vectors(o, lanes)
    plan = result_plan(x.shape[1:], weight.shape[2:], grid, columns)
    b = empty((len(plan.steps) * columns,), x.dtype)
    _pack_columns(weight.reshape(o, -1), b, columns, lanes)
    return _correlated(x, b, plan, o, columns)


def conv_image(g: np.ndarray, weight: np.ndarray, grid: Grid, size: Pair) -> np.ndarray:
    """Twin of :func:`minivae.kernels.convolution.conv_image`."""
    reference.check_channels(g.shape, weight.shape, 0)
    if any(np.less(grid.result_size(size, weight.shape[2:]), g.shape[2:])):
        raise ValueError(f"conv_image: results {g.shape} are not those of images of size {size}")
    weight, size = plain(weight), (size[0], size[1])
    (o, c, *kernel), lanes = weight.shape, BYTES // g.itemsize
    columns = _whole_vectors(c, lanes)
    plan = phases_plan(g.shape[1:], weight.shape[1:], grid, size, columns)
    area, pixels, steps = math.prod(kernel), plan.products[:, 1], plan.products[:, 3]
    gathered, spread = columns * (pixels @ steps), math.prod(g.shape[2:]) * c * area * (o + ADDING)
    if gathered > spread or not np.isfinite(weight).all():
        return _spread_over(g, weight, grid, size)
    b = empty((len(plan.steps) * columns,), g.dtype)
    _pack_phases(weight.ravel(), area, c, plan.entries, plan.products, b, columns, lanes)
    return _correlated(g, b, plan, c, columns)


def conv_kernel(g: np.ndarray, x: np.ndarray, grid: Grid, size: Pair) -> np.ndarray:
    """Twin of :func:`minivae.kernels.convolution.conv_kernel`."""
    size = size[0], size[1]
    if (g.shape[0], *g.shape[2:]) != (x.shape[0], *grid.result_size(x.shape[2:], size)):
        raise ValueError(f"conv_kernel: results {g.shape} are not those of images {x.shape}")
    if min(size) < 1:
        return reference.conv_kernel(g, x, grid, size)
    g, x = plain(g), plain(x)
    (n, o), lanes = g.shape[:2], BYTES // g.itemsize
    columns = _whole_vectors(o, lanes)
    plan = kernel_plan(x.shape[1:], size, grid, columns)
    span = _span(n, plan.group, PARTS)
    pixels, k = plan.size[0] * plan.size[1], x.shape[1] * size[0] * size[1]
    parts = empty((-(-n // span), k * columns), x.dtype)
    job = n, plan.group, span, o, pixels, columns, k
    room = _room(plan, pixels * columns, x.dtype)
    tables = plan.rows, plan.places, plan.steps
    crew.run(_sum_kernel, room, job, plan.frame, address(x), address(g), tables, address(parts))
    weight = empty((o, k), x.dtype)
    _add_parts(parts, columns, weight, lanes)
    return weight.reshape(o, x.shape[1], *size)


def _correlated(
    x: np.ndarray, b: np.ndarray, plan: Plan, channels: int, columns: int
) -> np.ndarray:
    """Return the products of the windows of images with columns b, as images."""
    x, n, pixels = plain(x), len(x), plan.size[0] * plan.size[1]
    z = empty((n, channels, *plan.size), x.dtype)
    job = n, plan.group, _span(n, plan.group, CHUNKS), channels, pixels, columns
    room = _room(plan, pixels * columns, x.dtype)
    tables = plan.rows, plan.places, plan.steps
    crew.run(
        _correlate, room, job, plan.frame, address(x), address(b), tables, plan.products, address(z)
    )
    return z


def _spread_over(g: np.ndarray, weight: np.ndarray, grid: Grid, size: Pair) -> np.ndarray:
    """Return the images over which results are spread by kernels."""
    g = plain(g)
    (n, o, m, l), (c, *kernel) = g.shape, weight.shape[1:]  # noqa: E741
    entries, lanes = c * math.prod(kernel), BYTES // g.itemsize
    columns = _whole_vectors(entries, lanes)
    plan = pixels_plan(g.shape[1:], columns)
    padded = np.zeros((o, columns), g.dtype)
    padded[:, :entries] = weight.reshape(o, entries)
    panels = range(VECTORS * lanes, columns, VECTORS * lanes)
    b = np.concatenate([panel.ravel() for panel in np.split(padded, panels, axis=1)])
    frame = c * (size[0] + 2 * grid.padding[0]) * (size[1] + 2 * grid.padding[1])
    product = plan.group * m * l * (columns + o)
    room = empty((crew.threads, product + frame + m * l * entries), g.dtype)
    x = empty((n, c, *size), g.dtype)
    job = n, plan.group, _span(n, plan.group, CHUNKS), m * l, columns
    shape = o, m, l, c, *kernel, *grid.stride, *grid.dilation, *grid.padding, *size
    tables = plan.rows, plan.places, plan.steps
    crew.run(_spread, room, job, shape, address(g), address(b), tables, address(x))
    return x


def _whole_vectors(channels: int, lanes: int) -> int:
    return -(-channels // lanes) * lanes


def _span(images: int, group: int, chunks: int) -> int:
    """Return how many images a chunk has: whole groups."""
    return -(-images // (group * chunks)) * group


def _room(plan: Plan, product: int, dtype: np.dtype) -> np.ndarray:
    """Return for each thread the memory for a group of frames and of products."""
    c, *_, tall, wide = plan.frame
    return empty((crew.threads, plan.group * (c * tall * wide + product)), dtype)
