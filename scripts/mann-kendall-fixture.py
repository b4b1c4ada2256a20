"""Makes test/aging/pymannkendall.json anew: what the Python library says of series that the test has in common with it.

    python3 -m venv /tmp/mk && /tmp/mk/bin/pip install pymannkendall==1.4.3
    /tmp/mk/bin/python scripts/mann-kendall-fixture.py > test/aging/pymannkendall.json
"""

import json
import math
import random
from importlib.metadata import version

import pymannkendall

random.seed(20260101)
noise = random.gauss


def autocorrelated(n, phi, slope=0.0):
    level, values = 0.0, []
    for i in range(n):
        level = phi * level + noise(0, 1)
        values.append(level + slope * i)
    return values


SERIES = {
    "white noise": [noise(0, 1) for _ in range(120)],
    "rising with noise": [0.05 * i + noise(0, 1) for i in range(120)],
    "falling with noise": [-0.02 * i + noise(0, 1) for i in range(120)],
    "ties": [float(round(0.03 * i + noise(0, 1))) for i in range(100)],
    "constant": [7.0] * 20,
    "strictly rising": [float(i * i) for i in range(30)],
    "autocorrelated": autocorrelated(150, 0.8),
    "autocorrelated and rising": autocorrelated(150, 0.6, 0.03),
    "negatively autocorrelated": autocorrelated(100, -0.6),
    "a day's cycle": [50 + 20 * ((i % 48) / 24 - 1) ** 2 + noise(0, 1) for i in range(96)],
    "few": [3.0, 1.0, 4.0, 1.5, 5.0, 9.0, 2.0, 6.0],
}


def told(result):
    figures = {"s": result.s, "varS": result.var_s, "z": result.z, "p": result.p, "slope": result.slope}
    # It divides by zero where nothing varies.
    return {name: None if math.isnan(value) else float(value) for name, value in figures.items()}


print(
    json.dumps(
        {
            "library": f"pymannkendall {version('pymannkendall')}",
            "series": [
                {
                    "name": name,
                    "values": [round(value, 6) for value in values],
                    "original": told(pymannkendall.original_test([round(value, 6) for value in values])),
                    "hamedRao": told(pymannkendall.hamed_rao_modification_test([round(value, 6) for value in values])),
                }
                for name, values in SERIES.items()
            ],
        }
    ).replace('{"name"', '\n{"name"')
)
