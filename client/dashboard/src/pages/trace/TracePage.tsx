import { useMemo, useState } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { useCall } from '../../api/calls';
import { Span_Status, type Trace } from '../../api/gen/assay/v1/trace_service_pb';
import { traces } from '../../api/traces';
import { Find } from '../../components/Find';
import { Grid } from '../../components/Grid';
import { copyText, useTitle } from '../../components/Layout';
import { Loaded } from '../../components/States';
import { Badge, ResourceLink, RowText, When } from '../../components/Words';
import { shortName } from '../../format/names';
import { count, duration } from '../../format/numbers';
import { csv, visible } from '../../format/text';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { Facts } from '../../components/Facts';
import { Overview } from './Overview';
import { matches, spanRows, type SpanRow } from './spans';

const MAX_NAMES = 50;

export function TracePage({ name }: { name: string }) {
  useTitle(`trace ${shortName(name).slice(0, 8)}`);
  const call = useCall(`trace/${name}`, () => traces.getTrace({ name }));
  return <Loaded call={call} what="the trace">{(trace) => <View trace={trace} />}</Loaded>;
}

function Bar({ row, from, to }: { row: SpanRow; from: number; to: number }) {
  const width = to - from;
  const left = Math.max(0, Math.min(1, (row.start - from) / width));
  const right = Math.max(0, Math.min(1, (row.start + row.duration - from) / width));
  const isOutside = row.start > to || row.start + row.duration < from;
  const tone = row.span.status === Span_Status.ERROR ? 'bad' : row.isCritical ? 'critical' : '';
  return (
    <div class="bar-track">
      {!isOutside && (
        <div
          class={`bar-span ${tone}`}
          style={{ left: `${left * 100}%`, width: `max(2px, ${(right - left) * 100}%)` }}
        />
      )}
    </div>
  );
}

function SpanDetails({ row }: { row: SpanRow }) {
  const { span } = row;
  return (
    <section aria-labelledby="span-title" class="details">
      <h2 id="span-title" class="data">
        {visible(span.name)}
      </h2>
      <Facts
        facts={[
          ['outcome', span.status === Span_Status.ERROR ? `✗ failed: ${visible(span.statusMessage)}` : '✓ no failure'],
          ['starts at', duration(row.start)],
          ['took', `${duration(row.duration)}, ${duration(row.self)} of it itself`],
          ['critical path', row.isCritical ? 'yes' : 'no'],
          ['span', span.spanId],
          ...Object.entries(span.attributes)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, value]): [string, string] => [visible(key), visible(value)]),
        ]}
      />
    </section>
  );
}

// Goes to this trace beside another one.
function CompareWith({ trace }: { trace: Trace }) {
  const [, navigate] = useLocation();
  const [other, setOther] = useState('');
  const isId = /^[0-9a-f]{4,32}$/i.test(other.trim());
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isId) {
          navigate(`/traces/${shortName(trace.name)}/compare/${other.trim().toLowerCase()}`);
        }
      }}
    >
      <label>
        compare with trace{' '}
        <input
          type="text"
          size={14}
          value={other}
          placeholder="4 or more digits"
          onInput={(event) => setOther(event.currentTarget.value)}
        />
      </label>{' '}
      <button disabled={!isId}>Compare</button>
    </form>
  );
}

function View({ trace }: { trace: Trace }) {
  const query = useQuery();
  const rows = useMemo(() => spanRows(trace), [trace]);
  const total = Math.max(1, Number(trace.durationNs));
  const from = Number(query.get('from') ?? 0) || 0;
  const to = Number(query.get('to') ?? total) || total;
  const text = query.get('find') ?? '';
  const minShare = (Number(query.get('min') ?? 0) || 0) / 100;
  const onlyCritical = query.has('critical');
  const shown = useMemo(
    () =>
      rows.filter(
        (row) => matches(row, { text, minShare, onlyCritical }, total) && row.start <= to && row.start + row.duration >= from,
      ),
    [rows, text, minShare, onlyCritical, total, from, to],
  );
  const hasServices = trace.groups.some((group) => group.service !== trace.groups[0]!.service);
  const selected = query.get('span');
  const chosen = rows.find((row) => row.span.spanId === selected);
  const zoom = (left: number, right: number) => {
    const isWhole = left <= 0 && right >= total;
    query.set({
      from: isWhole ? undefined : Math.max(0, Math.round(left)),
      to: isWhole ? undefined : Math.min(total, Math.round(right)),
    });
  };
  const middle = chosen ? chosen.start + chosen.duration / 2 : (from + to) / 2;
  const scale = (factor: number) => {
    const half = ((to - from) * factor) / 2;
    zoom(middle - half, middle + half);
  };
  const pan = (share: number) => {
    const by = Math.max(-from, Math.min(total - to, (to - from) * share));
    zoom(from + by, to + by);
  };
  useKeys([
    { key: '+', what: 'Zoom in on the span', run: () => scale(0.5) },
    { key: '-', what: 'Zoom out', run: () => scale(2) },
    { key: 'a', what: 'Earlier', run: () => pan(-0.25) },
    { key: 'd', what: 'Later', run: () => pan(0.25) },
    { key: 'x', what: 'Only the critical path', run: () => query.set({ critical: !onlyCritical }) },
    { key: 'Escape', what: 'The whole trace', run: () => query.set({ from: undefined, to: undefined }) },
  ]);
  return (
    <>
      <div class="bar">
        <h1 class="data">{visible(trace.rootName)}</h1>
        {trace.numErrors > 0 ? (
          <Badge tone="bad" glyph="✗" word={`${trace.numErrors} failed`} />
        ) : (
          <Badge tone="good" glyph="✓" word="no failure" />
        )}
        <span class="muted">
          {duration(trace.durationNs)} · {count(trace.numSpans)} {trace.numSpans === 1 ? 'span' : 'spans'} · <When time={trace.startTime} />
          {trace.resource !== '' && (
            <>
              {' '}
              · belongs to <ResourceLink name={trace.resource} />
            </>
          )}
        </span>
        <span class="spacer" />
        <CompareWith trace={trace} />
      </div>
      <div class="bar">
        <Find what="Find a span" placeholder="name or attribute=value" />
        <label>
          at least{' '}
          <input
            type="number"
            min={0}
            max={100}
            step={0.5}
            value={minShare * 100}
            onChange={(event) => query.set({ min: event.currentTarget.value })}
          />{' '}
          % of the trace
        </label>
        <label>
          <input
            type="checkbox"
            checked={onlyCritical}
            onChange={() => query.set({ critical: !onlyCritical })}
          />{' '}
          critical path only
        </label>
        <span role="status">
          {count(shown.length)} of {count(rows.length)} spans
        </span>
        <span class="spacer" />
        <button
          type="button"
          onClick={() =>
            void copyText(
              csv([
                ['span', 'parent', 'name', 'start_ns', 'duration_ns', 'self_ns', 'status'],
                ...shown.map((row) => [
                  row.span.spanId,
                  row.span.parentSpanId,
                  row.span.name,
                  row.start,
                  row.duration,
                  row.self,
                  Span_Status[row.span.status] ?? '',
                ]),
              ]),
              'the spans as CSV',
            )
          }
        >
          Copy CSV
        </button>
      </div>
      <Overview rows={rows} total={total} from={from} to={to} onZoom={zoom} />
      <p class="muted">
        Shown: {duration(from)} to {duration(to)}. Drag above to zoom, double-click for all.
      </p>
      <Grid
        label="spans"
        listKey={`${text}/${minShare}/${onlyCritical}`}
        items={shown}
        total={shown.length}
        hasMore={false}
        loadMore={() => {}}
        selected={selected}
        itemKey={(row) => row.span.spanId}
        onSelect={(row) => query.set({ span: row.span.spanId }, true)}
        onOpen={(row) => zoom(row.start - row.duration * 0.1, row.start + row.duration * 1.1)}
        height={480}
        columns={[
          {
            id: 'name',
            title: 'span',
            width: 'minmax(180px, 2fr)',
            render: (row) => (
              <span style={{ paddingLeft: `${Math.min(row.depth, 12) * 14}px` }}>
                {row.span.status === Span_Status.ERROR && <span class="bad">✗ </span>}
                <RowText text={row.span.name} maxChars={60} />
              </span>
            ),
          },
          { id: 'self', title: 'self', width: '90px', isNumber: true, render: (row) => duration(row.self) },
          { id: 'took', title: 'took', width: '90px', isNumber: true, render: (row) => duration(row.duration) },
          {
            id: 'bar',
            title: `${duration(from)} … ${duration(to)}`,
            width: 'minmax(200px, 3fr)',
            render: (row) => <Bar row={row} from={from} to={to} />,
          },
        ]}
      />
      <div class="two">
        {chosen ? <SpanDetails row={chosen} /> : <p class="muted">Choose a span to see its attributes.</p>}
        <section aria-labelledby="names-title">
          <h2 id="names-title">Time by name</h2>
          <div class="scroll tall" tabIndex={0} role="region" aria-label="Time by name, as a table">
            <table>
              <thead>
                <tr>
                  <th>span</th>
                  <th class="number">times</th>
                  <th class="number">itself</th>
                  <th class="number">whole</th>
                </tr>
              </thead>
              <tbody>
                {trace.groups.slice(0, MAX_NAMES).map((group) => (
                  <tr key={`${group.service}/${group.name}`}>
                    <th scope="row" class="data">
                      {visible(group.name)} {hasServices && <span class="muted">{visible(group.service)}</span>}
                    </th>
                    <td class="number">{count(group.numSpans)}</td>
                    <td class="number">{duration(group.selfNs)}</td>
                    <td class="number">{duration(group.totalNs)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      </div>
    </>
  );
}
