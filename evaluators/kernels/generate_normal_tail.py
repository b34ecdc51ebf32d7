#!/usr/bin/env python3
"""Writes normal_tail_table.inc: polynomials for N(a) = Phi(-a) exp(a^2/2), Phi the standard normal
distribution function. Needs mpmath. Usage: generate_normal_tail.py > normal_tail_table.inc

Below a = 8: 32 pieces of width 1/4, in powers of a minus the middle of the piece.
From 8 on: sqrt(2 pi) a N(a) = 1 + w P(w) with w = 1/a^2.
Below a = 1.5 also the difference N(a) - a / sqrt(2 pi), which crosses zero at a0: (s + h Q(h)) h
with h = a - a0; a0 and s as pairs of doubles, Q as its even and its odd coefficients.
Coefficients interpolate at Chebyshev nodes; the worst relative error is printed to stderr.
"""

import sys

import mpmath as mp

mp.mp.dps = 60
PIECES, WIDTH, DEGREE, TAIL_DEGREE = 32, mp.mpf(1) / 4, 10, 12
SLOPE_END, SLOPE_DEGREE = mp.mpf(3) / 2, 16


def scaled_tail(a):
    return mp.erfc(a / mp.sqrt(2)) / 2 * mp.exp(a * a / 2)


def interpolate(f, low, high, degree, origin):
    """Coefficients in powers of (x - origin), constant first."""
    n = degree + 1
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle + half * mp.cos((2 * k + 1) * mp.pi / (2 * n)) for k in range(n)]
    matrix = mp.matrix(n, n)
    values = mp.matrix(n, 1)
    for row, x in enumerate(nodes):
        for column in range(n):
            matrix[row, column] = (x - origin) ** column
        values[row] = f(x)
    return list(mp.lu_solve(matrix, values))


def worst(f, coefficients, low, high, origin):
    points = [low + (high - low) * k / 97 for k in range(98)]
    return max(abs(mp.polyval(coefficients[::-1], x - origin) / f(x) - 1) for x in points)


def write_pair(name, value):
    high = float(value)
    print(f"constexpr DoubleDouble {name} = {{{high.hex()}, {float(value - high).hex()}}};")


def write_slope():
    def slope(a):
        return scaled_tail(a) - a / mp.sqrt(2 * mp.pi)

    zero = mp.findroot(slope, 0.75)
    # The derivative of N is a N - 1 / sqrt(2 pi).
    at_zero = zero * scaled_tail(zero) - 2 / mp.sqrt(2 * mp.pi)

    def quotient(a):
        return (slope(a) / (a - zero) - at_zero) / (a - zero)

    coefficients = interpolate(quotient, mp.mpf(0), SLOPE_END, SLOPE_DEGREE, zero)
    print(f"constexpr double kSlopeEnd = {float(SLOPE_END)};")
    write_pair("kSlopeZero", zero)
    write_pair("kSlopeAtZero", at_zero)
    for name, half in (("kSlopeEven", coefficients[::2]), ("kSlopeOdd", coefficients[1::2])):
        write(f"{name}[{len(half)}]", [float(c).hex() + "," for c in half])
    return worst(quotient, coefficients, mp.mpf(0), SLOPE_END, zero)


def write(name, rows):
    print(f"constexpr double {name} = {{")
    for row in rows:
        print("    " + row)
    print("};")


def main():
    print("// Made by generate_normal_tail.py; do not edit.")
    error = mp.mpf(0)
    rows = []
    for piece in range(PIECES):
        low = piece * WIDTH
        origin = low + WIDTH / 2
        coefficients = interpolate(scaled_tail, low, low + WIDTH, DEGREE, origin)
        error = max(error, worst(scaled_tail, coefficients, low, low + WIDTH, origin))
        rows.append("{" + ", ".join(float(c).hex() for c in coefficients) + "},")
    write(f"kPieces[{PIECES}][{DEGREE + 1}]", rows)

    def tail(w):
        if w == 0:
            return mp.mpf(-1)
        a = 1 / mp.sqrt(w)
        return (mp.sqrt(2 * mp.pi) * a * scaled_tail(a) - 1) / w

    coefficients = interpolate(tail, mp.mpf(1) / 6400, mp.mpf(1) / 64, TAIL_DEGREE, mp.mpf(0))
    tail_error = worst(tail, coefficients, mp.mpf(0), mp.mpf(1) / 64, mp.mpf(0)) / 64
    write(f"kTail[{TAIL_DEGREE + 1}]", [float(c).hex() + "," for c in coefficients])
    slope_error = write_slope()
    print(f"relative error: pieces {mp.nstr(error, 3)}, tail {mp.nstr(tail_error, 3)}, "
          f"slope {mp.nstr(slope_error, 3)}",
          file=sys.stderr)


if __name__ == "__main__":
    main()
