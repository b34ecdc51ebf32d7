// Sends spans with OpenTelemetry's JavaScript SDK and prints what it sent.
//
// Usage: node send_spans.js DOOR URL TRACES
//   DOOR    grpc | http (JSON) | proto, the exporter package of that name
//   URL     http://HOST:PORT, with /v1/traces for http and proto
//   TRACES  traces of ten spans each
//
// Prints one JSON line: {"spans": N, "traces": [first id, last id], "failed": N}.
'use strict';

const { context, trace, SpanKind, SpanStatusCode, TraceFlags } = require('@opentelemetry/api');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');

const [door, url, traces] = process.argv.slice(2);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${door}`);

const SPANS_PER_TRACE = 10;
// The exporter refuses more than thirty exports at once, so the sender waits now and then.
const TRACES_PER_FLUSH = 200;

async function main() {
  const compression = door === 'grpc' ? undefined : 'gzip';
  const exporter = new OTLPTraceExporter({ url, compression });
  let failed = 0;
  const counted = {
    export: (spans, done) => exporter.export(spans, (result) => {
      if (result.code !== 0) {
        failed += spans.length;
        console.error(result.error);
      }
      done(result);
    }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
  const processor = new BatchSpanProcessor(counted, {
    maxQueueSize: 2 * TRACES_PER_FLUSH * SPANS_PER_TRACE,
    maxExportBatchSize: 512,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `sdk-${door}`, 'deployment.zone': 'z1' }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('sender', '1.2.3');
  const ids = [];
  for (let t = 0; t < Number(traces); ++t) {
    const root = tracer.startSpan('request', { kind: SpanKind.SERVER, attributes: { t } });
    ids.push(root.spanContext().traceId);
    const inRoot = trace.setSpan(context.active(), root);
    for (let s = 1; s < SPANS_PER_TRACE; ++s) {
      const links = s === 1 ? [{
        context: { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: TraceFlags.SAMPLED },
        attributes: { reason: 'batch' },
      }] : [];
      const span = tracer.startSpan(`step ${s}`, {
        kind: SpanKind.CLIENT,
        links,
        attributes: { text: 'grüße', number: s, share: 0.25, flag: true, list: ['a', 'b'] },
      }, inRoot);
      span.addEvent('retry', { attempt: s });
      if (s === 9) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'timed out' });
      } else {
        span.setStatus({ code: SpanStatusCode.OK });
      }
      span.end();
    }
    root.end();
    if (t % TRACES_PER_FLUSH === TRACES_PER_FLUSH - 1) {
      await processor.forceFlush();
    }
  }
  await provider.shutdown();
  console.log(JSON.stringify({
    spans: Number(traces) * SPANS_PER_TRACE, traces: [ids[0], ids[ids.length - 1]], failed,
  }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
