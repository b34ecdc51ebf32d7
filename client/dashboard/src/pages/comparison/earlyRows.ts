import {
  Comparison_State,
  type Comparison,
  type ListComparisonRowsResponse,
} from '../../api/gen/assay/v1/comparison_service_pb';
import { comparisons } from '../../api/comparisons';
import { hasRows, type RowFilter } from './selection';

const FIRST_PAGE_SIZE = 60;
const PAGE_SIZE = 120;

// A page of rows, worst first. The first one is small, for it is waited for. A page token holds for
// the metric that was named, if any, so that all pages name the same.
export function listRows(
  name: string,
  filter: RowFilter,
  pageToken: string,
  signal?: AbortSignal,
): Promise<ListComparisonRowsResponse> {
  const pageSize = pageToken === '' ? FIRST_PAGE_SIZE : PAGE_SIZE;
  return comparisons.listComparisonRows({ name, ...filter, pageSize, pageToken }, { signal });
}

interface EarlyRows {
  name: string;
  filter: RowFilter;
  answer: Promise<ListComparisonRowsResponse | undefined>; // absent: refused
}

let early: EarlyRows | undefined;

// Asks for the first rows of a comparison as soon as its answer says that it has some, before the
// page has drawn anything of it. Whoever shows rows takes them, and asks again when they are not the
// right ones or were refused.
export function askForRows({ name, state, metrics }: Comparison, filter: RowFilter): void {
  const named = metrics.find(({ metric }) => metric?.id === filter.metric);
  if (state === Comparison_State.SUCCEEDED && (named === undefined || hasRows(named))) {
    early = { name, filter, answer: listRows(name, filter, '').catch(() => undefined) };
  }
}

export async function takeEarlyRows(
  name: string,
  filter: RowFilter,
): Promise<ListComparisonRowsResponse | undefined> {
  const taken = early;
  early = undefined;
  const isIt =
    taken?.name === name &&
    taken.filter.metric === filter.metric &&
    taken.filter.cohort === filter.cohort &&
    taken.filter.bucket === filter.bucket &&
    String(taken.filter.rows) === String(filter.rows);
  return isIt ? taken.answer : undefined;
}
