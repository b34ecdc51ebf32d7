import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TraceSchema } from '../src/api/gen/assay/v1/trace_service_pb';
import { isQuietRead } from '../src/pages/trace/reads';

const isHidden = (rootName: string, numErrors = 0) => isQuietRead(create(TraceSchema, { rootName, numErrors }));

test('calls over HTTP that only read are quiet', () => {
  expect(isHidden('POST /assay.v1.ComparisonService/GetComparison')).toBe(true);
  expect(isHidden('POST /assay.v1.ComparisonService/ListComparisonRows')).toBe(true);
  expect(isHidden('POST /assay.v1.RunService/WatchRun')).toBe(true);
});

test('files of the dashboard are quiet, other services are not', () => {
  expect(isHidden('GET /*')).toBe(true);
  expect(isHidden('GET /*', 1)).toBe(false);
  expect(isHidden('GET /orders')).toBe(false);
});

test('what changes or computes something, other ways in and other services are not', () => {
  expect(isHidden('POST /assay.v1.RunService/CreateRun')).toBe(false);
  expect(isHidden('POST /assay.v1.ReferenceModelService/CompareLayers')).toBe(false);
  expect(isHidden('assay.v1.ComparisonService/GetComparison')).toBe(false);
  expect(isHidden('POST /search/GetComparison')).toBe(false);
});

test('a read that failed is not', () => {
  expect(isHidden('POST /assay.v1.ComparisonService/GetComparison', 1)).toBe(false);
});
