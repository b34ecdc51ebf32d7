import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TraceSchema } from '../src/api/gen/assay/v1/trace_service_pb';
import { matches, spanRows } from '../src/pages/trace/spans';

function traceOf(spans: [id: string, parent: string, depth: number, start: number, critical: number][]) {
  return create(TraceSchema, {
    spans: spans.map(([spanId, parentSpanId, depth, start, critical]) => ({
      spanId,
      parentSpanId,
      name: spanId,
      depth,
      startTimeNs: 1_700_000_000_000_000_000n + BigInt(start),
      durationNs: 5n,
      selfTimeNs: 4n,
      criticalTimeNs: BigInt(critical),
    })),
  });
}

test('times count from the earliest span', () => {
  const rows = spanRows(traceOf([['b', 'lost', 0, 30, 0], ['a', '', 0, 10, 0], ['c', 'a', 1, 35, 0]]));
  expect(rows.map(({ span, depth, start, duration, self }) => [span.spanId, depth, start, duration, self])).toEqual([
    ['b', 0, 20, 5, 4],
    ['a', 0, 0, 5, 4],
    ['c', 1, 25, 5, 4],
  ]);
  expect(spanRows(traceOf([]))).toEqual([]);
});

test('the critical path holds those above what the end waited for', () => {
  const rows = spanRows(
    traceOf([['a', '', 0, 0, 0], ['b', 'a', 1, 0, 0], ['c', 'b', 2, 0, 5], ['d', 'a', 1, 60, 0], ['e', 'd', 2, 60, 0]]),
  );
  expect(rows.filter((row) => row.isCritical).map((row) => row.span.spanId)).toEqual(['a', 'b', 'c']);
});

test('the filter hides by share of the trace and by text', () => {
  const [row] = spanRows(traceOf([['load', '', 0, 0, 0]]));
  const all = { text: '', minShare: 0, onlyCritical: false };
  expect(matches(row!, all, 100)).toBe(true);
  expect(matches(row!, { ...all, minShare: 0.1 }, 100)).toBe(false);
  expect(matches(row!, { ...all, text: 'LOA' }, 100)).toBe(true);
  expect(matches(row!, { ...all, text: 'x' }, 100)).toBe(false);
});
