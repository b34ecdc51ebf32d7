import { useLocation } from 'wouter-preact';
import { ListTracesRequest_Order, type Trace } from '../../api/gen/assay/v1/trace_service_pb';
import { traces } from '../../api/traces';
import { Link } from '../../components/Link';
import { ResourceLink, RowText, When } from '../../components/Words';
import { parentName, shortName } from '../../format/names';
import { count, duration } from '../../format/numbers';
import { millis, utc } from '../../format/time';
import { useProject } from '../../state/project';
import { useQuery, type Query } from '../../state/query';
import { Choose, chosenIds } from '../Choose';
import { ListPage } from '../List';
import { isQuietRead } from './reads';

const PAGE_SIZE = 100;
const FILTERED_PAGE_SIZE = 500; // where most may be left out here

export function TracesPage() {
  const parent = parentName(useProject());
  const query = useQuery();
  const filter = {
    resource: query.get('resource') ?? '',
    service: query.get('service') ?? '',
    spanName: query.get('span') ?? '',
    onlyErrors: query.has('errors'),
    minDurationNs: BigInt(Math.round((Number(query.get('least') ?? 0) || 0) * 1e6)),
    order: query.get('sort') === 'slowest' ? ListTracesRequest_Order.SLOWEST : ListTracesRequest_Order.NEWEST,
  };
  const isFiltered = ['resource', 'service', 'span', 'errors', 'least'].some((name) => query.has(name));
  const withReads = showsReads(query);
  return (
    <ListPage<Trace>
      title="Traces"
      order={query.get('sort') === 'slowest' ? 'slowest first' : 'newest first'}
      listKey={`traces/${parent}/${withReads}/${Object.values(filter).join('/')}`}
      load={async (pageToken, signal) => {
        const pageSize = withReads ? PAGE_SIZE : FILTERED_PAGE_SIZE;
        const page = await traces.listTraces({ parent, pageSize, pageToken, ...filter }, { signal });
        const items = withReads ? page.traces : page.traces.filter((trace) => !isQuietRead(trace));
        return { items, nextToken: page.nextPageToken, numLeftOut: page.traces.length - items.length };
      }}
      leftOut="reads over HTTP"
      filters={<TraceFilters />}
      empty={isFiltered || !withReads ? 'No trace is like that.' : 'There is no trace yet.'}
      command="assay eval --dataset NAME --model NAME"
      csvRow={(item) => ({
        trace: shortName(item.name),
        root: item.rootName,
        duration_ns: Number(item.durationNs),
        spans: item.numSpans,
        errors: item.numErrors,
        belongs_to: shortName(item.resource),
        started: utc(millis(item.startTime) ?? 0),
      })}
      columns={[
        { id: 'chosen', title: 'compare', width: '80px', render: (item) => <Choose id={shortName(item.name)} what="trace" /> },
        { id: 'id', title: 'trace', width: '110px', render: (item) => <RowText text={shortName(item.name).slice(0, 8)} /> },
        { id: 'root', title: 'root span', width: 'minmax(160px, 2fr)', render: (item) => <RowText text={item.rootName} /> },
        { id: 'errors', title: 'errors', width: '110px', render: (item) => (item.numErrors > 0 ? <span class="badge bad">✗ {item.numErrors} failed</span> : '✓ none') },
        { id: 'duration', title: 'duration', width: '110px', isNumber: true, render: (item) => duration(item.durationNs) },
        { id: 'spans', title: 'spans', width: '90px', isNumber: true, render: (item) => count(item.numSpans) },
        { id: 'resource', title: 'belongs to', width: '150px', render: (item) => <ResourceLink name={item.resource} /> },
        { id: 'when', title: 'when', width: '120px', render: (item) => <When time={item.startTime} /> },
      ]}
    >
      {(items) => <TraceTools items={items} />}
    </ListPage>
  );
}

// Pages read all the time, and their calls would fill the list. Who asks for a span means it.
function showsReads(query: Query): boolean {
  return query.has('reads') || query.has('span');
}

// What one span of a trace must have.
function TraceFilters() {
  const query = useQuery();
  const text = (name: string, label: string) => (
    <label>
      {label}{' '}
      <input type="search" value={query.get(name) ?? ''} onChange={(event) => query.set({ [name]: event.currentTarget.value })} />
    </label>
  );
  return (
    <div class="bar">
      {text('span', 'span')}
      {text('service', 'service')}
      <label>
        at least{' '}
        <input
          type="number"
          min={0}
          step="any"
          value={query.get('least') ?? ''}
          onChange={(event) => query.set({ least: event.currentTarget.value })}
        />{' '}
        ms
      </label>
      <label>
        <input type="checkbox" checked={query.has('errors')} onChange={() => query.set({ errors: !query.has('errors') })} /> failed only
      </label>
      <label>
        <input
          type="checkbox"
          checked={query.get('sort') === 'slowest'}
          onChange={() => query.set({ sort: query.get('sort') === 'slowest' ? undefined : 'slowest' })}
        />{' '}
        slowest first
      </label>
      <label>
        <input
          type="checkbox"
          checked={showsReads(query)}
          disabled={query.has('span')}
          onChange={() => query.set({ reads: !query.has('reads') })}
        />{' '}
        reads over HTTP too
      </label>
      {query.has('resource') && (
        <Link class="chip" href={query.href({ resource: undefined })} aria-label="Remove the filter of the run or comparison">
          <bdi>{shortName(query.get('resource')!)}</bdi> <span aria-hidden="true">✕</span>
        </Link>
      )}
    </div>
  );
}

// Two traces that are chosen can be compared; the older one comes first.
function TraceTools({ items }: { items: Trace[] }) {
  const query = useQuery();
  const [, navigate] = useLocation();
  const chosen = chosenIds(query.get('chosen'));
  const listed = items
    .filter((item) => chosen.includes(shortName(item.name)))
    .sort((a, b) => (millis(a.startTime) ?? 0) - (millis(b.startTime) ?? 0))
    .map((item) => shortName(item.name));
  const [before, after] = listed.length === 2 ? listed : chosen;
  return (
    <button
      type="button"
      disabled={chosen.length !== 2}
      onClick={() => navigate(`/traces/${before}/compare/${after}`)}
      title="Choose two traces; the older one comes first"
    >
      Compare {chosen.length === 2 ? `${before!.slice(0, 8)} → ${after!.slice(0, 8)}` : `(${chosen.length} of 2)`}
    </button>
  );
}
