import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TraceSchema } from '../src/api/gen/assay/v1/trace_service_pb';
import { matches, spanRows } from '../src/pages/trace/spans';

function traceOf(spans: [id: string, parent: string, start: number, duration: number][]) {
  return create(TraceSchema, {
    spans: spans.map(([spanId, parentSpanId, start, durationNs]) => ({
      spanId,
      parentSpanId,
      name: spanId,
      startTimeNs: 1_700_000_000_000_000_000n + BigInt(start),
      durationNs: BigInt(durationNs),
    })),
  });
}

test('own time leaves out what children cover together', () => {
  const rows = spanRows(traceOf([['a', '', 0, 100], ['b', 'a', 10, 40], ['c', 'a', 30, 40]]));
  expect(rows.map((row) => [row.span.spanId, row.depth, row.self])).toEqual([
    ['a', 0, 40],
    ['b', 1, 40],
    ['c', 1, 40],
  ]);
});

test('the critical path is what the end waited for', () => {
  const rows = spanRows(
    traceOf([['a', '', 0, 100], ['b', 'a', 0, 50], ['c', 'a', 0, 20], ['d', 'a', 60, 40]]),
  );
  expect(rows.filter((row) => row.isCritical).map((row) => row.span.spanId)).toEqual(['a', 'b', 'd']);
});

test('a span whose parent is missing is a root', () => {
  expect(spanRows(traceOf([['b', 'lost', 0, 5]]))[0]!.depth).toBe(0);
});

test('the filter hides by share of the trace and by text', () => {
  const [row] = spanRows(traceOf([['load', '', 0, 5]]));
  const all = { text: '', minShare: 0, onlyCritical: false };
  expect(matches(row!, all, 100)).toBe(true);
  expect(matches(row!, { ...all, minShare: 0.1 }, 100)).toBe(false);
  expect(matches(row!, { ...all, text: 'LOA' }, 100)).toBe(true);
  expect(matches(row!, { ...all, text: 'x' }, 100)).toBe(false);
});
