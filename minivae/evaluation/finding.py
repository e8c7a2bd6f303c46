"""What a diagnosis says of one fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A likely fault, or something worth knowing.

    Attributes
    ----------
    name : str
        What it is, in a few words; the same for every model that has it.
    seen : str
        The numbers that gave it away.
    means : str
        What they mean.
    mend : str
        What to do.
    alarm : bool
        False for what may well be as it should.
    """

    name: str
    seen: str
    means: str
    mend: str
    alarm: bool = True
