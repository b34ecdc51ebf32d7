import { expect, test } from 'vitest';
import { binOf, binText, confidenceOf, isInBin } from '../src/pages/classes/bins';

const bin = { lowest: 0.4, highest: 0.5, count: 1, confidence: 0.45, accuracy: 1 };

test('a bin is named in the address, and only a name of one is read', () => {
  expect(binOf(binText({ side: 'after', index: 12 }))).toEqual({ side: 'after', index: 12 });
  for (const text of [undefined, '', 'after', 'after:', 'after:-1', 'later:3', 'after:3x', 'after:99999']) {
    expect(binOf(text)).toBeUndefined();
  }
});

test('the confidence is the largest probability of those that sum to 1', () => {
  expect(confidenceOf([0.25, 0.5, 0.25])).toBe(0.5);
  expect(confidenceOf([0.25, 0.5, 0.2509])).toBe(0.5);
  expect(confidenceOf([0.25, 0.5, 0.3])).toBeUndefined();
  expect(confidenceOf([])).toBeUndefined();
});

test('an edge belongs to the bin that it ends, or begins, or both', () => {
  const edges = (kind: 'both' | 'right' | 'left') => [0.4, 0.45, 0.5].map((value) => isInBin(value, bin, kind));
  expect(edges('right')).toEqual([false, true, true]);
  expect(edges('left')).toEqual([true, true, false]);
  expect(edges('both')).toEqual([true, true, true]);
});

test('the outermost bins have both edges', () => {
  expect(isInBin(0, { ...bin, lowest: 0 }, 'right')).toBe(true);
  expect(isInBin(1, { ...bin, highest: 1 }, 'left')).toBe(true);
});
