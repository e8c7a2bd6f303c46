"""On what the figures were measured: the processor, its cores, and the versions of everything."""

from __future__ import annotations

import os
import platform
from importlib import metadata

_PACKAGES = (*("minivae", "numpy", "numba", "torch", "jax", "jaxlib", "optax", "autograd"),)


def processor() -> str:
    """Return the processor's name as the system gives it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def load() -> float | None:
    """Return how many programs wanted a core in the last minute, where the system tells."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def versions() -> dict[str, str]:
    """Return the versions of Python and of all packages that take part and are installed."""
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
