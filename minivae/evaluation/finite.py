"""What the measures refuse alike: numbers that are none."""

from __future__ import annotations

import numpy as np


def refuse_nan(who: str, **arrays: np.ndarray) -> None:
    """Refuse arrays among whose entries there are NaN or infinity.

    Raises
    ------
    ValueError
        With the name of the array, and where to look.

    Examples
    --------
    >>> import numpy as np
    >>> refuse_nan("active_units", codes=np.zeros((2, 3)))
    """
    for name, a in arrays.items():
        if not np.isfinite(a).all():
            raise ValueError(
                f"{who}: the {name} contain NaN or infinity; look for them in the data, and in "
                "the weights of the model"
            )
