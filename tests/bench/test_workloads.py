"""What is timed: the arithmetic that is counted, the weights and data that all get."""

import numpy as np
import pytest

from minivae.bench.networks import Convolution, Linear, Network, TransposedConvolution
from minivae.bench.workloads import LIMIT, WORKLOADS, Workload, batches, group, matrices

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
