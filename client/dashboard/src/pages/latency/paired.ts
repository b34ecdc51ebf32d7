import { quantile, quantileInterval, type Interval } from '../../format/intervals';

export interface PairedChange {
  median: number;
  interval: Interval | undefined; // 95 %, of the median
  numRows: number;
  numSlower: number;
  numFaster: number;
}

// The change of the rows that have a value on both sides. Absent when none has.
export function pairedChange(
  before: (number | undefined)[],
  after: (number | undefined)[],
): PairedChange | undefined {
  const changes = before
    .flatMap((was, row) => {
      const is = after[row];
      return was === undefined || is === undefined ? [] : [is - was];
    })
    .sort((a, b) => a - b);
  const median = quantile(changes, 0.5);
  return median === undefined
    ? undefined
    : {
        median,
        interval: quantileInterval(changes, 0.5),
        numRows: changes.length,
        numSlower: changes.filter((change) => change > 0).length,
        numFaster: changes.filter((change) => change < 0).length,
      };
}
