// Intervals of shares and of quantiles, for what the server does not give one.

const Z = 1.959963984540054; // two-sided 95 %

export interface Interval {
  lower: number;
  upper: number;
}

// 95 % interval of a share, Wilson 1927, without continuity correction. Absent without trials.
export function wilson(numHits: number, numTrials: number): Interval | undefined {
  if (numTrials === 0) {
    return undefined;
  }
  const share = numHits / numTrials;
  const scale = 1 + Z ** 2 / numTrials;
  const centre = (share + Z ** 2 / (2 * numTrials)) / scale;
  const half = (Z * Math.sqrt((share * (1 - share)) / numTrials + Z ** 2 / (4 * numTrials ** 2))) / scale;
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

// The smallest value that at least the share `q` of the values does not exceed. Absent without values.
export function quantile(sorted: number[], q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

// log(n choose k q^k (1 - q)^(n - k)) for every k, by the ratio of neighbours.
function binomialLogs(n: number, q: number): Float64Array {
  const logs = new Float64Array(n + 1);
  logs[0] = n * Math.log1p(-q);
  for (let k = 1; k <= n; k += 1) {
    logs[k] = logs[k - 1]! + Math.log((n - k + 1) / k) + Math.log(q / (1 - q));
  }
  return logs;
}

// 95 % interval of the quantile `q` from order statistics, whatever the distribution: each side
// leaves out at most 2.5 % of the binomial. Absent when there are too few values for one.
export function quantileInterval(sorted: number[], q: number): Interval | undefined {
  const n = sorted.length;
  const logs = binomialLogs(n, q);
  let below = 0;
  let lower = -1; // values with rank `lower` or less lie below the interval
  while (lower + 1 <= n && below + Math.exp(logs[lower + 1]!) <= 0.025) {
    lower += 1;
    below += Math.exp(logs[lower]!);
  }
  let above = 0;
  let upper = n + 1;
  while (upper - 1 >= 0 && above + Math.exp(logs[upper - 1]!) <= 0.025) {
    upper -= 1;
    above += Math.exp(logs[upper]!);
  }
  // At least `lower + 1` values lie below the quantile, at most `upper - 1`.
  const from = sorted[lower];
  const to = sorted[upper - 1];
  return from === undefined || to === undefined ? undefined : { lower: from, upper: to };
}
