import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { LayerHealthSchema } from '../src/api/gen/assay/v1/reference_model_service_pb';
import { densities } from '../src/pages/layers/histogram';

test('the area of a histogram is one, whatever its range', () => {
  const bins = densities('before', create(LayerHealthSchema, { min: -1, max: 3, histogram: [3n, 0n, 1n, 4n] }));
  expect(bins.map(({ from, to, count }) => [from, to, count])).toEqual([
    [-1, 0, 3],
    [1, 2, 1],
    [2, 3, 4],
  ]);
  expect(bins.reduce((sum, bin) => sum + bin.density * (bin.to - bin.from), 0)).toBeCloseTo(1, 12);
});

test('results without a histogram have no bins', () => {
  expect(densities('after', create(LayerHealthSchema, { min: 2, max: 2 }))).toEqual([]);
});
