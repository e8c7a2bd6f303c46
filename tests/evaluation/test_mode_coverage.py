"""Coverage of known modes: what of it must hold for every set of samples, and exact values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, entropy

from minivae.data import gaussian_grid, gaussian_ring
from minivae.evaluation import mode_coverage

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, n=st.integers(1, 60), k=st.integers(1, 6), d=st.integers(1, 4))
def test_the_measures_agree_with_loops_over_samples_and_modes(seed, n, k, d):
    rng = np.random.default_rng(seed)
    x, centres = rng.standard_normal((n, d)), rng.standard_normal((k, d))
    found = mode_coverage(x, centres, std=0.4, radius=2.0)
    served, good = [0] * k, [0] * k
    for point in x:
        gaps = [np.sqrt(np.sum((point - centre) ** 2)) for centre in centres]
        j = min(range(k), key=gaps.__getitem__)
        served[j] += 1
        good[j] += gaps[j] <= 0.8
    assert found.modes == k
    assert found.covered == sum(number > 0 for number in good)
    assert found.quality == pytest.approx(sum(good) / n, abs=1e-14)
    assert found.kl == pytest.approx(entropy(served, [1 / k] * k), abs=1e-12)


@given(seed=seeds, n=st.integers(1, 40))
def test_neither_order_nor_position_nor_scale_nor_rotation_matters(seed, n):
    rng = np.random.default_rng(seed)
    mixture = gaussian_ring(modes=5, std=0.3)
    x = rng.standard_normal((n, 2)) * 2
    turn, shift, scale = np.linalg.qr(rng.standard_normal((2, 2)))[0], rng.standard_normal(2), 3.0
    moved = (scale * x @ turn + shift)[rng.permutation(n)]
    centres = scale * mixture.centres @ turn + shift
    here = mode_coverage(x, mixture.centres, mixture.std)
    there = mode_coverage(moved, centres, scale * mixture.std)
    assert (here.covered, here.modes) == (there.covered, there.modes)
    assert here.quality == there.quality
    assert here.kl == pytest.approx(there.kl, abs=1e-12)


@given(seed=seeds, n=st.integers(1, 40), more=st.integers(1, 40))
def test_more_samples_never_cover_fewer_modes(seed, n, more):
    rng = np.random.default_rng(seed)
    grid = gaussian_grid(std=0.4)
    x = rng.uniform(-5, 5, (n + more, 2))
    few, many = (mode_coverage(part, grid.centres, grid.std) for part in (x[:n], x))
    assert few.covered <= many.covered
    assert 0 <= many.kl <= np.log(25)


@pytest.mark.parametrize("mixture", [gaussian_grid(), gaussian_ring()], ids=["grid", "ring"])
def test_data_cover_all_modes_with_the_quality_of_chi_squared(mixture):
    """Good is a coin of probability 1 - e^(-9/2) in the plane; 4.5 standard errors of its share.

    2 n KL of an even histogram is about χ² with k - 1 degrees of freedom (Wilks).
    """
    n, k = 20_000, len(mixture.centres)
    x, _ = mixture.sample(n, np.random.default_rng(0))
    found = mode_coverage(x, mixture.centres, mixture.std)
    p = chi2(2).cdf(9)
    assert p == pytest.approx(1 - np.exp(-4.5), rel=1e-12)
    assert found.covered == found.modes == k
    assert abs(found.quality - p) < 4.5 * np.sqrt(p * (1 - p) / n)
    assert 2 * n * found.kl < chi2(k - 1).isf(7e-6)  # as rare as 4.5 standard errors


@given(kept=st.integers(1, 25))
def test_dropping_all_but_some_modes_costs_the_logarithm_of_the_ratio(kept):
    grid = gaussian_grid()
    found = mode_coverage(np.repeat(grid.centres[:kept], 3, axis=0), grid.centres, grid.std)
    assert (found.covered, found.quality) == (kept, 1.0)
    assert found.kl == pytest.approx(np.log(25 / kept), abs=1e-12)


def test_blur_between_modes_costs_quality_and_not_the_balance():
    grid = gaussian_grid()
    found = mode_coverage(grid.centres + 0.9, grid.centres, grid.std)
    assert (found.covered, found.quality) == (0, 0.0)
    assert found.kl == pytest.approx(0, abs=1e-12)


def test_a_sample_on_the_border_is_good():
    for at, good in ((3.0, 1), (np.nextafter(3.0, 4), 0)):
        assert mode_coverage([[at]], [[0.0]], std=1.0).covered == good


@pytest.mark.parametrize(
    ("x", "centres", "options", "message"),
    [
        (
            np.zeros((0, 2)),
            np.zeros((3, 2)),
            {},
            "at least one of each; they are .0, 2. and .3, 2.",
        ),
        (np.zeros((4, 2)), np.zeros((0, 2)), {}, "at least one of each"),
        (np.zeros(4), np.zeros((3, 2)), {}, r"samples must be \(n, d\) and centres \(k, d\)"),
        (np.zeros((4, 3)), np.zeros((3, 2)), {}, "samples have 3 dimensions and centres 2; pass"),
        (np.full((4, 2), np.nan), np.zeros((3, 2)), {}, "NaN or infinite; did the training"),
        (np.zeros((4, 2)), np.zeros((3, 2)), {"std": 0.0}, "must be positive: 0.0 and 3.0"),
        (np.zeros((4, 2)), np.zeros((3, 2)), {"radius": -1}, "must be positive: 1.0 and -1"),
    ],
)
def test_what_cannot_be_measured_is_refused(x, centres, options, message):
    with pytest.raises(ValueError, match=f"^mode_coverage: .*{message}"):
        mode_coverage(x, centres, **({"std": 1.0} | options))
