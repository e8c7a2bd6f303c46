"""The stages of a composition: what each layer gives, and whether a nonlinearity gave it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minivae as mv
from minivae.nn import ACTIVATIONS, Linear, Sequential


def rng():
    return np.random.default_rng(0)


def swish(z):
    """A nonlinearity that no layer takes along."""
    return z * mv.sigmoid(z)


@given(st.lists(st.sampled_from([*ACTIVATIONS, "swish", "none"]), max_size=4))
def test_each_stage_is_the_composition_up_to_it_and_the_last_is_the_result(names):
    layers = []
    for name in names:
        layers.append(Linear(3, 3, rng=rng()))
        if name != "none":
            layers.append(ACTIVATIONS.get(name, swish))
    net, x = Sequential(*layers), rng().standard_normal((5, 3))
    stages = list(net.stages(x))
    expected, z = [], x
    for name, layer in zip(names, (f for f in layers if isinstance(f, Linear)), strict=True):
        z = z @ layer.weight.data.T
        if name == "swish":
            expected.append((False, z))  # nobody took it along: a stage of its own
            z = swish(mv.tensor(z)).data
            expected.append((True, z))
        elif name == "none":
            expected.append((False, z))
        else:
            z = ACTIVATIONS[name](z)
            expected.append((True, z))
    assert [nonlinear for nonlinear, _ in stages] == [nonlinear for nonlinear, _ in expected]
    for (_, value), (_, known) in zip(stages, expected, strict=True):
        np.testing.assert_allclose(value.data, known, rtol=1e-10, atol=1e-13)
    result = net(x)
    last = stages[-1][1].data if stages else x
    np.testing.assert_array_equal(result.data if layers else result, last)
