"""Every function computes what NumPy's, SciPy's or a plain loop does, on arrays and on tensors."""

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import special, stats

import minivae as mv
from minivae.engine.registry import FUNCTIONS
from minivae.kernels.convolution import Grid
from minivae.testing.strategies import operands

# NumPy's astype takes arrays only, its conv_result has one axis: they share but a name with ours.
NUMPY = {
    name: getattr(np, name)
    for name in {*FUNCTIONS} - {"astype", "conv_result"}
    if hasattr(np, name)
}
NUMPY["norm"] = np.linalg.norm


# --- what has no counterpart in NumPy: SciPy's, or the definition ----------------------------


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def leaky_relu(x, negative_slope):
    return np.where(x > 0, x, negative_slope * x)


def softmax(x, axis):
    return np.exp(x) / np.sum(np.exp(x), axis, keepdims=True)


def linear(x, weight, bias):
    return np.einsum("...i,oi->...o", x, weight) + bias


def applied(z, activation):
    functions = {
        "identity": z,
        "relu": np.where(z > 0, z, 0),
        "elu": elu(z),
        "sigmoid": special.expit(z),
        "tanh": np.tanh(z),
        "softplus": np.logaddexp(0, z),
    }
    return functions[activation]


def dense(x, weight, bias, activation):
    return applied(linear(x, weight, bias), activation)


def channel_bias(x, bias, activation):
    return applied(x + bias[:, None, None], activation)


def bernoulli_nll(logits, x):
    p = special.expit(logits)
    return -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=-1)


def gaussian_kl(mu, logvar):
    return 0.5 * (np.square(mu) + np.exp(logvar) - 1 - logvar)


def gaussian_kl_isotropic(mu, logvar):
    return gaussian_kl(mu, logvar.reshape(*mu.shape[:-1], 1)).sum(-1)


def gaussian_kl_full(mu, L):
    """With the covariance Σ = L Lᵀ, ½ (tr Σ + ‖μ‖² - d - log det Σ)."""
    L = np.tril(L)
    covariance = L @ np.swapaxes(L, -1, -2)
    trace = np.trace(covariance, axis1=-2, axis2=-1)
    log_det = np.linalg.slogdet(covariance)[1]
    return 0.5 * (trace + np.square(mu).sum(-1) - mu.shape[-1] - log_det)


def solve_triangular(L, b, transposed):
    """By inverses, where there is something to invert."""
    L = np.swapaxes(np.tril(L), -1, -2) if transposed else np.tril(L)
    return (
        np.einsum("...ij,...j->...i", np.linalg.inv(L), b)
        if b.size and L.size
        else 0 * (np.broadcast_to(b, np.broadcast_shapes(L.shape[:-1], b.shape)))
    )


def gaussian_nll(mean, x, logstd):
    return -stats.norm.logpdf(x, mean, np.exp(logstd)).sum(-1)


def reparameterize(mu, logvar, eps):
    return mu + np.sqrt(np.exp(logvar)) * eps


def sparsity_penalty(y, rho):
    share = np.sum(y, axis=0) / len(y)
    return np.sum(rho * np.log(rho / share) + (1 - rho) * np.log((1 - rho) / (1 - share)))


def contraction_penalty(slope, weight):
    """The squared Frobenius norm of each Jacobian, which is formed."""
    return np.array([np.linalg.norm(np.diag(s) @ weight) ** 2 for s in slope]).reshape(len(slope))


def gru_cell(gates_x, gates_h, h):
    r, z, _ = np.split(special.expit(gates_x + gates_h), 3, axis=1)
    d = h.shape[1]
    n = np.tanh(gates_x[:, 2 * d :] + r * gates_h[:, 2 * d :])
    return n + z * (h - n)


def scatter(x, shape, index):
    z = np.zeros(shape)
    np.add.at(z, index, x)
    return z


def euclidean(x, axis, keepdims):
    return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


def conv_result(x, weight, grid):
    """Place by place, the sum of products of the kernel with what it lies on."""
    (p, q), (s, t), (d, e) = grid.padding, grid.stride, grid.dilation
    (h, w), (i, j) = x.shape[2:], weight.shape[2:]
    z = np.zeros((len(x), len(weight), *grid.result_size((h, w), (i, j))))
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (q, q)))
    for n, o, a, b in np.ndindex(*z.shape):
        seen = padded[n, :, s * a : s * a + d * i : d, t * b : t * b + e * j : e][..., :i, :j]
        z[n, o, a, b] = np.sum(seen * weight[o])
    return z


def conv_image(g, weight, grid, size):
    """Place by place, the kernel times the entry, added where the kernel lies."""
    (p, q), (s, t), (d, e) = grid.padding, grid.stride, grid.dilation
    (h, w), (i, j) = size, weight.shape[2:]
    x = np.zeros((len(g), weight.shape[1], h + 2 * p, w + 2 * q))
    for n, o, a, b in np.ndindex(*g.shape):
        for k, m in np.ndindex(i, j):
            x[n, :, s * a + d * k, t * b + e * m] += g[n, o, a, b] * weight[o, :, k, m]
    return x[:, :, p : p + h, q : q + w]


def conv_kernel(g, x, grid, size):
    """For each entry of the kernel, the derivative of <g, conv_result> with respect to it."""
    weight = np.zeros((g.shape[1], x.shape[1], *size))
    for index in np.ndindex(*weight.shape):
        unit = np.zeros_like(weight)
        unit[index] = 1
        weight[index] = np.sum(g * conv_result(x, unit, grid))
    return weight


def conv2d(x, weight, bias=None, **steps):
    z = conv_result(x, weight, Grid.of(**steps))
    return z if bias is None else z + bias[:, None, None]


def conv_transpose2d(x, weight, bias=None, output_padding=0, **steps):
    grid = Grid.of(**steps)
    size = [
        (m - 1) * s - 2 * p + d * (k - 1) + 1 + extra
        for m, k, s, p, d, extra in zip(
            x.shape[2:], weight.shape[2:], *grid, np.broadcast_to(output_padding, 2), strict=True
        )
    ]
    z = conv_image(x, weight, grid, size)
    return z if bias is None else z + bias[:, None, None]


def contract(*parts, subscripts):
    z = np.einsum(subscripts, *parts)
    return z if all(np.size(part) for part in parts) else np.zeros_like(z)


OTHERS = {
    "astype": lambda x, dtype: x.astype(dtype),
    "bernoulli_nll": bernoulli_nll,
    "channel_bias": channel_bias,
    "contract": contract,
    "contraction_penalty": contraction_penalty,
    "conv2d": conv2d,
    "conv_transpose2d": conv_transpose2d,
    "conv_result": conv_result,
    "conv_image": conv_image,
    "conv_kernel": conv_kernel,
    "dense": dense,
    "elu": elu,
    "erf": special.erf,
    "euclidean": euclidean,
    "gaussian_kl": gaussian_kl,
    "gaussian_kl_full": gaussian_kl_full,
    "gaussian_kl_isotropic": gaussian_kl_isotropic,
    "gaussian_nll": gaussian_nll,
    "gelu": lambda x: x * special.ndtr(x),
    "getitem": lambda x, index: x[index],
    "gru_cell": gru_cell,
    "join": lambda *parts, axis, edges: np.concatenate(parts, axis),
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": special.log_expit,
    "log_softmax": lambda x, axis: np.log(softmax(x, axis)),
    "logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis, keepdims=keepdims)),
    "relu": lambda x: np.where(x > 0, x, 0),
    "reparameterize": reparameterize,
    "scatter": scatter,
    "sigmoid": special.expit,
    "softmax": softmax,
    "sparsity_penalty": sparsity_penalty,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "solve_triangular": solve_triangular,
}


def test_every_function_has_something_to_agree_with():
    assert sorted({*NUMPY, *OTHERS}) == sorted(FUNCTIONS)


def parts(z):
    return z if isinstance(z, list) else [z]


def values(z):
    """The arrays behind a result, and that a result is recorded."""
    assert all(part.requires_grad for part in parts(z))
    return [part.data for part in parts(z)]


def agree(found, expected, rtol=1e-13):
    for a, b in zip(parts(found), parts(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("name", sorted(NUMPY))
def test_a_function_with_numpys_name_computes_what_numpys_does(name):
    """Called as minivae's, on arrays and tensors, and as NumPy's on tensors, which is recorded."""

    @settings(max_examples=300 if name == "einsum" else 75)  # which has so many forms
    @given(operands(name).filter(lambda call: call.variables).filter(numpy_takes))
    def law(call):
        tensors = [mv.tensor(x, requires_grad=True) if is_real(x) else x for x in call.operands]
        expected = call.of(NUMPY[name])
        agree(call.of(FUNCTIONS[name]), expected)
        agree(values(call.of(FUNCTIONS[name], *tensors)), expected)
        agree(values(call.of(NUMPY[name], *tensors)), expected)

    law()


def is_real(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def numpy_takes(call):
    """Whether NumPy's norm is defined: over one axis, two, or all; and its einsum: of some."""
    axis = call.static.get("axis")
    if call.name == "einsum":
        return all(np.size(x) for x in call.operands)
    return call.name != "norm" or axis is None or np.size(axis) in (1, 2)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_function_without_numpys_name_computes_its_definition(name):
    @settings(max_examples=50)
    @given(operands(name).filter(lambda call: call.variables))
    def law(call):
        tensors = [mv.tensor(x, requires_grad=True) if is_real(x) else x for x in call.operands]
        expected = call.of(OTHERS[name])
        agree(call.of(FUNCTIONS[name]), expected, rtol=1e-12)
        agree(values(call.of(FUNCTIONS[name], *tensors)), expected, rtol=1e-12)

    law()


@settings(max_examples=50)
@given(operands("conv_result"))
def test_the_transposed_convolution_is_the_adjoint_of_the_convolution(call):
    """<conv(x), g> = <x, convᵀ(g)>, for the image of the size that x has."""
    x, weight = call.operands
    s, p, d = call.static["grid"]
    z = mv.conv2d(x, weight, None, s, p, d)
    g = np.linspace(-1, 1, z.size).reshape(z.shape)
    least = (
        (m - 1) * s - 2 * p + d * (k - 1) + 1
        for m, k, s, p, d in zip(z.shape[2:], weight.shape[2:], s, p, d, strict=True)
    )
    extra = tuple(n - m for n, m in zip(x.shape[2:], least, strict=True))
    back = mv.conv_transpose2d(g, weight, None, s, p, extra, d)
    assert np.sum(z * g) == pytest.approx(np.sum(x * back), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("source", ["float32", "float64"])
@pytest.mark.parametrize("target", ["float32", "float64"])
def test_a_conversion_is_numpys_and_its_cotangent_comes_back_in_the_old_type(source, target):
    x = mv.tensor(np.array([0.1, -3.0], source), requires_grad=True)
    z = mv.astype(x, target)
    np.testing.assert_array_equal(z.data, x.data.astype(target))
    assert z.dtype == target
    z.backward(np.array([0.5, 2.0]))
    np.testing.assert_array_equal(x.grad, [0.5, 2.0])
    assert x.grad.dtype == source


def test_a_product_overflows_where_numpys_does():
    x = np.array([1e200, 1e-200, 1e200, 1e-200])
    assert mv.prod(x) == np.prod(x) == 1.0
    slopes = [1e-200, 1e200, 1e-200, 1e200]
    np.testing.assert_allclose(mv.grad(mv.prod)(x).data, slopes, rtol=1e-15)


@pytest.mark.parametrize("entries", [[], [2.0], [1.0, 2.0]])
def test_a_variance_over_too_few_entries_is_numpys_with_its_warning(entries):
    x = np.array(entries)
    for var in (np.var, mv.var):
        with (
            pytest.warns(RuntimeWarning, match="(?i)degrees of freedom <= 0"),
            np.errstate(all="ignore"),
        ):
            np.testing.assert_equal(np.asarray(var(x, ddof=2)), np.inf if x.size > 1 else np.nan)


@pytest.mark.parametrize("subscripts", ["...i->i", "i...->i", "...i,i->i", "...i,...i->"])
def test_axes_that_dots_stand_for_are_not_summed_over_silently(subscripts):
    operands = [np.ones((3, 3)), np.ones((3, 3)) if subscripts.count("...") > 1 else np.ones(3)]
    operands = operands[: subscripts.count(",") + 1]
    for einsum in (np.einsum, mv.einsum):
        with pytest.raises(ValueError, match=r"broadcast|is missing from the result"):
            einsum(subscripts, *operands)
    np.testing.assert_array_equal(mv.einsum("...i->i", np.ones(3)), np.ones(3))  # of none


@pytest.mark.parametrize("x", [(3, 4, 2), (2, 3, 4, 2)])
def test_a_stack_of_matrices_times_one_is_a_single_product(x, monkeypatch):
    """And so is the gradient of the one matrix, instead of a sum over the stack."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=x), mv.tensor(rng.normal(size=(2, 5)), requires_grad=True)
    ndims, matmul = [], np.matmul
    monkeypatch.setattr(np, "matmul", lambda a, b: ndims.append(a.ndim) or matmul(a, b))
    z = mv.matmul(x, y)
    assert ndims == [2]
    assert mv.matmul.adjoints[1](z.data, x, y.data).shape == y.shape
    z.backward(z.data)
    np.testing.assert_allclose(z.data, np.einsum("...ij,jk->...ik", x, y.data), rtol=1e-12)
    expected = x.reshape(-1, 2).T @ z.data.reshape(-1, 5)
    np.testing.assert_allclose(y.grad, expected, rtol=1e-12)


@pytest.mark.parametrize("subscripts", ["ii->i", "iij"])
def test_a_diagonal_of_unequal_axes_is_refused_as_by_numpy(subscripts):
    x = np.ones((1, 3, 2)[: len(subscripts.partition("->")[0])])
    for einsum in (np.einsum, mv.einsum):
        with pytest.raises(ValueError, match=r"index|collapsing"):
            einsum(subscripts, x)


@pytest.mark.parametrize("strides", [((0, 0), (0, 4)), ((0, 0), (8, 4)), ((4, 4), (0, 0))])
def test_a_contraction_over_an_empty_axis_reads_nothing(strides):
    """numpy.einsum reads what lies behind empty operands with such strides; here: NaN."""
    behind = np.full(8, np.nan, "float32")
    x, y = (np.lib.stride_tricks.as_strided(behind, (2, 0), s) for s in strides)
    np.testing.assert_array_equal(mv.einsum("jk,ik->ij", x, y), np.zeros((2, 2)))
