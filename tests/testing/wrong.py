"""An operation with adjoints that somebody got wrong."""

from itertools import count

from minivae.engine.op import Op

_number = count()


def mutant(primal, *adjoints, holomorphic=False):
    """An operation of its own name, so that it takes the place of no other."""

    def unary(x):
        return primal(x)

    def binary(x, y):
        return primal(x, y)

    function = binary if len(adjoints) > 1 else unary
    function.__name__ = f"mutant_{next(_number)}"
    operation = Op(function)
    operation.adjoint(*adjoints)
    operation.holomorphic = holomorphic
    return operation
