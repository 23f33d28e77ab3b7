#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""BG/NBD as the package lifetimes fits it, for bench/habits/replenish and repeat: run with a Python that has it (0.11.3).

    bgnbd_lifetimes.py fit                   stdin: rows `x t_x T`; stdout: JSON of r, alpha, a, b
    bgnbd_lifetimes.py holdout FROM TO       stdin: `id yyyy-mm-dd` a purchase; calibration to FROM, holdout after it to TO. JSON of the
                                             parameters and, for each id, x, t_x, T, purchases in the holdout, the package's expected
                                             number, the median of 2,000 draws, the probabilities of one at least and of being alive

What the package doesn't offer (median, one at least) is drawn from its own model: the rate of a customer who is alive has the law
Gamma(r + x, alpha + T), his drop-out Beta(a, b + x), and he buys the lesser of a Poisson and a geometric number of times."""
import json
import sys
import warnings

import numpy
import pandas

warnings.simplefilter("ignore")
from lifetimes import BetaGeoFitter
from lifetimes.utils import ConvergenceError, calibration_and_holdout_data


def fitted(x, t_x, t):
    """With the least penalty with which the package's own search ends: without drop-out there is nothing to find for a and b."""
    for penalty in (0.0, 1e-5, 1e-4, 1e-3, 1e-2):
        try:
            model = BetaGeoFitter(penalizer_coef=penalty)
            model.fit(x, t_x, t)
            return model, {**{k: float(v) for k, v in model.params_.items()}, "penalty": penalty}
        except ConvergenceError:
            continue
    raise SystemExit("lifetimes: the fit doesn't converge")


def drawn(model, x, t, alive, days, draws=2000):
    """Median and probability of one at least, for each customer."""
    p = model.params_
    random = numpy.random.default_rng(1)
    median, some = numpy.zeros(len(x)), numpy.zeros(len(x))
    for i in range(len(x)):
        rate = random.gamma(p["r"] + x[i], 1 / (p["alpha"] + t[i]), draws)
        end = random.beta(p["a"], p["b"] + x[i], draws)
        n = numpy.minimum(random.poisson(rate * days), random.geometric(numpy.clip(end, 1e-12, 1)))
        n[random.random(draws) >= alive[i]] = 0
        median[i], some[i] = numpy.median(n), (n > 0).mean()
    return median, some


def holdout(begin, end):
    rows = [line.split() for line in sys.stdin]
    table = pandas.DataFrame(rows, columns=["id", "date"])
    table["date"] = pandas.to_datetime(table["date"])
    c = calibration_and_holdout_data(table, "id", "date", calibration_period_end=begin, observation_period_end=end, freq="D")
    x, t_x, t, days = c["frequency_cal"], c["recency_cal"], c["T_cal"], float(c["duration_holdout"].iloc[0])
    model, parameters = fitted(x, t_x, t)
    mean = numpy.asarray(model.conditional_expected_number_of_purchases_up_to_time(days, x, t_x, t))
    alive = numpy.asarray(model.conditional_probability_alive(x, t_x, t))
    median, some = drawn(model, x.to_numpy(), t.to_numpy(), alive, days)
    columns = [x, t_x, t, c["frequency_holdout"], mean, median, some, alive]
    return {"parameters": parameters, "days": days,
            "customers": {i: [float(v) for v in row] for i, row in zip(c.index, zip(*columns))}}


if sys.argv[1] == "fit":
    data = numpy.array([[float(v) for v in line.split()] for line in sys.stdin])
    print(json.dumps(fitted(data[:, 0], data[:, 1], data[:, 2])[1]))
else:
    print(json.dumps(holdout(sys.argv[2], sys.argv[3])))
