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

// Spans as the server orders them, parents before children. A span is on the critical path when the
// end of the trace waited for it or for a span below it.
export function spanRows(trace: Trace): SpanRow[] {
  const begin = trace.spans.reduce(
    (least, span) => (span.startTimeNs < least ? span.startTimeNs : least),
    trace.spans[0]?.startTimeNs ?? 0n,
  );
  const rows = trace.spans.map((span) => ({
    span,
    depth: span.depth,
    start: Number(span.startTimeNs - begin),
    duration: Number(span.durationNs),
    self: Number(span.selfTimeNs),
    isCritical: span.criticalTimeNs > 0n,
  }));
  const byId = new Map(rows.map((row) => [row.span.spanId, row]));
  for (const { span, isCritical } of [...rows].reverse()) {
    const parent = byId.get(span.parentSpanId);
    if (parent && isCritical) {
      parent.isCritical = true;
    }
  }
  return rows;
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
