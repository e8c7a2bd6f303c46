"""What is timed: the arithmetic that is counted, the weights and data that all get."""

import numpy as np
import pytest

from minivae import kernels, models
from minivae.bench.networks import Convolution, Linear, Network, TransposedConvolution
from minivae.bench.sweep import PRODUCTS, Product, factors
from minivae.bench.workloads import LIMIT, WORKLOADS, Workload, batches, group, images, matrices

EVERY = [workload for name in WORKLOADS for workload in group(name)]


def test_the_operations_of_a_dense_step_written_out():
    """Forward 2 b in out; backward twice that, but once for the first layer."""
    step = Workload("", "", "step", Network.mlp((500,), 20, "relu"), 100)
    first, rest = 784 * 500, 500 * 40 + 20 * 500 + 500 * 784
    assert step.flops == 2 * 100 * (2 * first + 3 * rest)


def test_the_operations_of_a_convolutional_step_written_out():
    (step,) = WORKLOADS["conv"]
    first = 16 * 1 * 32 * 14 * 14
    rest = 16 * 32 * 64 * 7 * 7 + 3136 * 32 + 16 * 3136 + 16 * 64 * 32 * 7 * 7 + 16 * 32 * 14 * 14
    assert step.flops == 2 * 100 * (2 * first + 3 * rest)


def test_the_decoder_runs_on_every_draw():
    (step,), (estimate,) = WORKLOADS["iwae"], WORKLOADS["likelihood"]
    first, encoder = 784 * 200, 200 * 200 + 200 * 100
    decoder = 50 * 200 + 200 * 200 + 200 * 784
    assert step.flops == 2 * 20 * (2 * first + 3 * encoder + 3 * 50 * decoder)
    encoder, decoder = 784 * 300 + 300 * 300 + 300 * 20, 10 * 300 + 300 * 300 + 300 * 784
    assert estimate.flops == 2 * (encoder + 5_000 * decoder)


def test_the_operations_of_a_matrix_product():
    assert [workload.flops for workload in LIMIT] == [2 * n**3 for n in (512, 1024, 2048)]


def test_the_sweep_has_the_products_of_a_training_step_in_their_layouts(monkeypatch):
    """Those of a dense VAE, found by running one: who makes what, of what layout."""
    rng = np.random.default_rng(0)
    model = models.VAE.mlp(data_dim=784, hidden=(500,), latent=20, activation="relu", rng=rng)
    matmul, dense, made = kernels.matmul, kernels.dense, set()

    def note(a, b):
        transposed = "Aᵀ B" if a.strides[0] < a.strides[1] else "A B"
        layout = "A Bᵀ" if b.strides[0] < b.strides[1] else transposed
        made.add(Product(len(a), *b.shape, layout))

    monkeypatch.setattr(kernels, "matmul", lambda a, b: (note(a, b), matmul(a, b))[1])
    monkeypatch.setattr(kernels, "dense", lambda x, w, *_: (note(x, w.T), dense(x, w, *_))[1])
    model.loss(images(100), rng=rng).backward()
    assert made == set(PRODUCTS[-11:])


def test_the_sweep_covers_rows_columns_and_layouts():
    assert 60 <= len(PRODUCTS) == len(set(PRODUCTS)) <= 100
    for size, least in (("rows", 1), ("inner", 10), ("columns", 10)):
        sizes = [getattr(product, size) for product in PRODUCTS]
        assert (min(sizes), max(sizes)) == (least, 1000)
    assert {product.layout for product in PRODUCTS} == {"A B", "A Bᵀ", "Aᵀ B"}
    assert group("products")[0].flops == 2 * 1 * 25 * 25
    assert "products" not in WORKLOADS  # by default it is not measured


@pytest.mark.parametrize("product", PRODUCTS, ids=str)
def test_factors_have_the_sizes_and_the_layout(product):
    a, b = factors(product)
    assert (a.shape, b.shape) == (
        (product.rows, product.inner),
        (product.inner, product.columns),
    )
    assert a.dtype == b.dtype == np.float32
    assert a.T.flags.c_contiguous if product.layout == "Aᵀ B" else a.flags.c_contiguous
    assert b.T.flags.c_contiguous if product.layout == "A Bᵀ" else b.flags.c_contiguous
    assert a.ctypes.data % 64 == b.ctypes.data % 64 == 0


@pytest.mark.parametrize("workload", EVERY, ids=lambda workload: workload.name)
def test_layers_fit_together_and_weights_fit_them(workload):
    weights = workload.network.weights()
    for side, width in (("encoder", 784), ("decoder", workload.network.latent)):
        for i, layer in enumerate(getattr(workload.network, side)):
            if isinstance(layer, Linear | Convolution | TransposedConvolution):
                pixels = {Convolution: 4, TransposedConvolution: 1}.get(type(layer))
                inputs = layer.inputs * (pixels * layer.side**2 if pixels else 1)
                assert width == inputs
                after = {Convolution: 1, TransposedConvolution: 4}.get(type(layer))
                width = layer.outputs * (after * layer.side**2 if after else 1)
                assert weights[f"{side}.layers.{i}.weight"].shape == layer.shape
                assert weights[f"{side}.layers.{i}.bias"].shape == (layer.outputs,)
        assert width == {"encoder": 2 * workload.network.latent, "decoder": 784}[side]
    assert all(w.dtype == np.float32 for w in weights.values())


@pytest.mark.parametrize("workload", EVERY, ids=lambda workload: workload.name)
def test_weights_and_data_are_the_same_in_every_process(workload):
    first, second = workload.network.weights(), workload.network.weights()
    for name, w in first.items():
        np.testing.assert_array_equal(w, second[name])
    np.testing.assert_array_equal(batches(workload), batches(workload))
    assert np.shape(batches(workload)) == (10, workload.size, 784)
    assert set(np.unique(batches(workload))) == {0.0, 1.0}


def test_the_matrices_of_a_product():
    a, b = matrices(7)
    assert a.shape == b.shape == (7, 7)
    assert a.dtype == b.dtype == np.float32
    assert np.any(a != b)


def test_an_unknown_workload_is_refused():
    with pytest.raises(ValueError, match="'rnn' is unknown; choose from dense, conv, iwae, lik"):
        group("rnn")
