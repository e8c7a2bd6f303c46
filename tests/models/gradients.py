"""A model's loss as a function of its parameters, for the gradient checker."""

import minivae as mv
from minivae.nn import Module, Parameter


def check_gradients(model, loss, **choices):
    """Check the gradient of ``loss()`` in every parameter of a model; noise is drawn anew alike.

    Each parameter is replaced by the checker's tensor wherever it stands, so that a weight of two
    layers is one argument.
    """
    parameters = model.parameters()
    places = list(places_of(model))
    assert model.dtype == "float64"  # a model looks it up once

    def value(*tensors):
        now = dict(zip(map(id, parameters), tensors, strict=True))
        put(places, now)
        model.parameters = lambda: list(tensors)
        try:
            return loss()
        finally:
            put(places, {})
            del model.parameters

    mv.testing.gradcheck(value, *(p.data for p in parameters), **choices)


def put(places, now):
    for owner, name, parameter in places:
        setattr(owner, name, now.get(id(parameter), parameter))


def places_of(value):
    """Yield (module, attribute, parameter) for every place at which a parameter stands."""
    if isinstance(value, Module):
        for name, attribute in list(vars(value).items()):
            if isinstance(attribute, Parameter):
                yield value, name, attribute
            else:
                yield from places_of(attribute)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from places_of(item)
