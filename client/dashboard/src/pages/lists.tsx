import { Link, useLocation } from 'wouter-preact';
import { comparisons, datasets, models, runs, traces } from '../api/transport';
import type { Comparison } from '../api/gen/assay/v1/comparison_service_pb';
import type { Dataset } from '../api/gen/assay/v1/dataset_service_pb';
import type { Model } from '../api/gen/assay/v1/model_service_pb';
import { Run_State, type Run } from '../api/gen/assay/v1/run_service_pb';
import { ListTracesRequest_Order, type Trace } from '../api/gen/assay/v1/trace_service_pb';
import { copyText } from '../components/Layout';
import { ComparisonStateBadge, ResourceLink, RowText, RunStateBadge, When } from '../components/Words';
import { parentName, shortName } from '../format/names';
import { count, duration } from '../format/numbers';
import { csv, excerpt } from '../format/text';
import { millis, utc } from '../format/time';
import { useProject } from '../state/project';
import { useQuery, type Query } from '../state/query';
import { ListPage } from './List';
import { isQuietRead } from './trace/reads';

const PAGE_SIZE = 100;
const FILTERED_PAGE_SIZE = 500; // where most may be left out here

export function ComparisonsPage() {
  const parent = parentName(useProject());
  return (
    <ListPage<Comparison>
      title="Comparisons"
      listKey={`comparisons/${parent}`}
      load={async (pageToken, signal) => {
        const page = await comparisons.listComparisons({ parent, pageSize: PAGE_SIZE, pageToken }, { signal });
        return { items: page.comparisons, nextToken: page.nextPageToken };
      }}
      empty="There is no comparison yet."
      command="assay diff BASE CANDIDATE --dataset NAME --max-drop accuracy=0.01"
      columns={[
        { id: 'verdict', title: 'verdict', width: '130px', render: (item) => <ComparisonStateBadge state={item.state} verdict={item.verdict} /> },
        { id: 'id', title: 'id', width: '70px', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'models', title: 'baseline → candidate', width: 'minmax(160px, 1fr)', render: (item) => <RowText text={`${shortName(item.baselineModelVersion)} → ${shortName(item.candidateModelVersion)}`} /> },
        { id: 'dataset', title: 'dataset', width: '140px', render: (item) => <ResourceLink name={item.datasetVersion} /> },
        { id: 'paired', title: 'paired rows', width: '110px', isNumber: true, render: (item) => count(item.numPaired) },
        { id: 'summary', title: 'in a sentence', width: 'minmax(160px, 2fr)', render: (item) => excerpt(item.summary || item.error, 200) },
        { id: 'when', title: 'when', width: '110px', render: (item) => <When time={item.createTime} /> },
      ]}
    />
  );
}

export function RunsPage() {
  const parent = parentName(useProject());
  const query = useQuery();
  const modelVersion = query.get('model') ?? '';
  const datasetVersion = query.get('dataset') ?? '';
  return (
    <ListPage<Run>
      title="Runs"
      listKey={`runs/${parent}/${modelVersion}/${datasetVersion}`}
      load={async (pageToken, signal) => {
        const page = await runs.listRuns({ parent, pageSize: PAGE_SIZE, pageToken, modelVersion, datasetVersion }, { signal });
        return { items: page.runs, nextToken: page.nextPageToken };
      }}
      empty="There is no run yet."
      command="assay eval --dataset NAME --model NAME"
      columns={[
        {
          id: 'chosen',
          title: 'compare',
          width: '80px',
          render: (item) => <Choose id={shortName(item.name)} what="run" />,
        },
        { id: 'state', title: 'state', width: '130px', render: (item) => <RunStateBadge state={item.state} /> },
        { id: 'id', title: 'id', width: '70px', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'model', title: 'model', width: 'minmax(120px, 1fr)', render: (item) => <ResourceLink name={item.modelVersion} /> },
        { id: 'dataset', title: 'dataset', width: 'minmax(120px, 1fr)', render: (item) => <ResourceLink name={item.datasetVersion} /> },
        { id: 'filter', title: 'rows', width: 'minmax(100px, 1fr)', render: (item) => <RowText text={item.rowFilter || 'all'} /> },
        {
          id: 'done',
          title: 'done',
          width: '170px',
          isNumber: true,
          render: (item) =>
            item.state === Run_State.SUCCEEDED
              ? count(item.numRows)
              : `${count(item.numRowsDone)} of ${count(item.numRows)}`,
        },
        { id: 'when', title: 'when', width: '110px', render: (item) => <When time={item.createTime} /> },
      ]}
    >
      {(items) => <RunTools items={items} />}
    </ListPage>
  );
}

function chosenIds(value: string | undefined): string[] {
  return value ? value.split(',') : [];
}

function Choose({ id, what }: { id: string; what: string }) {
  const query = useQuery();
  const chosen = chosenIds(query.get('chosen'));
  return (
    <input
      type="checkbox"
      aria-label={`Choose ${what} ${id.slice(0, 8)}`}
      checked={chosen.includes(id)}
      onClick={(event) => event.stopPropagation()}
      onChange={() =>
        query.set({
          chosen: (chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]).join(','),
        })
      }
    />
  );
}

// Two runs that are chosen can be compared; the older one is the baseline.
function RunTools({ items }: { items: Run[] }) {
  const query = useQuery();
  const [, navigate] = useLocation();
  const parent = parentName(useProject());
  const chosen = chosenIds(query.get('chosen')).sort((a, b) => Number(a) - Number(b));
  const compare = async () => {
    const comparison = await comparisons.createComparison({
      parent,
      baselineRun: `${parent}/runs/${chosen[0]}`,
      candidateRun: `${parent}/runs/${chosen[1]}`,
    });
    navigate(`/comparisons/${shortName(comparison.name)}`);
  };
  return (
    <>
      <button type="button" disabled={chosen.length !== 2} onClick={() => void compare()} title="Choose two runs; the older one is the baseline">
        Compare {chosen.length === 2 ? `${chosen[0]} → ${chosen[1]}` : `(${chosen.length} of 2)`}
      </button>
      <button
        type="button"
        onClick={() =>
          void copyText(
            csv([
              ['run', 'model', 'dataset', 'rows', 'created'],
              ...items.map((run) => [
                shortName(run.name),
                shortName(run.modelVersion),
                shortName(run.datasetVersion),
                Number(run.numRows),
                utc(millis(run.createTime) ?? 0),
              ]),
            ]),
            'the runs as CSV',
          )
        }
      >
        Copy CSV
      </button>
    </>
  );
}

export function DatasetsPage() {
  const parent = parentName(useProject());
  return (
    <ListPage<Dataset>
      title="Datasets"
      listKey={`datasets/${parent}`}
      load={async (pageToken, signal) => {
        const page = await datasets.listDatasets({ parent, pageSize: PAGE_SIZE, pageToken }, { signal });
        return { items: page.datasets, nextToken: page.nextPageToken };
      }}
      empty="There is no dataset yet."
      command="assay dataset push NAME rows.jsonl"
      columns={[
        { id: 'name', title: 'dataset', width: 'minmax(160px, 1fr)', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'latest', title: 'newest version', width: '150px', render: (item) => <ResourceLink name={item.latestVersion?.name ?? ''} /> },
        { id: 'rows', title: 'rows', width: '130px', isNumber: true, render: (item) => count(item.latestVersion?.numRows ?? 0) },
        { id: 'documents', title: 'documents', width: '130px', isNumber: true, render: (item) => count(item.latestVersion?.numDocuments ?? 0) },
        { id: 'when', title: 'since', width: '120px', render: (item) => <When time={item.createTime} /> },
      ]}
    />
  );
}

export function ModelsPage() {
  const parent = parentName(useProject());
  return (
    <ListPage<Model>
      title="Models"
      listKey={`models/${parent}`}
      load={async (pageToken, signal) => {
        const page = await models.listModels({ parent, pageSize: PAGE_SIZE, pageToken }, { signal });
        return { items: page.models, nextToken: page.nextPageToken };
      }}
      empty="There is no model yet."
      command="assay model push NAME --external --config commit=COMMIT"
      columns={[
        { id: 'name', title: 'model', width: 'minmax(160px, 1fr)', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'latest', title: 'newest version', width: '150px', render: (item) => <ResourceLink name={item.latestVersion?.name ?? ''} /> },
        { id: 'activation', title: 'activation', width: '150px', render: (item) => <RowText text={item.latestVersion?.activation ?? ''} /> },
        { id: 'when', title: 'since', width: '120px', render: (item) => <When time={item.createTime} /> },
      ]}
    />
  );
}

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
