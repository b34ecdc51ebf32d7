import { Direction, MetricKind, type Metric } from '../api/gen/assay/v1/run_service_pb';

export const ABSENT = '–';
const MINUS = '−';

function withMinus(text: string): string {
  return text.replace(/^-/, MINUS);
}

export function count(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function significant(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-4)) {
    return withMinus(value.toExponential(digits - 1));
  }
  return withMinus(magnitude >= 1000 ? value.toFixed(1) : value.toFixed(magnitude >= 100 ? 2 : 4));
}

// A value of a metric.
export function metricValue(value: number | undefined): string {
  return value === undefined ? ABSENT : significant(value, 4);
}

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

export function pValue(value: number | undefined): string {
  if (value === undefined) {
    return ABSENT;
  }
  return value < 0.001 ? '<.001' : value.toFixed(3).replace(/^0/, '');
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

export function bytes(value: bigint | number): string {
  let size = Number(value);
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (size < 1000 || unit === 'GB') {
      return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`;
    }
    size /= 1000;
  }
  return '';
}

// Nanoseconds in the unit that reads best.
export function duration(nanoseconds: bigint | number): string {
  const value = Number(nanoseconds);
  if (value < 1e3) {
    return `${value.toFixed(0)} ns`;
  }
  if (value < 1e6) {
    return `${(value / 1e3).toFixed(value < 1e4 ? 1 : 0)} µs`;
  }
  if (value < 1e9) {
    return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 1)} ms`;
  }
  return `${(value / 1e9).toFixed(2)} s`;
}
