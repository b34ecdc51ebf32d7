export const ABSENT = '–';
const MINUS = '−';

export function withMinus(text: string): string {
  return text.replace(/^-/, MINUS);
}

export function count(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

// Enough digits to tell two values of a metric apart.
export function significant(value: number, digits: number): string {
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

export function pValue(value: number | undefined): string {
  if (value === undefined) {
    return ABSENT;
  }
  return value < 0.001 ? '<.001' : value.toFixed(3).replace(/^0/, '');
}

// A mean difference over its standard deviation: two digits say all that it can.
export function effectSize(value: number | undefined): string {
  return value === undefined ? ABSENT : withMinus(String(+value.toPrecision(2)));
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
