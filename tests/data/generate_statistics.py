#!/usr/bin/env python3
"""Writes statistics.csv, the reference values of the statistics tests.

Needs the Debian packages python3-mpmath, python3-scipy and python3-statsmodels; the tests need only
the file that it writes. Every value is computed with 50 digits by a way of its own (series, exact
sums, root finding on the definition), never by the formula that the program uses, and is then
compared with scipy or statsmodels where those have the function.

Columns: function, up to four arguments, value. Arguments are exact doubles.
"""

import csv
import fractions
import functools
import pathlib

import mpmath
import numpy
from mpmath import mp, mpf
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats import contingency_tables, multitest, proportion

mp.dps = 50
ROWS = []


def add(function, arguments, value, peer=None, tolerance=1e-9):
    if peer is not None:
        assert abs(value - peer) <= tolerance * abs(value) + 1e-300, (function, arguments, value, peer)
    padded = [repr(a) for a in arguments] + [""] * (4 - len(arguments))
    ROWS.append([function, *padded, mpmath.nstr(mpf(value), 20)])


def root(f, low, high):
    """Root of a monotone function, by bisection and then secant steps."""
    low, high = mpf(low), mpf(high)
    f_low = f(low)
    for _ in range(40):
        middle = (low + high) / 2
        f_middle = f(middle)
        if (f_middle > 0) == (f_low > 0):
            low, f_low = middle, f_middle
        else:
            high = middle
    return mpmath.findroot(f, (low, high), solver="anderson", tol=mpf(10) ** -70, verify=False)


# --- normal and Student t -------------------------------------------------------------------------


def normal_upper(z):
    return mpmath.erfc(mpf(z) / mpmath.sqrt(2)) / 2


@functools.lru_cache(maxsize=None)
def student_upper(t, degrees):
    """By the hypergeometric series, with guard digits."""
    t, degrees = mpf(t), mpf(degrees)
    if t < 0:
        return 1 - student_upper(-t, degrees)
    with mp.workdps(80):
        square = t * t
        return mpmath.betainc(degrees / 2, mpf(1) / 2, 0, degrees / (degrees + square), regularized=True) / 2


for z in (-37.0, -8.0, -1.5, 0.0, 0.1, 0.674, 1.0, 1.959963984540054, 3.0, 6.0, 15.0, 30.0, 37.0):
    add("normal_upper", [z], normal_upper(z), stats.norm.sf(z))
for p in (1e-300, 1e-100, 1e-20, 1e-9, 1e-4, 0.005, 0.01, 0.025, 0.05, 0.07, 0.08, 0.1, 0.2, 0.3, 0.5,
          0.6, 0.9, 0.95, 0.975, 0.999):
    add("normal_quantile", [p], root(lambda z: mpmath.log(normal_upper(z)) - mpmath.log(mpf(p)), -38, 38)
        if p != 0.5 else 0, stats.norm.isf(p))
for degrees in (1.0, 2.0, 3.0, 4.5, 9.0, 29.0, 49.0, 199.0, 4999.0, 999999.0):
    for t in (-2.5, 0.001, 0.5, 1.0, 1.7, 1.75, 2.0, 4.0, 10.0, 30.0):
        value = student_upper(t, degrees)
        if value > mpf(10) ** -200:
            add("student_upper", [t, degrees], value, stats.t.sf(t, degrees), 1e-8)
for degrees in (1.0, 2.0, 3.0, 9.0, 29.0, 49.0, 999.0, 99999.0, 999999.0):
    for p in (1e-10, 0.001, 0.005, 0.025, 0.05, 0.1, 0.3, 0.49, 0.8):
        guess = mpf(stats.t.isf(p, degrees))
        value = mpmath.findroot(
            lambda t: mpmath.log(student_upper(t, degrees)) - mpmath.log(mpf(p)),
            (guess, guess * (1 + mpf(10) ** -9)), solver="secant", tol=mpf(10) ** -50, verify=False)
        add("student_quantile", [p, degrees], value, stats.t.isf(p, degrees), 1e-8)


# --- binomial -------------------------------------------------------------------------------------


def binomial_at(k, n, p):
    return mpmath.exp(mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
                      + k * mpmath.log(p) + (n - k) * mpmath.log1p(-p))


def binomial_at_most(k, n, p):
    p = mpf(p)
    if k >= n:
        return mpf(1)
    if k > n * p:
        return 1 - binomial_at_least(k + 1, n, p)
    term = total = binomial_at(k, n, p)
    for i in range(k, 0, -1):  # downwards, where the terms shrink
        term *= mpf(i) * (1 - p) / ((n - i + 1) * p)
        total += term
        if term < total * mpf(10) ** -45:
            break
    return total


def binomial_at_least(k, n, p):
    p = mpf(p)
    if k <= 0:
        return mpf(1)
    if k <= n * p:
        return 1 - binomial_at_most(k - 1, n, p)
    term = total = binomial_at(k, n, p)
    for i in range(k, n):
        term *= mpf(n - i) * p / ((i + 1) * (1 - p))
        total += term
        if term < total * mpf(10) ** -45:
            break
    return total


for k, n, p in ((0, 10, 0.25), (3, 10, 0.25), (9, 10, 0.5), (7, 20, 0.125), (48, 100, 0.5), (170, 368, 0.5),
                (14, 57, 0.5), (450, 1000, 0.5), (4500, 10000, 0.5), (499000, 1000000, 0.5),
                (480000, 1000000, 0.5), (9, 10000, 0.0078125), (700, 1000000, 0.0009765625),
                (1200, 1000000, 0.0009765625)):
    add("binomial_at_most", [float(k), float(n), p], binomial_at_most(k, n, p), stats.binom.cdf(k, n, p), 1e-7)
    add("binomial_at_least", [float(k), float(n), p], binomial_at_least(k, n, p),
        stats.binom.sf(k - 1, n, p), 1e-7)
for k, n, alpha in ((0, 10, 0.05), (0, 597, 0.05), (1, 10, 0.05), (3, 299, 0.05), (9, 1000, 0.025), (5, 10, 0.025),
                    (9, 10, 0.05), (10, 10, 0.05), (48, 10000, 0.05), (8, 1000000, 0.05)):
    upper = mpf(1) if k == n else root(lambda p: binomial_at_most(k, n, p) - mpf(alpha), mpf(10) ** -12, 1 - mpf(10) ** -12)
    lower = mpf(0) if k == 0 else root(lambda p: binomial_at_least(k, n, p) - mpf(alpha), mpf(10) ** -12, 1 - mpf(10) ** -12)
    peer = proportion.proportion_confint(k, n, alpha=2 * alpha, method="beta")
    add("clopper_pearson_upper", [float(k), float(n), alpha], upper, peer[1])
    add("clopper_pearson_lower", [float(k), float(n), alpha], lower, peer[0])


# --- incomplete beta ------------------------------------------------------------------------------

for a, b, x in ((0.5, 0.5, 0.25), (0.5, 0.5, 0.96875), (2.5, 0.5, 0.5), (3.0, 7.0, 0.125), (3.0, 7.0, 0.75),
                (30.0, 0.5, 0.9375), (0.25, 12.5, 0.0078125), (100.5, 200.25, 0.375), (100.5, 200.25, 0.25)):
    add("beta_lower", [a, b, x], mpmath.betainc(a, b, 0, x, regularized=True), stats.beta.cdf(x, a, b))
    add("beta_upper", [a, b, x], mpmath.betainc(a, b, x, 1, regularized=True), stats.beta.sf(x, a, b))


# --- one mean, one share --------------------------------------------------------------------------

for values in ([0.5, 0.25, 1.0, 0.75], [float(i % 7) for i in range(50)], [1000.0, 1001.0, 1003.5]):
    n = len(values)
    total = sum(map(mpf, values))
    squares = sum(mpf(v) ** 2 for v in values)
    error = mpmath.sqrt((squares - total**2 / n) / (n - 1) / n)
    guess = mpf(stats.t.isf(0.025, n - 1))
    quantile = mpmath.findroot(lambda t: student_upper(t, n - 1) - mpf("0.025"),
                               (guess, guess * (1 + mpf(10) ** -9)), solver="secant", verify=False)
    peer = stats.t.interval(0.95, n - 1, loc=float(total / n), scale=float(error))
    arguments = [float(n), float(total), float(squares)]
    add("mean_lower", arguments, total / n - quantile * error, peer[0])
    add("mean_upper", arguments, total / n + quantile * error, peer[1])

Z975 = root(lambda z: normal_upper(z) - mpf("0.025"), 0, 10)
Z80 = root(lambda z: normal_upper(z) - mpf("0.2"), 0, 10)


for k, n in ((0, 10), (1, 10), (5, 10), (10, 10), (540, 597), (3, 1000000)):
    # The ends solve (k / n - p)^2 = z^2 p (1 - p) / n.
    f = lambda p: (mpf(k) / n - p) ** 2 - Z975**2 * p * (1 - p) / n
    lower = mpf(0) if k == 0 else root(f, mpf(10) ** -20, mpf(k) / n)
    upper = mpf(1) if k == n else root(f, mpf(k) / n, 1 - mpf(10) ** -20)
    peer = proportion.proportion_confint(k, n, method="wilson")
    add("wilson_lower", [float(k), float(n)], lower, peer[0] if k else None)
    add("wilson_upper", [float(k), float(n)], upper, peer[1])


# --- paired binary --------------------------------------------------------------------------------


def tango_statistic(n, better, worse, delta):
    """Score statistic; the share worse maximises the likelihood under the constraint."""
    delta = mpf(delta)
    low, high = max(mpf(0), -delta), (1 - delta) / 2

    def slope(q):
        value = -2 * (n - better - worse) / (1 - 2 * q - delta) if n > better + worse else mpf(0)
        value += better / (q + delta) if better else 0
        return value + (worse / q if worse else 0)

    margin = (high - low) * mpf(10) ** -45
    if slope(low + margin) <= 0:
        q = low
    elif slope(high - margin) >= 0:
        q = high
    else:
        left, right = low + margin, high - margin
        for _ in range(170):
            middle = (left + right) / 2
            left, right = (middle, right) if slope(middle) > 0 else (left, middle)
        q = left
    return (better - worse - n * delta) / mpmath.sqrt(n * (2 * q + delta * (1 - delta)))


def tango_bound(n, better, worse, z, is_lower):
    estimate = mpf(better - worse) / n
    inside, outside = estimate, mpf(-1 if is_lower else 1)
    if inside == outside:
        return outside
    for _ in range(110):
        middle = (inside + outside) / 2
        if abs(tango_statistic(n, better, worse, middle)) >= z:
            outside = middle
        else:
            inside = middle
    return inside


for better, worse in ((0, 0), (0, 1), (1, 7), (2, 0), (5, 5), (6, 16), (12, 2), (1, 2), (44, 43), (170, 198),
                      (14, 43), (700, 300)):
    changed = better + worse
    tail = sum(mpmath.binomial(changed, i) for i in range(min(better, worse) + 1)) / mpf(2) ** changed
    at = mpmath.binomial(changed, min(better, worse)) / mpf(2) ** changed
    exact = min(mpf(1), 2 * tail)
    peer = contingency_tables.mcnemar([[0, better], [worse, 0]], exact=True).pvalue if changed else 1
    add("mcnemar_exact", [float(better), float(worse)], exact, peer)
    add("mcnemar_midp", [float(better), float(worse)], mpf(1) if better == worse else 2 * tail - at)

for n, better, worse in ((10, 0, 0), (597, 0, 0), (44, 0, 1), (50, 12, 2), (21, 1, 7), (161, 6, 16), (86, 16, 8),
                         (10000, 48, 52), (30, 0, 6), (30, 6, 0), (20, 20, 0), (20, 0, 20), (20, 13, 7),
                         (5500, 170, 198), (1000000, 400, 4), (1000000, 251000, 250000)):
    for tail in (0.025, 0.05, 0.01):
        z = root(lambda x: normal_upper(x) - mpf(tail), 0, 10)
        arguments = [float(n), float(better), float(worse), tail]
        add("tango_lower", arguments, tango_bound(n, better, worse, z, True))
        add("tango_upper", arguments, tango_bound(n, better, worse, z, False))
for n, better, worse, delta in ((21, 1, 7, 0.0), (21, 1, 7, -0.125), (161, 6, 16, 0.0), (10000, 48, 52, -0.0078125),
                                (30, 0, 0, -0.0625), (30, 5, 0, 0.03125), (1000, 0, 9, -0.03125), (1000, 9, 0, -0.03125)):
    add("tango_statistic", [float(n), float(better), float(worse), delta], tango_statistic(n, better, worse, delta))


# --- paired means, families -----------------------------------------------------------------------

for n, mean, deviation in ((5, 0.25, 0.5), (20, -0.03125, 0.125), (50, 0.015625, 0.25), (100000, -0.0009765625, 0.25)):
    error = mpf(deviation) / mpmath.sqrt(n)
    t = mpf(mean) / error
    guess = mpf(stats.t.isf(0.025, n - 1))
    quantile = mpmath.findroot(lambda x: student_upper(x, n - 1) - mpf("0.025"),
                               (guess, guess * (1 + mpf(10) ** -9)), solver="secant", verify=False)
    add("paired_t_lower", [float(n), mean, deviation], mpf(mean) - quantile * error)
    add("paired_t_upper", [float(n), mean, deviation], mpf(mean) + quantile * error)
    add("paired_t_p", [float(n), mean, deviation], 2 * student_upper(abs(t), n - 1), 2 * stats.t.sf(abs(float(t)), n - 1))
    below = (mpf(mean) + mpf("0.03125")) / error
    add("paired_t_below_p", [float(n), mean, deviation, -0.03125], student_upper(-below, n - 1))
    add("detectable_effect", [deviation, float(n)], (Z975 + Z80) * error)

FAMILY = [0.01, 0.04, 0.0008, 0.5, 0.03, 0.03, 1.0, 0.2, 1e-12]
for name, method in (("holm", "holm"), ("benjamini_hochberg", "fdr_bh")):
    for i, adjusted in enumerate(multitest.multipletests(FAMILY, method=method)[1]):
        add(name, [float(i), FAMILY[i]], mpf(float(adjusted)))

# --- sign flips, resamples, clusters ----------------------------------------------------------------


def numbers(count, factor, modulus, shift):
    """The differences that the tests make from the same four arguments."""
    return [(i * factor) % modulus / modulus - shift for i in range(count)]


def philox(counter, key):
    """Philox 4x32-10 by its definition."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


assert philox((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)


def statistic(x, axis):
    return numpy.sum(x, axis=axis)


for arguments in ([6.0, 7.0, 13.0, 0.25], [10.0, 7919.0, 101.0, 0.375], [16.0, 31.0, 64.0, 0.3125]):
    values = numbers(int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3])
    exact = [fractions.Fraction(v).limit_denominator(10**6) for v in values]
    total = abs(sum(exact))
    count = sum(abs(sum(v if pattern >> i & 1 else -v for i, v in enumerate(exact))) >= total
                for pattern in range(2 ** len(exact)))
    peer = stats.permutation_test((numpy.array(values),), statistic, permutation_type="samples",
                                  n_resamples=numpy.inf, alternative="two-sided").pvalue
    add("sign_flip_exact", arguments, mpf(count) / 2 ** len(exact), peer)

# 2,000 patterns of seed 17, stream 4, drawn as the header says; checked against scipy's own draws.
for arguments in ([1000.0, 7919.0, 1000.0, 0.484375], [130.0, 37.0, 97.0, 0.4375]):
    values = numbers(int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3])
    total = abs(sum(values))
    draws = 2000
    count = 0
    for draw in range(draws):
        words = []
        for block in range((len(values) + 127) // 128):
            words.extend(philox((block, draw, 4, 0), (17, 0)))
        flipped = sum(-v if words[i // 32] >> (i % 32) & 1 else v for i, v in enumerate(values))
        count += abs(flipped) >= total * (1 - 1e-12)
    peer = stats.permutation_test((numpy.array(values),), statistic, permutation_type="samples",
                                  n_resamples=20000, random_state=1).pvalue
    p = (count + 1) / (draws + 1)
    assert abs(p - peer) < 4 * (p * (1 - p) / draws) ** 0.5, (p, peer)
    add("sign_flip_drawn", arguments, mpf(count + 1) / (draws + 1))

# Percentile intervals; both sides draw, so the test allows for Monte-Carlo error.
for arguments in ([40.0, 17.0, 31.0, 0.5], [500.0, 7919.0, 10007.0, 0.40625], [3000.0, 3.0, 11.0, 0.5]):
    values = numpy.array(numbers(int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3]))
    found = stats.bootstrap((values,), numpy.mean, method="percentile", n_resamples=100000, batch=1000,
                            random_state=7).confidence_interval
    add("bootstrap_lower", arguments, found.low)
    add("bootstrap_upper", arguments, found.high)

for arguments in ([60.0, 7.0, 31.0, 0.25], [500.0, 7919.0, 10007.0, 0.40625]):
    values = numbers(int(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3])
    groups = [i // 3 for i in range(len(values))]
    fit = OLS(numpy.array(values), numpy.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups})
    mean = sum(map(mpf, values)) / len(values)
    sums = [sum(mpf(values[i]) - mean for i in range(len(values)) if groups[i] == g) for g in range(max(groups) + 1)]
    count = len(sums)
    error = mpmath.sqrt(mpf(count) / (count - 1) * sum(x * x for x in sums)) / len(values)
    add("cluster_error", arguments, error, fit.bse[0])

for k, mean in ((0, 1.0), (3, 1.0), (95, 100.0), (110, 100.0), (24700, 25000.0)):
    value = mpmath.gammainc(k + 1, mean, mpmath.inf, regularized=True)
    add("poisson_at_most", [float(k), mean], value, stats.poisson.cdf(k, mean))

Z95 = root(lambda z: normal_upper(z) - mpf("0.05"), 0, 10)
for deviation, n in ((1.0, 1), (0.25, 597), (0.1, 10000)):
    add("detectable_drop", [deviation, float(n)], (Z95 + Z80) * mpf(deviation) / mpmath.sqrt(n))

path = pathlib.Path(__file__).with_name("statistics.csv")
with path.open("w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["function", "a", "b", "c", "d", "value"])
    writer.writerows(ROWS)
print(f"{len(ROWS)} values")
