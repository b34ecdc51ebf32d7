import { ColumnType, type Batch, type Column } from '../api/gen/assay/v1/batch_pb';

// Values of a column as the API sends them: buffers laid out like Arrow's, see batch.proto.

export type Scored = { document: string; value: number };
export type Value = string | number | bigint | string[] | number[] | Scored[] | null;

const decoder = new TextDecoder();

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function int32(bytes: Uint8Array, index: number): number {
  return view(bytes).getInt32(index * 4, true);
}

function isNull(column: Column, row: number): boolean {
  const bits = column.validity;
  return bits.length > 0 && ((bits[row >> 3]! >> (row & 7)) & 1) === 0;
}

function text(column: Column, item: number): string {
  const entry = column.codes.length > 0 ? int32(column.codes, item) : item;
  const begin = int32(column.textOffsets, entry);
  return decoder.decode(column.textBytes.subarray(begin, int32(column.textOffsets, entry + 1)));
}

function listItems<T>(column: Column, row: number, item: (index: number) => T): T[] {
  const begin = int32(column.listOffsets, row);
  const end = int32(column.listOffsets, row + 1);
  return Array.from({ length: end - begin }, (_, i) => item(begin + i));
}

export function columnValue(column: Column, row: number): Value {
  if (isNull(column, row)) {
    return null;
  }
  const values = view(column.values);
  switch (column.type) {
    case ColumnType.TEXT:
    case ColumnType.JSON:
      return text(column, row);
    case ColumnType.FLOAT64:
      return values.getFloat64(row * 8, true);
    case ColumnType.INT64:
      return values.getBigInt64(row * 8, true);
    case ColumnType.FLOAT32_VECTOR:
      return Array.from({ length: column.dimension }, (_, i) =>
        values.getFloat32((row * column.dimension + i) * 4, true),
      );
    case ColumnType.FLOAT64_VECTOR:
      return Array.from({ length: column.dimension }, (_, i) =>
        values.getFloat64((row * column.dimension + i) * 8, true),
      );
    case ColumnType.INT32_LIST:
      return listItems(column, row, (i) => values.getInt32(i * 4, true));
    case ColumnType.TEXT_LIST:
      return listItems(column, row, (i) => text(column, i));
    case ColumnType.RANKING:
      return listItems(column, row, (i) => ({
        document: text(column, i),
        value: values.getFloat64(i * 8, true),
      }));
    case ColumnType.RELEVANCE:
      return listItems(column, row, (i) => ({
        document: text(column, i),
        value: values.getInt32(i * 4, true),
      }));
    default:
      return null;
  }
}

export function batchColumn(batch: Batch | undefined, name: string): Column | undefined {
  return batch?.columns.find((column) => column.name === name);
}

// A value in one line of a table.
export function valueText(value: Value): string {
  if (value === null) {
    return '';
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((item) =>
      typeof item === 'object' ? `${item.document} (${item.value})` : typeof item === 'number' ? +item.toPrecision(4) : item,
    );
    return `${shown.join(', ')}${value.length > 8 ? `, … ${value.length} in all` : ''}`;
  }
  return String(value);
}
