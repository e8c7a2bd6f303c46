"""The entry point: parse, run one command, and turn what goes wrong into one clear line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

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
    from minivae.cli import commands

    try:
        return getattr(commands, options.command)(options)
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        print(f"minivae {options.command}: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"minivae {options.command}: stopped", file=sys.stderr)
        return 130


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
