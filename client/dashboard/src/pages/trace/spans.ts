import type { Span, Trace } from '../../api/gen/assay/v1/trace_service_pb';

// Times in nanoseconds since the start of the trace: numbers, exact below 2^53.
export interface SpanRow {
  span: Span;
  depth: number;
  start: number;
  duration: number;
  self: number; // not covered by children
  isCritical: boolean;
}

interface Node {
  row: SpanRow;
  children: Node[];
}

// Spans as the server orders them, parents before children.
export function spanRows(trace: Trace): SpanRow[] {
  if (trace.spans.length === 0) {
    return [];
  }
  const begin = trace.spans.reduce(
    (least, span) => (span.startTimeNs < least ? span.startTimeNs : least),
    trace.spans[0]!.startTimeNs,
  );
  const nodes = new Map<string, Node>();
  const roots: Node[] = [];
  const rows: SpanRow[] = [];
  for (const span of trace.spans) {
    const parent = nodes.get(span.parentSpanId);
    const duration = Number(span.durationNs);
    const row: SpanRow = {
      span,
      depth: parent ? parent.row.depth + 1 : 0,
      start: Number(span.startTimeNs - begin),
      duration,
      self: duration,
      isCritical: false,
    };
    const node = { row, children: [] };
    nodes.set(span.spanId, node);
    (parent?.children ?? roots).push(node);
    rows.push(row);
  }
  for (const node of nodes.values()) {
    node.row.self = node.row.duration - covered(node);
  }
  roots.forEach((root) => markCritical(root, root.row.start + root.row.duration));
  return rows;
}

// How much of a span its children cover together.
function covered({ row, children }: Node): number {
  const end = row.start + row.duration;
  let upTo = row.start;
  let sum = 0;
  for (const child of [...children].sort((a, b) => a.row.start - b.row.start)) {
    const from = Math.max(upTo, child.row.start);
    const to = Math.min(end, child.row.start + child.row.duration);
    if (to > from) {
      sum += to - from;
      upTo = to;
    }
  }
  return sum;
}

// The chain of spans that the end waited for: from the end backwards, always the child that ended
// last before the time reached.
function markCritical(root: Node, rootEnd: number): void {
  const waiting: [Node, number][] = [[root, rootEnd]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [node, end] = next;
    node.row.isCritical = true;
    let time = end;
    const latestFirst = [...node.children].sort(
      (a, b) => b.row.start + b.row.duration - (a.row.start + a.row.duration),
    );
    for (const child of latestFirst) {
      const childEnd = child.row.start + child.row.duration;
      if (childEnd <= time) {
        waiting.push([child, childEnd]);
        time = child.row.start;
      }
    }
  }
}

export interface SpanFilter {
  text: string;
  minShare: number; // of the trace, 0 to 1
  onlyCritical: boolean;
}

export function matches(row: SpanRow, filter: SpanFilter, total: number): boolean {
  const { span } = row;
  const text = filter.text.toLowerCase();
  return (
    (!filter.onlyCritical || row.isCritical) &&
    row.duration >= filter.minShare * total &&
    (text === '' ||
      span.name.toLowerCase().includes(text) ||
      Object.entries(span.attributes).some(([key, value]) =>
        `${key}=${value}`.toLowerCase().includes(text),
      ))
  );
}

// Time by name of span, the most self time first.
export function byName(rows: SpanRow[]): { name: string; count: number; self: number; total: number }[] {
  const names = new Map<string, { name: string; count: number; self: number; total: number }>();
  for (const { span, self, duration } of rows) {
    const entry = names.get(span.name) ?? { name: span.name, count: 0, self: 0, total: 0 };
    entry.count += 1;
    entry.self += self;
    entry.total += duration;
    names.set(span.name, entry);
  }
  return [...names.values()].sort((a, b) => b.self - a.self);
}
