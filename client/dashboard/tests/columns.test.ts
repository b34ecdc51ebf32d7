import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { ColumnSchema, ColumnType } from '../src/api/gen/assay/v1/batch_pb';
import { columnValue, valueText } from '../src/format/columns';

const int32 = (...values: number[]) => new Uint8Array(new Int32Array(values).buffer);
const float64 = (...values: number[]) => new Uint8Array(new Float64Array(values).buffer);
const text = (value: string) => new TextEncoder().encode(value);

test('a text column has nulls where its bitmap says so', () => {
  const column = create(ColumnSchema, {
    type: ColumnType.TEXT,
    validity: new Uint8Array([0b101]),
    textOffsets: int32(0, 2, 2, 3),
    textBytes: text('abc'),
  });
  expect([0, 1, 2].map((row) => columnValue(column, row))).toEqual(['ab', null, 'c']);
});

test('a coded ranking resolves its documents', () => {
  const column = create(ColumnSchema, {
    type: ColumnType.RANKING,
    listOffsets: int32(0, 2, 2),
    codes: int32(1, 0),
    textOffsets: int32(0, 2, 4),
    textBytes: text('d1d2'),
    values: float64(0.5, 0.25),
  });
  expect(columnValue(column, 0)).toEqual([
    { document: 'd2', value: 0.5 },
    { document: 'd1', value: 0.25 },
  ]);
  expect(columnValue(column, 1)).toEqual([]);
});

test('buffers may lie anywhere in a larger one', () => {
  const whole = new Uint8Array(20);
  whole.set(float64(1.5), 3);
  const column = create(ColumnSchema, { type: ColumnType.FLOAT64, values: whole.subarray(3, 11) });
  expect(columnValue(column, 0)).toBe(1.5);
});

test('long lists say how long they are', () => {
  expect(valueText(Array.from({ length: 20 }, (_, i) => i))).toBe('0, 1, 2, 3, 4, 5, 6, 7, … 20 in all');
});
