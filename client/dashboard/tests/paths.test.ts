import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TraceSchema } from '../src/api/gen/assay/v1/trace_service_pb';
import { comparePaths } from '../src/pages/trace/paths';

function traceOf(spans: [id: string, parent: string, name: string, duration: number][]) {
  return create(TraceSchema, {
    spans: spans.map(([spanId, parentSpanId, name, durationNs]) => ({
      spanId,
      parentSpanId,
      name,
      durationNs: BigInt(durationNs),
      selfTimeNs: BigInt(durationNs),
    })),
  });
}

test('spans of one name under one parent are added up', () => {
  const before = traceOf([['1', '', 'run', 10], ['2', '1', 'batch', 3], ['3', '1', 'batch', 4]]);
  const after = traceOf([['9', '', 'run', 8], ['8', '9', 'batch', 5]]);
  expect(comparePaths(before, after).map((path) => [path.name, path.depth, path.numBefore, path.numAfter, path.before, path.after])).toEqual([
    ['run', 0, 1, 1, 10, 8],
    ['batch', 1, 2, 1, 7, 5],
  ]);
});

test('one name under other parents is another path', () => {
  const trace = traceOf([['1', '', 'run', 9], ['2', '1', 'load', 1], ['3', '2', 'read', 1], ['4', '1', 'read', 2]]);
  expect(comparePaths(trace, trace).map((path) => path.path)).toEqual([
    '["run"]',
    '["run","load"]',
    '["run","load","read"]',
    '["run","read"]',
  ]);
});

test('what only one trace has comes behind its siblings', () => {
  const before = traceOf([['1', '', 'run', 9], ['2', '1', 'old', 1]]);
  const after = traceOf([['1', '', 'run', 9], ['2', '1', 'new', 1]]);
  expect(comparePaths(before, after).map((path) => [path.name, path.numBefore, path.numAfter])).toEqual([
    ['run', 1, 1],
    ['old', 1, 0],
    ['new', 0, 1],
  ]);
});
