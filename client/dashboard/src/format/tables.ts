import type { Batch } from '../api/gen/assay/v1/batch_pb';
import type { ResultTable, Run } from '../api/gen/assay/v1/run_service_pb';
import { batchColumn, columnValue } from './columns';

// Result tables of runs as the evaluators make them.

export interface ConfusionCell {
  label: string;
  predicted: string;
  count: number;
}

export interface ReliabilityBin {
  lowest: number;
  highest: number;
  count: number;
  confidence: number | undefined; // mean; absent when the bin is empty
  accuracy: number | undefined;
}

export interface ClassRow {
  label: string;
  precision: number | undefined; // absent when no output has the label
  recall: number | undefined; // absent when no example has it
  f1: number | undefined;
  support: number;
  predicted: number;
}

export function tableNamed(run: Run, name: string): ResultTable | undefined {
  return run.tables.find((table) => table.name === name);
}

// Names of the tables of a kind, `confusion` or `INSTANCE/confusion`, over several runs.
export function tableNames(runs: Run[], kind: string): string[] {
  const names = runs.flatMap((run) => run.tables.map((table) => table.name));
  return [...new Set(names)].filter((name) => name === kind || name.endsWith(`/${kind}`));
}

function rowsOf<T>(batch: Batch | undefined, read: (value: (column: string) => unknown) => T): T[] {
  return Array.from({ length: batch?.numRows ?? 0 }, (_, row) =>
    read((name) => {
      const column = batchColumn(batch, name);
      return column === undefined ? null : columnValue(column, row);
    }),
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;

export function confusionCells(table: ResultTable | undefined): ConfusionCell[] {
  return rowsOf(table?.batch, (value) => ({
    label: textOf(value('label')),
    predicted: textOf(value('predicted')),
    count: numberOf(value('count')) ?? 0,
  }));
}

export function reliabilityBins(table: ResultTable | undefined): ReliabilityBin[] {
  return rowsOf(table?.batch, (value) => ({
    lowest: numberOf(value('lowest')) ?? 0,
    highest: numberOf(value('highest')) ?? 1,
    count: numberOf(value('count')) ?? 0,
    confidence: numberOf(value('confidence')),
    accuracy: numberOf(value('accuracy')),
  }));
}

export function classRows(table: ResultTable | undefined): ClassRow[] {
  return rowsOf(table?.batch, (value) => ({
    label: textOf(value('label')),
    precision: numberOf(value('precision')),
    recall: numberOf(value('recall')),
    f1: numberOf(value('f1')),
    support: numberOf(value('support')) ?? 0,
    predicted: numberOf(value('predicted')) ?? 0,
  }));
}

// Labels of examples by labels of outputs, before and after.
export interface Matrix {
  labels: string[]; // by name, numbers by value
  before: Map<string, number>; // by `cellKey`
  after: Map<string, number>;
  beforeOf: Map<string, number>; // examples by label
  afterOf: Map<string, number>;
  beforeAs: Map<string, number>; // outputs by label
  afterAs: Map<string, number>;
}

export function cellKey(label: string, predicted: string): string {
  return JSON.stringify([label, predicted]);
}

export function matrixOf(before: ConfusionCell[], after: ConfusionCell[]): Matrix {
  const labels = new Set([...before, ...after].flatMap((cell) => [cell.label, cell.predicted]));
  const sums = (cells: ConfusionCell[], key: (cell: ConfusionCell) => string) => {
    const totals = new Map<string, number>();
    for (const cell of cells) {
      totals.set(key(cell), (totals.get(key(cell)) ?? 0) + cell.count);
    }
    return totals;
  };
  const whole = (cell: ConfusionCell) => cellKey(cell.label, cell.predicted);
  return {
    labels: [...labels].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })),
    before: sums(before, whole),
    after: sums(after, whole),
    beforeOf: sums(before, (cell) => cell.label),
    afterOf: sums(after, (cell) => cell.label),
    beforeAs: sums(before, (cell) => cell.predicted),
    afterAs: sums(after, (cell) => cell.predicted),
  };
}
