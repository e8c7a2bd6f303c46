"""Modules: how parameters are found, named, saved and loaded."""

import numpy as np
import pytest

import minivae as mv
from minivae.nn import MLP, Linear, Module, Parameter, Sequential


class Branches(Module):
    """Parameters as attributes, in lists, in tuples, in modules, and one of them twice."""

    def __init__(self):
        self.scale = Parameter(np.array(2.0))
        self.name = "no parameter"
        self.parts = [Linear(2, 3, rng=np.random.default_rng(0)), np.tanh, Parameter(np.ones(2))]
        self.pair = (Parameter(np.zeros(1)), Linear(3, 1, rng=np.random.default_rng(1)))
        self.constant = mv.tensor(np.ones(3))
        self.again = self.parts[0]
        self.tied = self.scale


NAMES = [
    "scale",
    "parts.0.weight",
    "parts.0.bias",
    "parts.2",
    "pair.0",
    "pair.1.weight",
    "pair.1.bias",
]


def network(seed=0, dtype="float64"):
    return MLP((4, 3, 2), activation="tanh", rng=np.random.default_rng(seed), dtype=dtype)


def test_parameters_are_found_in_the_order_of_the_attributes_each_once():
    module = Branches()
    assert [name for name, _ in module.named_parameters()] == NAMES
    assert [id(p) for p in module.parameters()] == [id(p) for _, p in module.named_parameters()]
    assert len({id(p) for p in module.parameters()}) == len(NAMES)
    assert all(isinstance(p, Parameter) and p.requires_grad for p in module.parameters())


def test_a_tied_parameter_receives_the_gradient_of_both_its_uses():
    module = Branches()
    (module.scale * 3.0 + module.tied * 4.0).backward()
    assert module.scale.grad == 7.0


def test_a_state_holds_copies():
    module = network()
    state = module.state_dict()
    before = {name: array.copy() for name, array in state.items()}
    for parameter in module.parameters():
        parameter.data += 1.0
    for name in state:
        np.testing.assert_array_equal(state[name], before[name])
        assert not any(np.shares_memory(state[name], p.data) for p in module.parameters())


def test_loading_a_state_gives_the_same_function_and_keeps_no_view_of_it():
    source, target = network(0), network(1)
    x = np.random.default_rng(2).standard_normal((5, 4))
    kept = [id(p) for p in target.parameters()], [id(p.data) for p in target.parameters()]
    assert np.any(source(x).data != target(x).data)
    state = source.state_dict()
    target.load_state_dict(state)
    np.testing.assert_array_equal(source(x).data, target(x).data)
    for array in state.values():
        array[...] = np.nan
    np.testing.assert_array_equal(source(x).data, target(x).data)
    # an optimiser holds on to the parameters and to their arrays
    assert kept == ([id(p) for p in target.parameters()], [id(p.data) for p in target.parameters()])


def test_states_are_matched_by_name_and_not_by_order():
    """Two layers of one size, the second of which comes first in the state."""
    source, target = (
        MLP((3, 3, 3), activation="tanh", rng=np.random.default_rng(seed)) for seed in (0, 1)
    )
    state = source.state_dict()
    names = list(state)
    target.load_state_dict({name: state[name] for name in names[2:] + names[:2]})
    for name, value in target.state_dict().items():
        np.testing.assert_array_equal(value, state[name])


def test_a_state_of_another_type_is_converted_to_that_of_the_module():
    target = network(1, "float32")
    target.load_state_dict(network(0).state_dict())
    assert all(p.dtype == "float32" for p in target.parameters())


def without_one(state):
    del state["layers.2.bias"]


def with_one_more(state):
    state["layers.9.bias"] = np.zeros(2)


def renamed(state):
    state["layers.2.offset"] = state.pop("layers.2.bias")


def transposed(state):
    state["layers.2.weight"] = state["layers.2.weight"].T


def one_that_would_broadcast(state):
    state["layers.2.bias"] = np.zeros(1)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without_one, r"misses \['layers.2.bias'\] and does not know nothing"),
        (with_one_more, r"misses nothing and does not know \['layers.9.bias'\]"),
        (renamed, r"misses \['layers.2.bias'\] and does not know \['layers.2.offset'\]"),
        (transposed, r"layers.2.weight has shape \(3, 2\) in the state and \(2, 3\)"),
        (one_that_would_broadcast, r"layers.2.bias has shape \(1,\) in the state and \(2,\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(damage, message):
    module, state = network(0), network(1).state_dict()
    before = module.state_dict()
    damage(state)
    with pytest.raises(ValueError, match=f"^load_state_dict: .*{message}"):
        module.load_state_dict(state)
    for name, value in module.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_a_module_without_forward_says_so():
    with pytest.raises(TypeError, match=r"Branches defines no forward\(\)"):
        Branches()(np.ones(2))


def test_sequential_applies_the_first_layer_first():
    assert Sequential(lambda x: x + 1, lambda x: 10 * x)(2) == 30
    assert Sequential()(2) == 2


def test_a_parameter_copies_its_data():
    w = np.ones(3)
    parameter = mv.nn.Parameter(w)
    parameter.data += 1.0
    np.testing.assert_array_equal(w, 1.0)
