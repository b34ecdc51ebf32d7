import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { Direction, MetricKind, MetricSchema } from '../src/api/gen/assay/v1/run_service_pb';
import { metricDelta, metricInterval, powerText, trend } from '../src/format/metrics';
import { count, duration, effectSize, metricValue, pValue } from '../src/format/numbers';

const accuracy = create(MetricSchema, {
  id: 'accuracy',
  direction: Direction.HIGHER,
  kind: MetricKind.BINARY_MEAN,
});
const latency = create(MetricSchema, {
  id: 'latency_us',
  direction: Direction.LOWER,
  kind: MetricKind.MEAN,
});

describe('numbers', () => {
  test('shares differ in percentage points', () => {
    expect(metricDelta(-0.0101, accuracy)).toBe('−1.01 pp');
    expect(metricInterval(-0.0225, -0.001, accuracy)).toBe('[−2.25, −0.10]');
  });
  test('other metrics differ on their own scale', () => {
    expect(metricDelta(12.5, latency)).toBe('+12.5000');
  });
  test('effect sizes have two digits, and name what could have been seen', () => {
    expect(effectSize(-0.1834)).toBe('−0.18');
    expect(effectSize(0)).toBe('0');
    expect(powerText(0.0161, accuracy)).toMatch(/80 % power for 1\.61 pp$/);
    expect(powerText(undefined, accuracy)).not.toMatch(/power/);
  });
  test('what is absent is not zero', () => {
    expect(effectSize(undefined)).toBe('–');
    expect(metricValue(undefined)).toBe('–');
    expect(metricDelta(undefined, accuracy)).toBe('–');
    expect(metricInterval(undefined, 1, accuracy)).toBe('–');
  });
  test('the direction of the metric decides what is worse', () => {
    expect(trend(-1, accuracy)).toBe(-1);
    expect(trend(-1, latency)).toBe(1);
    expect(trend(0, accuracy)).toBe(0);
  });
  test('a p is never printed as zero', () => {
    expect(pValue(3e-38)).toBe('<.001');
    expect(pValue(0.0703125)).toBe('.070');
    expect(pValue(1)).toBe('1.000');
  });
  test('durations take the unit that reads best', () => {
    expect(duration(999)).toBe('999 ns');
    expect(duration(1_500)).toBe('1.5 µs');
    expect(duration(2_500_000)).toBe('2.50 ms');
    expect(duration(3_000_000_000n)).toBe('3.00 s');
  });
});

test('counts are grouped by thousands', () => {
  expect([0, 999, 1000, -1000, 12345678, 1234567890123n].map(count)).toEqual([
    '0',
    '999',
    '1,000',
    '-1,000',
    '12,345,678',
    '1,234,567,890,123',
  ]);
});
