import { expect, test } from 'vitest';
import { cellKey, matrixOf } from '../src/format/tables';
import { confusedPairs } from '../src/pages/classes/ConfusionMatrix';

const before = [
  { label: '10', predicted: '10', count: 5 },
  { label: '9', predicted: '10', count: 2 },
];
const after = [
  { label: '10', predicted: '10', count: 4 },
  { label: '10', predicted: '9', count: 1 },
  { label: '9', predicted: '10', count: 2 },
];

test('a matrix has the classes of both sides, numbers by value', () => {
  expect(matrixOf(before, after).labels).toEqual(['9', '10']);
});

test('a cell that a side does not mention is absent there', () => {
  const matrix = matrixOf(before, after);
  expect(matrix.before.get(cellKey('10', '9'))).toBeUndefined();
  expect(matrix.after.get(cellKey('10', '9'))).toBe(1);
});

test('examples and answers of a class are counted apart', () => {
  const matrix = matrixOf(before, after);
  expect(matrix.afterOf.get('10')).toBe(5);
  expect(matrix.afterAs.get('10')).toBe(6);
});

test('pairs leave out hits and begin with what changed most', () => {
  expect(confusedPairs(matrixOf(before, after))).toEqual([
    { label: '10', predicted: '9', before: 0, after: 1 },
    { label: '9', predicted: '10', before: 2, after: 2 },
  ]);
});

test('labels that look like keys of a cell stay apart', () => {
  expect(cellKey('a', 'b","c')).not.toBe(cellKey('a","b', 'c'));
});
