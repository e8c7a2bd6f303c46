"""Grader of `gaussian_kl.py`: one test per law, and a failure that says which law broke.

Run it with `python -m pytest exercises/test_gaussian_kl.py`; it grades the file of that name in
its own folder. The truth here is not the closed form that you are asked for: an expectation
under a Gaussian is a weighted sum over three quadrature nodes, which is exact for polynomials of
degree 5 and less. Nothing depends on a random stream, and tolerances count roundings.
"""

from pathlib import Path
from typing import Any

import numpy as np
from grading import BrokenLawError, Task, demand_positive, demand_zero, show
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

# Inputs: what hypothesis searches. Few numbers, and each exact in float32.
MODERATE = st.floats(-6, 6, width=32)
FAR = st.floats(10, 60, width=32) | st.floats(-60, -10, width=32)
ZERO = st.just(0.0)


@st.composite
def gaussians(
    draw: st.DrawFn,
    *,
    batches: tuple[int, ...] = (1, 2, 3),
    others: dict[str, st.SearchStrategy] | None = None,
    **entries: st.SearchStrategy[float],
) -> dict[str, Any]:
    """Draw `mu`, `logvar` and more such arrays from their entries, in either precision."""
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    shape = draw(st.tuples(st.sampled_from(batches), st.sampled_from([1, 2, 3, 6])))
    entries = {"mu": MODERATE | FAR, "logvar": MODERATE} | entries
    drawn = {name: draw(arrays(dtype, shape, elements=entry)) for name, entry in entries.items()}
    return drawn | {name: draw(strategy) for name, strategy in (others or {}).items()}


# The truth, in extended precision where the machine has it.
ROOT = np.sqrt(np.longdouble(3))
NODES = [(-ROOT, 1 / 6), (0 * ROOT, 4 / 6), (ROOT, 1 / 6)]  # Gauss-Hermite, for N(0, 1)


def std(logvar: Any) -> np.ndarray:
    """Return the standard deviation."""
    return np.sqrt(np.exp(np.asarray(logvar, np.longdouble)))


def divergence(mu: Any, logvar: Any, mu_p: Any = 0.0, logvar_p: Any = 0.0) -> np.ndarray:
    """E_q[log q - log p] in each dimension, by quadrature, between two Gaussians."""
    mu, logvar, mu_p = (np.asarray(array, np.longdouble) for array in (mu, logvar, mu_p))
    total = np.longdouble(0)
    for node, weight in NODES:
        z = mu + std(logvar) * node
        log_q = -(node**2 + logvar) / 2  # both without -log(2 pi) / 2, which cancels
        log_p = -(((z - mu_p) / std(logvar_p)) ** 2 + logvar_p) / 2
        total = total + weight * (log_q - log_p)
    return total


# Tolerances: bounds on the rounding error of any sensible way to compute the answer.
def kl_rounding(mu: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """Allow 8 roundings and one per summand, of terms of these sizes."""
    size = mu.astype(np.longdouble) ** 2 + std(logvar) ** 2 + abs(logvar) + 1
    return (8 + mu.shape[1]) * np.finfo(mu.dtype).eps * size.sum(-1)


def z_rounding(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> np.ndarray:
    """Allow 8 roundings of the two terms of z, and underflow."""
    machine = np.finfo(mu.dtype)
    return 8 * (machine.eps * (abs(mu) + std(logvar) * abs(eps)) + machine.tiny)


# Known mistakes: what each computes, by the sentence that names it.
def kl_mistakes(mu: np.ndarray, logvar: np.ndarray) -> dict[str, np.ndarray]:
    """Wrong divergences, made from the right one."""
    terms, log_std = divergence(mu, logvar), logvar / 2
    kl, variance = terms.sum(-1), std(logvar) ** 2
    return {
        "The sign is turned: this is -KL, as it stands in the ELBO.": -kl,
        "The factor 1/2 is missing: this is twice the KL.": 2 * kl,
        "The factor in front is missing: this is -2 times the KL.": -2 * kl,
        "A factor 1/2 too many: this is half the KL.": kl / 2,
        "The mean over the latent dimensions stands for their sum.": terms.mean(-1),
        "The latent dimensions are not summed.": terms,
        "The sum keeps the latent axis, with length 1.": kl[:, None],
        "The sum runs over the batch; the latent dimensions are the last axis.": terms.sum(0),
        "This is the mean over the batch; each datum has a KL of its own.": kl.mean(),
        "This is the mean over all entries; each datum has a KL, a sum.": terms.mean(),
        "This is the sum over the batch too; each datum has a KL of its own.": kl.sum(),
        "logvar is read as the log of the standard deviation.": divergence(mu, 2 * logvar).sum(-1),
        "The standard deviation stands where the variance belongs.": (
            kl + ((std(logvar) - variance) / 2).sum(-1)
        ),
        "The standard deviation stands where the variance belongs, in the logarithm too.": (
            divergence(mu, log_std).sum(-1)
        ),
        "The log of the standard deviation stands where that of the variance belongs.": (
            kl + (log_std / 2).sum(-1)
        ),
        "logvar counts with the wrong sign.": divergence(mu, -logvar).sum(-1),
        "This is KL(p || q): the divergence the other way round.": (
            divergence(0 * mu, 0 * mu, mu, logvar).sum(-1)
        ),
        "mu is left out, or its square.": divergence(0 * mu, logvar).sum(-1),
        "The constant is left out: this is 1/2 too much in each dimension.": (kl + mu.shape[1] / 2),
    }


def z_mistakes(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> dict[str, np.ndarray]:
    """Wrong draws."""
    return {
        "eps is not scaled: every draw has the spread of the prior.": mu + eps,
        "eps is scaled by the variance; or logvar is read as the log of the standard deviation.": (
            mu + std(logvar) ** 2 * eps
        ),
        "eps is scaled by logvar itself, a logarithm.": mu + logvar * eps,
        "The noise is left out: this is the mean, not a draw.": mu,
        "The mean is left out: every draw is centred at 0.": std(logvar) * eps,
        "eps has lost its sign: every draw lies above the mean.": mu + std(logvar) * abs(eps),
        "The noise is subtracted.": mu - std(logvar) * eps,
    }


MU = np.array([[0.3, -1.7, 0.9], [2.1, 0.4, -0.6]])
LOGVAR = np.array([[-0.8, 0.7, 1.9], [0.2, -1.3, 0.5]])
EPS = np.array([[-0.4, 1.1, -1.6], [0.7, -2.2, 0.1]])

kl = Task(
    file=Path(__file__).with_name("gaussian_kl.py"),
    name="gaussian_kl",
    read='Read lectures/first_vae.ipynb, section "The KL of two Gaussians".',
    shape=lambda mu, logvar: mu.shape[:1],
    probe=(MU, LOGVAR),
    mistakes=kl_mistakes,
)
z = Task(
    file=Path(__file__).with_name("gaussian_kl.py"),
    name="reparameterize",
    read='Read lectures/first_vae.ipynb, section "Reparameterization".',
    shape=lambda mu, logvar, eps: mu.shape,
    probe=(MU, LOGVAR, EPS),
    mistakes=z_mistakes,
)


# The laws of the divergence.
@kl.law(gaussians(batches=(1, 2, 3, 0)))
def test_kl_is_one_number_per_datum(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL is one number per datum, in the precision of the input.

    (batch, latent) -> (batch,),    float32 -> float32,    float64 -> float64
    """
    demand_same_dtype(kl(mu, logvar), mu)


@kl.law(gaussians())
def test_kl_depends_on_values_alone(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL depends on the values of its inputs alone, and leaves them as they were.

    Same values, same KL: asked twice, or stored otherwise in memory.
    """
    demand_pure(kl, kl_rounding(mu, logvar), mu=mu, logvar=logvar)


@kl.law(gaussians())
def test_kl_is_never_negative(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL is never negative.

    KL(q || p) >= 0    for all q and p
    """
    below = np.minimum(kl(mu, logvar), 0)
    demand_zero(below, kl_rounding(mu, logvar), "The part of the KL below 0")


@kl.law(gaussians(mu=ZERO, logvar=ZERO))
def test_kl_of_the_prior_is_zero(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL of the prior from itself is zero.

    KL(p || p) = 0
    """
    demand_zero(kl(mu, logvar), kl_rounding(mu, logvar), "KL(p || p)")


@kl.law(gaussians())
def test_kl_is_zero_only_at_the_prior(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL is zero only at the prior.

    KL(q || p) > 0    wherever mu != 0 or logvar != 0
    """
    away = ((abs(mu) > 0.25) | (abs(logvar) > 0.25)).any(-1)
    demand_positive(kl(mu, logvar)[away], kl_rounding(mu, logvar)[away], "KL away from the prior")


@kl.law(gaussians())
def test_kl_is_the_expected_log_ratio(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL is the expectation of the log ratio of the densities, in nats.

    KL(q || p) = E_q[ log q(z) - log p(z) ],    here by exact quadrature
    """
    residual = kl(mu, logvar) - divergence(mu, logvar).sum(-1)
    demand_zero(residual, kl_rounding(mu, logvar), "KL - E_q[log q - log p]")


@kl.law(gaussians(logvar=FAR))
def test_kl_holds_far_from_the_prior(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL stays finite and true for very narrow and very wide Gaussians.

    KL(q || p) = E_q[ log q(z) - log p(z) ]    for 10 <= |logvar| <= 60
    """
    residual = kl(mu, logvar) - divergence(mu, logvar).sum(-1)
    demand_zero(residual, kl_rounding(mu, logvar), "KL - E_q[log q - log p]")


@kl.law(gaussians())
def test_kl_adds_over_latent_dimensions(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL of independent dimensions is the sum of their KLs.

    KL(q || p) = sum_j KL(q_j || p_j),    each latent dimension j asked alone
    """
    alone = sum(kl(mu[:, [j]], logvar[:, [j]]) for j in range(mu.shape[1]))
    demand_zero(kl(mu, logvar) - alone, 2 * kl_rounding(mu, logvar), "KL - sum_j KL_j")


@kl.law(gaussians())
def test_kl_of_a_datum_ignores_its_batch(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The KL of a datum does not depend on the batch in which it stands.

    KL(batch)[n] = KL(datum n alone)
    """
    alone = np.array([kl(mu[[n]], logvar[[n]])[0] for n in range(len(mu))])
    residual = kl(mu, logvar) - alone
    demand_zero(residual, 2 * kl_rounding(mu, logvar), "KL(batch) - KL(each datum alone)")


# The laws of the draw.
@z.law(gaussians(eps=MODERATE, batches=(1, 2, 3, 0)))
def test_z_is_shaped_like_mu(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """The draw has the shape and the precision of the mean.

    (batch, latent) -> (batch, latent),    float32 -> float32,    float64 -> float64
    """
    demand_same_dtype(z(mu, logvar, eps), mu)


@z.law(gaussians(eps=MODERATE))
def test_z_depends_on_values_alone(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """The draw depends on the values of its inputs alone, and leaves them as they were.

    Same values, same z: asked twice, or stored otherwise in memory.
    """
    demand_pure(z, z_rounding(mu, logvar, eps), mu=mu, logvar=logvar, eps=eps)


@z.law(gaussians(eps=ZERO))
def test_z_without_noise_is_the_mean(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """Without noise the draw is the mean.

    z(eps = 0) = mu
    """
    demand_zero(z(mu, logvar, eps) - mu, z_rounding(mu, logvar, eps), "z(0) - mu")


@z.law(gaussians(eps=MODERATE, others={"t": st.sampled_from([-1.0, 0.5, 2.0])}))
def test_z_is_affine_in_eps(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray, t: float) -> None:
    """The draw is affine in the noise.

    z(t eps) = (1 - t) z(0) + t z(eps)
    """
    line = (1 - t) * z(mu, logvar, 0 * eps) + t * z(mu, logvar, eps)
    rounding = 8 * z_rounding(mu, logvar, eps)  # |1 - t| + 2 |t| <= 5 draws, and their sum
    demand_zero(z(mu, logvar, t * eps) - line, rounding, "z(t eps) - (1 - t) z(0) - t z(eps)")


@z.law(gaussians(eps=MODERATE))
def test_z_rises_with_eps(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """More noise moves the draw up.

    z(eps + 1) > z(eps)    in every entry
    """
    step = z(mu, logvar, eps + 1) - z(mu, logvar, eps)
    demand_positive(step, 0, "z(eps + 1) - z(eps)")


@z.law(gaussians())
def test_z_has_mean_mu_and_variance_exp_logvar(mu: np.ndarray, logvar: np.ndarray) -> None:
    """The draws have mean mu and variance exp(logvar).

    E[z] = mu,    E[(z - mu)^2] = exp(logvar),    here by exact quadrature
    """
    draws = [z(mu, logvar, np.full_like(mu, node)).astype(np.longdouble) for node, _ in NODES]
    mean = sum(weight * draw for draw, (_, weight) in zip(draws, NODES, strict=True))
    variance = sum(w * (draw - mu) ** 2 for draw, (_, w) in zip(draws, NODES, strict=True))
    rounding = z_rounding(mu, logvar, np.full_like(mu, 2))  # no node lies beyond 2
    demand_zero(mean - mu, rounding, "E[z] - mu")
    rounding = rounding * (4 * std(logvar) + rounding)  # of a square
    demand_zero(variance - std(logvar) ** 2, rounding, "E[(z - mu)^2] - exp(logvar)")


@z.law(gaussians(eps=MODERATE))
def test_z_carries_the_density_of_eps(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """The draw is as likely under N(mu, exp(logvar)) as its noise under N(0, 1).

    log N(z; mu, exp(logvar)) = log N(eps; 0, 1) - logvar / 2,
    which says that (z - mu)^2 = exp(logvar) eps^2
    """
    demand_same_density(mu, logvar, eps)


@z.law(gaussians(eps=MODERATE, logvar=FAR))
def test_z_holds_far_from_the_prior(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """The draw stays finite and true for very narrow and very wide Gaussians.

    (z - mu)^2 = exp(logvar) eps^2    for 10 <= |logvar| <= 60
    """
    demand_same_density(mu, logvar, eps)


# What several laws share.
def demand_same_density(mu: np.ndarray, logvar: np.ndarray, eps: np.ndarray) -> None:
    """(z - mu)^2 = exp(logvar) eps^2, up to the roundings of z."""
    exact, rounding = std(logvar) * abs(eps), z_rounding(mu, logvar, eps)
    residual = (z(mu, logvar, eps) - mu.astype(np.longdouble)) ** 2 - exact**2
    demand_zero(residual, rounding * (2 * exact + rounding), "(z - mu)^2 - exp(logvar) eps^2")


def demand_same_dtype(answer: np.ndarray, like: np.ndarray) -> None:
    """Refuse an answer in another precision than the input's."""
    if answer.dtype != like.dtype:
        raise BrokenLawError(f"An array of {answer.dtype}, where the inputs are {like.dtype}.")


def demand_pure(task: Task, rounding: np.ndarray, **inputs: np.ndarray) -> None:
    """Ask twice, then with strided views of the same values; see that the inputs are intact."""
    copies = {name: array.copy() for name, array in inputs.items()}
    first = task.ask(*copies.values()).copy()
    for name, array in inputs.items():
        if not np.array_equal(array, copies[name]):
            raise BrokenLawError(f"{task.name} wrote into {name}: now {show(copies[name])}.")
    again = task(*inputs.values())
    if not np.array_equal(first, again, equal_nan=True):
        raise BrokenLawError(f"{show(first)}, and then\n{show(again)}.")
    views = [np.repeat(array[::-1], 2, axis=1)[::-1, ::2] for array in inputs.values()]
    demand_zero(task.ask(*views) - first, 2 * rounding, "Change when the inputs are strided views")
