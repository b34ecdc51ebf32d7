import { useMemo } from 'preact/compat';
import { useCall } from '../../api/calls';
import type { Trace } from '../../api/gen/assay/v1/trace_service_pb';
import { traces } from '../../api/traces';
import { Find } from '../../components/Find';
import { Grid } from '../../components/Grid';
import { copyText, useTitle } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { RowText, When } from '../../components/Words';
import { pagePath, shortName } from '../../format/names';
import { count, duration } from '../../format/numbers';
import { csv, visible } from '../../format/text';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { Facts } from '../../components/Facts';
import { comparePaths, type PathDifference } from './paths';

// Two traces side by side, their spans aligned by path.
export function TraceComparePage({ before, after }: { before: string; after: string }) {
  useTitle(`trace ${shortName(before).slice(0, 8)} → ${shortName(after).slice(0, 8)}`);
  const was = useCall(`trace/${before}`, () => traces.getTrace({ name: before }));
  const is = useCall(`trace/${after}`, () => traces.getTrace({ name: after }));
  return (
    <>
      <h1>Two traces</h1>
      <Loaded call={was} what="the trace before">
        {(first) => (
          <Loaded call={is} what="the trace after">
            {(second) => <View before={first} after={second} />}
          </Loaded>
        )}
      </Loaded>
    </>
  );
}

function signedDuration(nanoseconds: number): string {
  return `${nanoseconds > 0 ? '+' : nanoseconds < 0 ? '−' : ''}${duration(Math.abs(nanoseconds))}`;
}

// Longer is worse. What only one trace did has a word of its own.
function Change({ row }: { row: PathDifference }) {
  if (row.numBefore === 0 || row.numAfter === 0) {
    return <span>{row.numBefore === 0 ? '+ new' : '∅ gone'}</span>;
  }
  const delta = row.after - row.before;
  return (
    <span class={delta > 0 ? 'bad' : delta < 0 ? 'good' : ''}>
      {delta !== 0 && <span aria-hidden="true">{delta > 0 ? '▲ ' : '▼ '}</span>}
      {signedDuration(delta)}
      {row.before > 0 && ` (${(row.after / row.before).toFixed(2)}×)`}
      {delta !== 0 && <span class="offscreen"> ({delta > 0 ? 'longer' : 'shorter'})</span>}
    </span>
  );
}

function Bars({ row, longest }: { row: PathDifference; longest: number }) {
  const width = (value: number) => `${(100 * value) / longest}%`;
  return (
    <div class="pair-track" aria-hidden="true">
      {row.numBefore > 0 && <div class="pair-before" style={{ width: width(row.before) }} />}
      {row.numAfter > 0 && <div class="pair-after" style={{ width: width(row.after) }} />}
    </div>
  );
}

function TraceHead({ label, trace }: { label: string; trace: Trace }) {
  return (
    <p>
      <strong>{label}</strong>{' '}
      <Link href={pagePath(trace.name)} class="data">
        {shortName(trace.name).slice(0, 8)}
      </Link>{' '}
      <span class="data">{visible(trace.rootName)}</span>{' '}
      <span class="muted">
        {duration(trace.durationNs)} · {count(trace.numSpans)} {trace.numSpans === 1 ? 'span' : 'spans'} · <When time={trace.startTime} />
        {trace.isPartial && ' · only the earliest spans are here'}
      </span>
    </p>
  );
}

function pathsCsv(rows: PathDifference[]): string {
  return csv([
    ['path', 'count_before', 'count_after', 'before_ns', 'after_ns', 'self_before_ns', 'self_after_ns'],
    ...rows.map((row) => [
      (JSON.parse(row.path) as string[]).join(' > '),
      row.numBefore,
      row.numAfter,
      row.numBefore === 0 ? undefined : row.before,
      row.numAfter === 0 ? undefined : row.after,
      row.numBefore === 0 ? undefined : row.selfBefore,
      row.numAfter === 0 ? undefined : row.selfAfter,
    ]),
  ]);
}

const selfChange = (row: PathDifference) => Math.abs(row.selfAfter - row.selfBefore);

function View({ before, after }: { before: Trace; after: Trace }) {
  const query = useQuery();
  const rows = useMemo(() => comparePaths(before, after), [before, after]);
  const text = (query.get('find') ?? '').toLowerCase();
  const isByChange = query.get('sort') === 'change';
  const found = rows.filter((row) => text === '' || row.name.toLowerCase().includes(text));
  const shown = isByChange ? [...found].sort((a, b) => selfChange(b) - selfChange(a)) : found;
  const longest = Math.max(1, ...rows.map((row) => Math.max(row.before, row.after)));
  const most = [...rows].sort((a, b) => selfChange(b) - selfChange(a))[0];
  const chosen = rows.find((row) => row.path === query.get('path'));
  const copyCsv = () => void copyText(pathsCsv(shown), 'the paths as CSV');
  useKeys([
    { key: 's', what: 'By path, or largest change first', run: () => query.set({ sort: isByChange ? undefined : 'change' }) },
    { key: 'c', what: 'Copy the paths as CSV', run: copyCsv },
  ]);
  const swapped = `/traces/${shortName(after.name)}/compare/${shortName(before.name)}${query.search === '' ? '' : `?${query.search}`}`;
  return (
    <>
      <TraceHead label="before" trace={before} />
      <TraceHead label="after" trace={after} />
      <p>
        {signedDuration(Number(after.durationNs) - Number(before.durationNs))} in all.
        {most &&
          selfChange(most) > 0 &&
          ` The largest change of own time: ${visible(most.name)}, ${duration(most.selfBefore)} before, ${duration(most.selfAfter)} after.`}
      </p>
      <div class="bar">
        <Find what="Find a span" placeholder="name" />
        <label>
          <input type="checkbox" checked={isByChange} onChange={() => query.set({ sort: isByChange ? undefined : 'change' })} />{' '}
          largest change first
        </label>
        <span role="status">
          {count(shown.length)} of {count(rows.length)} paths
        </span>
        <span class="spacer" />
        <Link href={swapped}>swap sides</Link>
        <button type="button" onClick={copyCsv}>
          Copy CSV
        </button>
      </div>
      <Grid
        label="paths"
        listKey={`${text}/${isByChange}`}
        items={shown}
        total={shown.length}
        hasMore={false}
        loadMore={() => {}}
        selected={query.get('path')}
        itemKey={(row) => row.path}
        onSelect={(row) => query.set({ path: row.path }, true)}
        onOpen={(row) => query.set({ path: row.path }, true)}
        height={480}
        columns={[
          {
            id: 'name',
            title: 'span',
            width: 'minmax(200px, 2fr)',
            render: (row) => (
              <span style={{ paddingLeft: `${isByChange ? 0 : Math.min(row.depth, 12) * 14}px` }}>
                <RowText text={row.name} maxChars={60} />
              </span>
            ),
          },
          {
            id: 'count',
            title: 'times',
            width: '110px',
            isNumber: true,
            render: (row) => (row.numBefore === row.numAfter ? count(row.numAfter) : `${count(row.numBefore)} → ${count(row.numAfter)}`),
          },
          { id: 'before', title: 'before', width: '90px', isNumber: true, render: (row) => (row.numBefore === 0 ? '–' : duration(row.before)) },
          { id: 'after', title: 'after', width: '90px', isNumber: true, render: (row) => (row.numAfter === 0 ? '–' : duration(row.after)) },
          { id: 'change', title: 'change', width: '190px', isNumber: true, render: (row) => <Change row={row} /> },
          { id: 'bars', title: 'before above, after below', width: 'minmax(140px, 2fr)', render: (row) => <Bars row={row} longest={longest} /> },
        ]}
      />
      {chosen ? <PathDetails row={chosen} /> : <p class="muted">Choose a path to see its own time.</p>}
    </>
  );
}

function PathDetails({ row }: { row: PathDifference }) {
  const pair = (numBefore: number, numAfter: number, was: string, is: string) =>
    `${numBefore === 0 ? '–' : was} → ${numAfter === 0 ? '–' : is}`;
  return (
    <section aria-labelledby="path-title" class="details">
      <h2 id="path-title" class="data">
        {(JSON.parse(row.path) as string[]).map(visible).join(' › ')}
      </h2>
      <Facts
        facts={[
          ['times', `${count(row.numBefore)} → ${count(row.numAfter)}`],
          ['took', pair(row.numBefore, row.numAfter, duration(row.before), duration(row.after))],
          ['itself', pair(row.numBefore, row.numAfter, duration(row.selfBefore), duration(row.selfAfter))],
          [
            'one on average',
            pair(row.numBefore, row.numAfter, duration(row.before / Math.max(1, row.numBefore)), duration(row.after / Math.max(1, row.numAfter))),
          ],
          ['failed', `${count(row.numErrorsBefore)} → ${count(row.numErrorsAfter)}`],
        ]}
      />
    </section>
  );
}
