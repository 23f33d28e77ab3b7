# SPDX-License-Identifier: Apache-2.0
"""statsforecast's methods on weekly series, for bench/habits/weekly: a job as JSON on standard input, quantiles on standard output.
It is run by the Python of --peers.

Quantiles come from the methods' own intervals at 20, 40, 60, 80 %; the middle one is the point forecast. CrostonOptimized has no
intervals of its own: conformal ones, from its errors in the last windows before the origin."""
import json
import sys
import time
import warnings

import numpy as np
import statsforecast
from statsforecast.models import AutoETS, AutoTheta, CrostonOptimized, SeasonalNaive
from statsforecast.utils import ConformalIntervals

LEVELS = [20, 40, 60, 80]
METHODS = {"AutoETS": lambda season, ahead: AutoETS(season_length=season), "AutoTheta": lambda season, ahead: AutoTheta(season_length=season),
           "SeasonalNaive": lambda season, ahead: SeasonalNaive(season_length=season),
           "CrostonOptimized": lambda season, ahead: CrostonOptimized(prediction_intervals=ConformalIntervals(h=ahead, n_windows=4))}


def quantiles(answer, ahead):
    rows = [answer[f"lo-{level}"] for level in (80, 60, 40, 20)] + [answer["mean"]] + [answer[f"hi-{level}"] for level in LEVELS]
    return np.maximum(np.nan_to_num(np.array(rows, dtype=float).T.reshape(ahead, 9)), 0).round().astype(np.int64).tolist()


def main():
    warnings.simplefilter("ignore")
    job = json.load(sys.stdin)
    make, out, failed, began = METHODS[job["method"]], [], 0, time.monotonic()
    for origin in job["origins"]:
        for series in job["series"]:
            y = np.array(series[:origin], dtype=float)
            if job["trim"]:  # weeks before the first purchase
                y = np.trim_zeros(y, "f")
            try:
                answer = make(job["season"], job["ahead"]).forecast(y=y, h=job["ahead"], level=LEVELS)
            except Exception:  # too short for the method: what it would say of a series of nothing
                failed += 1
                answer = {key: np.zeros(job["ahead"]) for key in ["mean"] + [f"{side}-{level}" for side in ("lo", "hi") for level in LEVELS]}
            out.append(quantiles(answer, job["ahead"]))
    json.dump({"quantiles": out, "failed": failed, "seconds": time.monotonic() - began, "version": statsforecast.__version__}, sys.stdout)


main()
