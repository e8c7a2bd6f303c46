"""The entry point: parse, run one command, and turn what goes wrong into one clear line."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minivae.cli.parser import build


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``minivae``; return its exit status: 0, 1 for an error, 2 for usage, 130 for Ctrl-C."""
    parser = build()
    options = parser.parse_args(arguments)
    if options.version:
        from importlib.metadata import version

        print(f"minivae {version('minivae')}")
        return 0
    if options.command is None:
        parser.print_help()
        return 0
    try:
        with _quiet_interrupts():
            from minivae.cli import commands
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return getattr(commands, options.command)(options)
    except MemoryError as error:
        return _fail(options.command, f"too little memory ({error}); ask for less at once")
    except OSError as error:
        reason = error.strerror or str(error)
        return _fail(options.command, f"{error.filename}: {reason}" if error.filename else reason)
    except (ValueError, ArithmeticError, ImportError) as error:
        return _fail(options.command, str(error))
    except KeyboardInterrupt:
        _fail(options.command, "stopped")
        return 130


def _fail(command: str, message: str) -> int:
    print(f"minivae {command}: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(message, file=sys.stderr)


@contextmanager
def _quiet_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the process at once: while libraries load there is nothing to lose yet.

    Python's own handler would raise in the middle of an import, which some libraries answer with
    an error of their own, or swallow.
    """
    pythons_own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not pythons_own or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
