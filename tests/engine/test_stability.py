"""Stable forms: no overflow at the extremes, no lost digits near zero, values and slopes."""

import numpy as np
import pytest

import minivae as mv


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logsumexp_does_not_care_how_large_its_entries_or_other_rows_are(dtype):
    x = np.array([[0.0, 0.0], [1e4, 1e4], [-1e4, -1e4]], dtype)
    np.testing.assert_allclose(
        mv.logsumexp(x, axis=1), [np.log(2), 1e4 + np.log(2), -1e4 + np.log(2)], rtol=1e-6
    )
    np.testing.assert_allclose(mv.logsumexp(x, axis=1)[0], np.log(2), rtol=1e-6)
    t = mv.tensor(x, requires_grad=True)
    mv.logsumexp(t, axis=1).sum().backward()
    np.testing.assert_array_equal(t.grad, np.full_like(x, 0.5))


def test_logsumexp_of_impossible_events_is_impossible():
    with np.errstate(divide="ignore"):
        assert mv.logsumexp(np.full(3, -np.inf)) == -np.inf
    assert mv.logsumexp(np.array([-np.inf, 1.0])) == 1.0


@pytest.mark.parametrize("f", [mv.expm1, mv.log1p, mv.elu])
def test_no_digits_are_lost_near_zero(f):
    for x in (-1e-12, 1e-12):
        np.testing.assert_allclose(f(x), x, rtol=1e-11)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (mv.elu, -30.0, np.exp(-30.0)),
        (mv.expm1, -30.0, np.exp(-30.0)),
        (mv.sigmoid, 40.0, np.exp(-40.0)),
        (mv.sigmoid, -40.0, np.exp(-40.0)),
        (mv.softplus, -40.0, np.exp(-40.0)),
        (mv.elu, 1e4, 1.0),
        (mv.softplus, 1e4, 1.0),
        (mv.sigmoid, -1e4, 0.0),
    ],
)
def test_slopes_in_the_tails_keep_their_digits(f, x, slope):
    assert mv.grad(f)(x).item() == pytest.approx(slope, rel=1e-14, abs=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_density_is_finite_where_its_width_vanishes(dtype):
    mu = mv.tensor(np.zeros(2, dtype), requires_grad=True)
    logvar = mv.tensor(np.full(2, -90.0 if dtype == "float32" else -800.0, dtype))
    q = mv.distributions.Normal(mu, logvar)
    log_p = q.log_prob(np.zeros(2, dtype))
    log_p.backward()
    assert np.isfinite(log_p.data)
    assert np.isfinite(mu.grad).all()
