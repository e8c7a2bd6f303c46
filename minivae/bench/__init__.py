"""``minivae bench``: how long minivae takes, beside other libraries, on this machine.

The others (PyTorch, JAX, HIPS autograd) are peers here and nowhere else in the package; those that
are not installed are left out.
"""

from minivae.bench.report import Report, bench
from minivae.bench.table import table
from minivae.bench.workloads import WORKLOADS, Workload

__all__ = ["WORKLOADS", "Report", "Workload", "bench", "table"]
