"""The one error of this floor: data that are missing, damaged or unknown."""


class DataError(ValueError):
    """Data that cannot be used, with the reason and the mend in one line.

    Parameters
    ----------
    name : str
        The file or data set concerned.
    problem : str
        What is wrong with it: expected and got.
    mend : str
        What to do about it.

    Examples
    --------
    >>> print(DataError("train.gz", "expected 16 bytes, got 15", "fetch it again"))
    train.gz: expected 16 bytes, got 15; fetch it again
    """

    def __init__(self, name: str, problem: str, mend: str) -> None:
        super().__init__(name, problem, mend)
        self.name = name
        self.problem = problem
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}; {self.mend}"
