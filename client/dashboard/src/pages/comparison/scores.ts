import { runs } from '../../api/runs';
import { batchColumn, columnValue } from '../../format/columns';

export const MAX_SCORES = 65_536; // what one call answers

export interface Scores {
  byRow: (number | undefined)[]; // in the order of the dataset version; absent: undefined or missing
  values: number[]; // those that are defined, sorted
  numRows: number; // that were read
}

// Scores of the first rows of a run.
export async function loadScores(run: string, metric: string): Promise<Scores> {
  const { batch } = await runs.readScores({ name: run, metrics: [metric], maxRows: MAX_SCORES });
  const column = batchColumn(batch, metric);
  const byRow = Array.from({ length: batch?.numRows ?? 0 }, (_, row) => {
    const value = column === undefined ? null : columnValue(column, row);
    return typeof value === 'number' ? value : undefined;
  });
  const values = byRow.filter((value) => value !== undefined).sort((a, b) => a - b);
  return { byRow, values, numRows: byRow.length };
}
