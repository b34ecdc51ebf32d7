import { expect, test } from 'vitest';
import { fallenOut, inOrder, rankedLists } from '../src/pages/comparison/ranking';

const scored = (...pairs: [string, number][]) =>
  pairs.map(([document, value]) => ({ document, value }));

test('equal scores are ordered by document id, descending in bytes', () => {
  expect(inOrder(scored(['a', 1], ['b', 1], ['ä', 1], ['z', 2])).map((item) => item.document)).toEqual(['z', 'ä', 'b', 'a']);
});

test('each document knows its grade, its gain and where it was on the other side', () => {
  const { before, after } = rankedLists(
    scored(['d1', 3], ['d2', 2]),
    scored(['d2', 3], ['d3', 2]),
    scored(['d1', 2], ['d2', 0]),
  );
  expect(before[0]).toMatchObject({ document: 'd1', rank: 1, grade: 2, gain: 2, otherRank: undefined });
  expect(after[0]).toMatchObject({ document: 'd2', grade: 0, gain: 0, otherRank: 2 });
  expect(after[1]!.grade).toBeUndefined();
  expect(fallenOut(before, 10).map((item) => item.document)).toEqual(['d1']);
});
