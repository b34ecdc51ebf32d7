import { RowBucket } from '../../api/gen/assay/v1/comparison_service_pb';
import type {
  Cell,
  Comparison,
  MetricComparison,
} from '../../api/gen/assay/v1/comparison_service_pb';
import { MetricKind } from '../../api/gen/assay/v1/run_service_pb';
import { BUCKETS } from '../../components/Verdicts';
import { trend } from '../../format/metrics';
import type { Query } from '../../state/query';

// What is selected on a comparison: one metric, perhaps a cohort, perhaps a kind of row. Every mark
// sets it, everything shown follows it.
export interface Selection {
  metric: MetricComparison | undefined;
  cohort: string; // empty: all
  bucket: RowBucket;
  rowFilter: RowFilter; // what the server is asked for
  onlyDifferences: boolean;
}

export function bucketId(bucket: RowBucket): string {
  return BUCKETS[bucket]?.[3] ?? '';
}

function bucketOf(id: string | undefined): RowBucket {
  const found = Object.entries(BUCKETS).find(([, entry]) => entry[3] !== '' && entry[3] === id);
  return found ? (Number(found[0]) as RowBucket) : RowBucket.UNSPECIFIED;
}

// The rows that the address asks for. It says so before anything of the comparison is known.
export interface RowFilter {
  metric: string; // empty: the one that flips are counted in
  cohort: string; // empty: all
  bucket: RowBucket;
  rows: bigint[]; // empty: all
}

const MAX_ROWS = 1000; // that a list may name

export function rowFilterOf(query: Query): RowFilter {
  return {
    metric: query.get('metric') ?? '',
    cohort: query.get('cohort') ?? '',
    bucket: bucketOf(query.get('show')),
    rows: (query.get('rows') ?? '')
      .split(',')
      .filter((row) => /^\d{1,15}$/.test(row))
      .slice(0, MAX_ROWS)
      .map(BigInt),
  };
}

// What takes every filter of rows away.
export const NO_FILTER = { cohort: undefined, show: undefined, rows: undefined, layer: undefined };

export function selectionOf(comparison: Comparison, query: Query): Selection {
  const asked = rowFilterOf(query);
  const { cohort, bucket } = asked;
  const named = comparison.metrics.find((candidate) => candidate.metric?.id === asked.metric);
  const metric =
    named ??
    comparison.metrics.find((candidate) => candidate.metric?.id === comparison.flipMetric) ??
    comparison.metrics[0];
  return {
    metric,
    cohort,
    bucket,
    rowFilter: named ? asked : { ...asked, metric: '' },
    onlyDifferences: !query.has('all'),
  };
}

export function isBinary(metric: MetricComparison | undefined): boolean {
  return metric?.metric?.kind === MetricKind.BINARY_MEAN;
}

export function hasRows(metric: MetricComparison | undefined): boolean {
  return metric !== undefined && metric.metric?.kind !== MetricKind.CORPUS;
}

// The interval says that there is a difference.
export function differs(cell: Cell): boolean {
  return (
    cell.lower !== undefined && cell.upper !== undefined && (cell.lower > 0 || cell.upper < 0)
  );
}

// As `differs`; without an interval the delta is all there is.
export function mayDiffer(cell: Cell): boolean {
  return cell.lower === undefined || cell.upper === undefined || differs(cell);
}

export function isWorse(cell: Cell, metric: MetricComparison): boolean {
  return differs(cell) && trend(cell.delta, metric.metric) < 0;
}

const NUM_WITHOUT_DIFFERENCE = 5;

// Cohorts to show, worst first, and how many are not shown. When none differs, the worst few.
export function shownCohorts(
  metric: MetricComparison,
  onlyDifferences: boolean,
): { cells: Cell[]; numHidden: number; noneDiffers: boolean } {
  const different = metric.cohorts.filter(differs);
  const noneDiffers = different.length === 0;
  const cells = !onlyDifferences
    ? metric.cohorts
    : noneDiffers
      ? metric.cohorts.slice(0, NUM_WITHOUT_DIFFERENCE)
      : different;
  return { cells, numHidden: metric.cohorts.length - cells.length, noneDiffers };
}

// Rows right or wrong on both sides within a cell, from its counts; absent when repetitions make
// the means something else than shares.
export function flipCounts(
  cell: Cell | undefined,
): { broken: number; fixed: number; bothWrong: number; bothRight: number } | undefined {
  if (cell?.baseline === undefined) {
    return undefined;
  }
  const numRows = Number(cell.numRows);
  const broken = Number(cell.numWorse);
  const fixed = Number(cell.numBetter);
  const rightBefore = cell.baseline * numRows;
  if (Math.abs(rightBefore - Math.round(rightBefore)) > 1e-6 * Math.max(1, numRows)) {
    return undefined;
  }
  const bothRight = Math.round(rightBefore) - broken;
  return { broken, fixed, bothRight, bothWrong: numRows - bothRight - broken - fixed };
}
