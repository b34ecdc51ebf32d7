import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { BatchSchema, ColumnSchema, ColumnType } from '../src/api/gen/assay/v1/batch_pb';
import { difference } from '../src/pages/dataset/difference';

function textColumn(name: string, values: string[]) {
  const bytes = values.map((value) => new TextEncoder().encode(value));
  const offsets = [0];
  bytes.forEach((part) => offsets.push(offsets.at(-1)! + part.length));
  return create(ColumnSchema, {
    name,
    type: ColumnType.TEXT,
    textOffsets: new Uint8Array(new Int32Array(offsets).buffer),
    textBytes: new Uint8Array(bytes.flatMap((part) => [...part])),
  });
}

function batchOf(columns: Record<string, string[]>) {
  return create(BatchSchema, {
    numRows: columns.key!.length,
    columns: Object.entries(columns).map(([name, values]) => textColumn(name, values)),
  });
}

test('rows are matched by key, wherever they stand', () => {
  const before = [batchOf({ key: ['a', 'b', 'c'], input: ['1', '2', '3'] })];
  const after = [batchOf({ key: ['c', 'b', 'd'], input: ['3', 'two', '4'] })];
  const found = difference(before, after);
  expect(found.rows.map(({ kind, key, rowBefore, rowAfter }) => [kind, key, rowBefore, rowAfter])).toEqual([
    ['removed', 'a', 0, undefined],
    ['edited', 'b', 1, 1],
    ['added', 'd', undefined, 2],
  ]);
  expect(found.rows[1]!.columns).toEqual([{ name: 'input', before: '2', after: 'two' }]);
  expect(found.numSame).toBe(1);
  expect(found.numMoved).toBe(2);
});

test('a row that was only shifted by others has not moved', () => {
  const before = [batchOf({ key: ['a', 'b', 'c'] })];
  const after = [batchOf({ key: ['new', 'a'] }), batchOf({ key: ['b', 'c'] })];
  expect(difference(before, after)).toMatchObject({ numSame: 3, numMoved: 0 });
});

test('a column that came in is an edit of the rows that have it', () => {
  const found = difference([batchOf({ key: ['a'] })], [batchOf({ key: ['a'], note: ['x'] })]);
  expect(found.columnsAdded).toEqual(['note']);
  expect(found.rows).toMatchObject([{ kind: 'edited', columns: [{ name: 'note', before: null, after: 'x' }] }]);
});
