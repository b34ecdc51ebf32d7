import { expect, test } from 'vitest';
import { quantile, quantileInterval, wilson } from '../src/format/intervals';
import { pairedChange } from '../src/pages/latency/paired';

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test('the Wilson interval has the published ends', () => {
  // Newcombe 1998, table I: 81 of 263 and 0 of 20.
  const { lower, upper } = wilson(81, 263)!;
  expect(lower).toBeCloseTo(0.2553, 4);
  expect(upper).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 20)!.lower).toBe(0);
  expect(wilson(0, 20)!.upper).toBeCloseTo(0.1611, 4);
});

test('nothing tried has no interval', () => {
  expect(wilson(0, 0)).toBeUndefined();
});

test('a quantile is the smallest value that enough values do not exceed', () => {
  expect(quantile(upTo(10), 0.5)).toBe(5);
  expect(quantile(upTo(10), 0.99)).toBe(10);
  expect(quantile([], 0.5)).toBeUndefined();
});

test('the interval of a median has the ranks of the tables', () => {
  // Conover, Practical Nonparametric Statistics: n = 20 gives the 6th and the 15th value.
  expect(quantileInterval(upTo(20), 0.5)).toEqual({ lower: 6, upper: 15 });
});

test('too few values have no interval', () => {
  expect(quantileInterval(upTo(5), 0.5)).toBeUndefined();
  expect(quantileInterval(upTo(100), 0.99)).toBeUndefined();
});

test('the interval of a quantile stays within many values', () => {
  const { lower, upper } = quantileInterval(upTo(60_000), 0.99)!;
  expect(lower).toBeGreaterThan(59_340);
  expect(lower).toBeLessThan(59_400);
  expect(upper).toBeGreaterThan(59_400);
  expect(upper).toBeLessThan(59_460);
});

test('a change counts rows that have a value on both sides', () => {
  expect(pairedChange([1, undefined, 3, 4], [2, 5, 3, 3])).toEqual({
    median: 0,
    interval: undefined,
    numRows: 3,
    numSlower: 1,
    numFaster: 1,
  });
  expect(pairedChange([undefined], [1])).toBeUndefined();
});
