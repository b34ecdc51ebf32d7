import type { Batch } from './gen/assay/v1/batch_pb';

// Reads rows from the first on, in as many answers as it takes, until there are no more, `maxRows`
// were read, or `visit` says false. `start` is the position of the batch's first row.
export async function readRows(
  read: (startRow: bigint, maxRows: number) => Promise<Batch | undefined>,
  maxRows: number,
  visit: (batch: Batch, start: number) => boolean,
): Promise<void> {
  for (let start = 0; start < maxRows; ) {
    const batch = await read(BigInt(start), maxRows - start);
    if (!batch || batch.numRows === 0 || !visit(batch, start)) {
      return;
    }
    start += batch.numRows;
  }
}
