"""What a core adds and multiplies at once: vectors of the width that the compiler has for it.

AVX-512 has 32 registers of 64 bytes, AVX2 16 of 32 bytes, others 16 bytes. The compiler is asked:
it translates a sum of two vectors of 64 bytes, and the names of the registers tell. Of Numba's
settings ``NUMBA_CPU_NAME`` and ``NUMBA_CPU_FEATURES`` are heeded.
"""

from __future__ import annotations

import llvmlite.binding as llvm
from numba.core import config
from numba.core.registry import cpu_target

_SUM = """
define <16 x float> @sum(<16 x float> %x, <16 x float> %y) {
    %z = fadd <16 x float> %x, %y
    ret <16 x float> %z
}
"""


def _bytes() -> int:
    """Return the width of a vector register in bytes."""
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    if config.CPU_NAME is not None and config.CPU_FEATURES is None:  # type: ignore[attr-defined]
        features = ""  # those of the named processor, not of the one that is here
    machine = llvm.Target.from_triple(triple).create_target_machine(name, features)
    assembly = machine.emit_assembly(llvm.parse_assembly(_SUM))
    return 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16


BYTES = _bytes()
ROWS, VECTORS = {64: (8, 3), 32: (6, 2), 16: (4, 2)}[BYTES]  # of a tile; see tile.py
