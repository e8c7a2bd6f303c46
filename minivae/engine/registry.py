"""The table of operations, by name.

Every operation enters itself here when it is defined, so that no operation can hide: the tests run
each law over this table, and :class:`~minivae.engine.tensor.Tensor` finds its operators in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minivae.engine.op import Op

REGISTRY: dict[str, Op] = {}
