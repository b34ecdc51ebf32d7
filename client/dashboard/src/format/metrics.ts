import { Direction, MetricKind, type Metric } from '../api/gen/assay/v1/run_service_pb';
import { ABSENT, significant, withMinus } from './numbers';

// Shares of rows differ in percentage points, everything else on its own scale.
function isShare(metric: Metric | undefined): boolean {
  return metric?.kind === MetricKind.BINARY_MEAN;
}

function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text;
}

// A difference of a metric, with its unit.
export function metricDelta(value: number | undefined, metric: Metric | undefined): string {
  if (value === undefined) {
    return ABSENT;
  }
  return isShare(metric)
    ? `${signed(withMinus((value * 100).toFixed(2)), value)} pp`
    : signed(significant(value, 4), value);
}

export function metricInterval(
  lower: number | undefined,
  upper: number | undefined,
  metric: Metric | undefined,
): string {
  if (lower === undefined || upper === undefined) {
    return ABSENT;
  }
  const one = (value: number) =>
    isShare(metric)
      ? signed(withMinus((value * 100).toFixed(2)), value)
      : signed(significant(value, 4), value);
  return `[${one(lower)}, ${one(upper)}]`;
}

// What an effect size is, and the smallest difference that its rows could have shown.
export function powerText(smallest: number | undefined, metric: Metric | undefined): string {
  const power = smallest === undefined ? '' : `; 80 % power for ${metricDelta(smallest, metric).replace('+', '')}`;
  return `mean difference of a row over its standard deviation${power}`;
}

// -1 worse, 1 better, 0 neither.
export function trend(delta: number | undefined, metric: Metric | undefined): -1 | 0 | 1 {
  if (delta === undefined || delta === 0 || metric === undefined) {
    return 0;
  }
  switch (metric.direction) {
    case Direction.HIGHER:
      return delta > 0 ? 1 : -1;
    case Direction.LOWER:
      return delta < 0 ? 1 : -1;
    default:
      return 0;
  }
}
