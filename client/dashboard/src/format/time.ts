import { timestampMs, type Timestamp } from '@bufbuild/protobuf/wkt';

const STEPS: [number, string][] = [
  [60, 's'],
  [60, 'min'],
  [24, 'h'],
  [30, 'd'],
  [12, 'mo'],
];

export function ago(then: number, now: number): string {
  let value = Math.max(0, (now - then) / 1000);
  for (const [size, unit] of STEPS) {
    if (value < size) {
      return value < 5 && unit === 's' ? 'just now' : `${Math.floor(value)} ${unit} ago`;
    }
    value /= size;
  }
  return `${Math.floor(value)} y ago`;
}

export function utc(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function millis(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : timestampMs(time);
}
