"""When a translation is called rough."""

import numpy as np
import pytest

from translation.calibration import threshold_of

# Of 5 sentences of dialogue, from the most trusted to the least, and 100 rows of nonsense.
TRUST = np.array([0.9, 0.8, 0.7, 0.6, 0.5, *[0.1] * 100])
IS_DIALOGUE = np.arange(105) < 5


@pytest.mark.parametrize(
    ("good", "threshold"),
    [
        # What balances the errors, 0.5, would let pass three bad ones for two good ones.
        ([1, 0, 0, 0, 1], 0.8),
        # Half of all but the last are good; but balanced is what is stricter.
        ([1, 0, 1, 0, 0], 0.7),
        # The better share further down counts, not the first fall below it.
        ([0, 1, 1, 0, 1], 0.5),
        ([0, 0, 0, 0, 1], 1.0),
    ],
)
def test_half_of_what_is_not_called_rough_is_good(good: list[int], threshold: float) -> None:
    labels = np.array([*good, *[0] * 100], dtype=bool)
    assert threshold_of(TRUST, labels, IS_DIALOGUE) == pytest.approx(threshold)
