"""Factors drawn as stated: uniform on their ranges, and independent of each other."""

import numpy as np
from scipy import stats


def assert_uniform_and_independent(factors, lowest, highest, discrete):
    """Check columns against the uniform law at five standard errors.

    Of a factor that counts, ``highest`` is one more than its highest value.
    """
    n = len(factors)
    for column, low, high, counts in zip(factors.T, lowest, highest, discrete, strict=True):
        if counts:
            values = np.arange(low, high)
            shares = (column[:, None] == values).mean(axis=0)
            p = 1 / len(values)
            assert shares.sum() == 1
            assert np.all(np.abs(shares - p) < 5 * np.sqrt(p * (1 - p) / n))
        else:
            assert stats.kstest(column, stats.uniform(low, high - low).cdf).pvalue > 1e-6
    correlations = np.corrcoef(factors.T) - np.eye(factors.shape[1])
    assert np.all(np.abs(correlations) < 5 / np.sqrt(n))
