import type { Batch } from '../../api/gen/assay/v1/batch_pb';
import { batchColumn, columnValue, type Value } from '../../format/columns';

// Two versions of a dataset, example by example under the same key.

export interface RowChange {
  kind: 'added' | 'removed' | 'edited';
  key: string;
  rowBefore: number | undefined;
  rowAfter: number | undefined;
  columns: { name: string; before: Value; after: Value }[]; // that differ; all of an added or removed row
}

export interface Difference {
  rows: RowChange[]; // removed, edited, added, each in its order
  numSame: number;
  numMoved: number; // equal or edited rows whose order among the rows of both versions changed
  columnsAdded: string[];
  columnsRemoved: string[];
}

interface Place {
  batch: Batch;
  row: number; // within the batch
  index: number; // within the version
}

function places(batches: Batch[]): Map<string, Place> {
  const found = new Map<string, Place>();
  let index = 0;
  for (const batch of batches) {
    const keys = batchColumn(batch, 'key');
    for (let row = 0; keys && row < batch.numRows; row += 1) {
      found.set(String(columnValue(keys, row)), { batch, row, index });
      index += 1;
    }
  }
  return found;
}

function isEqual(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return (
      a.length === b.length &&
      a.every((item, i) => {
        const other = b[i]!;
        return typeof item === 'object' && typeof other === 'object'
          ? item.document === other.document && item.value === other.value
          : Object.is(item, other);
      })
    );
  }
  return Object.is(a, b);
}

function valueAt(place: Place | undefined, name: string): Value {
  const column = place && batchColumn(place.batch, name);
  return column === undefined ? null : columnValue(column, place!.row);
}

function columnNames(batches: Batch[]): string[] {
  return [...new Set(batches.flatMap((batch) => batch.columns.map((column) => column.name)))].sort();
}

export function difference(before: Batch[], after: Batch[]): Difference {
  const [was, is] = [places(before), places(after)];
  const [namesBefore, namesAfter] = [columnNames(before), columnNames(after)];
  const names = [...new Set([...namesBefore, ...namesAfter])].filter((name) => name !== 'key');
  const removed: RowChange[] = [];
  const edited: RowChange[] = [];
  const added: RowChange[] = [];
  let numSame = 0;
  const order: number[] = []; // of the common rows, by their place after
  for (const [key, place] of was) {
    const counterpart = is.get(key);
    const columns = names
      .map((name) => ({ name, before: valueAt(place, name), after: valueAt(counterpart, name) }))
      .filter((column) => !isEqual(column.before, column.after));
    if (!counterpart) {
      removed.push({ kind: 'removed', key, rowBefore: place.index, rowAfter: undefined, columns });
      continue;
    }
    order.push(counterpart.index);
    if (columns.length === 0) {
      numSame += 1;
    } else {
      edited.push({ kind: 'edited', key, rowBefore: place.index, rowAfter: counterpart.index, columns });
    }
  }
  for (const [key, place] of is) {
    if (!was.has(key)) {
      const columns = names
        .map((name): RowChange['columns'][number] => ({ name, before: null, after: valueAt(place, name) }))
        .filter((column) => column.after !== null);
      added.push({ kind: 'added', key, rowBefore: undefined, rowAfter: place.index, columns });
    }
  }
  const sorted = [...order].sort((a, b) => a - b);
  return {
    rows: [...removed, ...edited, ...added],
    numSame,
    numMoved: order.filter((place, i) => place !== sorted[i]).length,
    columnsAdded: namesAfter.filter((name) => !namesBefore.includes(name)),
    columnsRemoved: namesBefore.filter((name) => !namesAfter.includes(name)),
  };
}
