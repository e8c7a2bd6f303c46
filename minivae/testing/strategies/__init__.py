"""Strategies for hypothesis: arrays, shapes, axes, operands of every function, whole programs.

They are public, for students' own checks::

    from hypothesis import given
    import minivae as mv

    @given(mv.testing.strategies.arrays(domain="positive"))
    def test_log_undoes_exp(x):
        np.testing.assert_allclose(mv.log(mv.exp(x)), x, rtol=1e-12)

Hypothesis runs the test on a hundred arrays; where one fails, it looks for a simpler one that fails
too, and prints that.
"""

from minivae.testing.strategies.arrays import (
    arrays,
    axes,
    broadcastable_shapes,
    dtypes,
    edge_values,
    strided,
)
from minivae.testing.strategies.call import Call
from minivae.testing.strategies.expressions import Expression, expressions
from minivae.testing.strategies.operands import operands

__all__ = [
    "Call",
    "Expression",
    "arrays",
    "axes",
    "broadcastable_shapes",
    "dtypes",
    "edge_values",
    "expressions",
    "operands",
    "strided",
]
