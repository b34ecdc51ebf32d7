import { expect, test } from 'vitest';
import { cosine, neighborsOf } from '../src/pages/comparison/nearest';

const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
const side = (angles: Record<string, number>) => ({
  all: Object.entries(angles).map(([key, degrees]) => ({ key, vector: at(degrees) })),
  own: at(angles.own!),
});

test('neighbours are the nearest by angle on each side, without the row itself', () => {
  const { before, after, numKept } = neighborsOf(
    'own',
    side({ own: 0, near: 10, middle: -20, far: 90 }),
    side({ own: 0, near: 80, middle: -20, far: 5 }),
    2,
  );
  expect(before.map(({ key, otherRank }) => [key, otherRank])).toEqual([['near', undefined], ['middle', 2]]);
  expect(after.map(({ key, otherRank }) => [key, otherRank])).toEqual([['far', undefined], ['middle', 2]]);
  expect(before[0]!.cosine).toBeCloseTo(Math.cos(Math.PI / 18), 12);
  expect(numKept).toBe(1);
});

test('zero vectors and vectors of another length are nobody\'s neighbours', () => {
  const all = [
    { key: 'zero', vector: [0, 0] },
    { key: 'longer', vector: [1, 0, 0] },
    { key: 'other', vector: [2, 0] },
  ];
  const { after } = neighborsOf('own', { all: [], own: [1, 0] }, { all, own: [1, 0] }, 10);
  expect(after).toEqual([{ key: 'other', cosine: 1, otherRank: undefined }]);
  expect(cosine([0, 0], [1, 0])).toBeUndefined();
});

test('equally near ones keep their order', () => {
  const all = ['b', 'a', 'c'].map((key) => ({ key, vector: [1, 0] }));
  const { before } = neighborsOf('own', { all, own: [1, 0] }, { all: [], own: [1, 0] }, 2);
  expect(before.map(({ key }) => key)).toEqual(['b', 'a']);
});
