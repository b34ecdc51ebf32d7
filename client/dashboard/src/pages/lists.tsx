import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { ConnectError } from '@connectrpc/connect';
import { useState } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { comparisons } from '../api/comparisons';
import { datasets } from '../api/datasets';
import { models } from '../api/models';
import { runs } from '../api/runs';
import { Verdict, type Comparison } from '../api/gen/assay/v1/comparison_service_pb';
import type { Dataset } from '../api/gen/assay/v1/dataset_service_pb';
import type { Model } from '../api/gen/assay/v1/model_service_pb';
import type { Run } from '../api/gen/assay/v1/run_service_pb';
import { RunStateBadge } from '../components/RunState';
import type { GridColumn } from '../components/Grid';
import { ComparisonStateBadge } from '../components/Verdicts';
import { ResourceLink, RowText, When } from '../components/Words';
import { parentName, shortName } from '../format/names';
import { count } from '../format/numbers';
import { excerpt, visible } from '../format/text';
import { millis, utc } from '../format/time';
import { useProject } from '../state/project';
import { useQuery } from '../state/query';
import { Choose, chosenIds } from './Choose';
import { ListPage } from './List';
import { hasEnded, useRun } from './useRun';

const PAGE_SIZE = 100;

function createdAt({ createTime }: { createTime?: Timestamp | undefined }): string {
  return utc(millis(createTime) ?? 0);
}

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
      csvRow={(item) => ({
        comparison: shortName(item.name),
        verdict: Verdict[item.verdict],
        baseline: shortName(item.baselineModelVersion),
        candidate: shortName(item.candidateModelVersion),
        dataset: shortName(item.datasetVersion),
        paired_rows: Number(item.numPaired),
        summary: item.summary || item.error,
        created: createdAt(item),
      })}
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

// A browser keeps few connections to a server, and each run that is watched holds one.
const MAX_WATCHED = 2;

function State({ run }: { run: Run }) {
  return (
    <>
      <RunStateBadge state={run.state} />
      {!hasEnded(run) && ` ${count(run.numRowsDone)} of ${count(run.numRows)}`}
    </>
  );
}

function LiveState({ run }: { run: Run }) {
  return <State run={useRun(run.name).data ?? run} />;
}

function runColumns(items: Run[]): GridColumn<Run>[] {
  const watched = items.filter((run) => !hasEnded(run)).slice(0, MAX_WATCHED);
  return [
    {
      id: 'chosen',
      title: 'compare',
      width: '80px',
      render: (item) => <Choose id={shortName(item.name)} what="run" />,
    },
    {
      id: 'state',
      title: 'state',
      width: 'minmax(130px, 1fr)',
      render: (item) => (watched.includes(item) ? <LiveState run={item} /> : <State run={item} />),
    },
    { id: 'id', title: 'id', width: '70px', render: (item) => <ResourceLink name={item.name} /> },
    { id: 'model', title: 'model', width: 'minmax(120px, 1fr)', render: (item) => <ResourceLink name={item.modelVersion} /> },
    { id: 'dataset', title: 'dataset', width: 'minmax(120px, 1fr)', render: (item) => <ResourceLink name={item.datasetVersion} /> },
    { id: 'filter', title: 'rows', width: 'minmax(100px, 1fr)', render: (item) => <RowText text={item.rowFilter || 'all'} /> },
    { id: 'rows', title: 'examples', width: '130px', isNumber: true, render: (item) => count(item.numRows) },
    { id: 'when', title: 'when', width: '110px', render: (item) => <When time={item.createTime} /> },
  ];
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
      csvRow={(run) => ({
        run: shortName(run.name),
        model: shortName(run.modelVersion),
        dataset: shortName(run.datasetVersion),
        rows: Number(run.numRows),
        created: createdAt(run),
      })}
      columns={runColumns}
    >
      {() => <RunTools />}
    </ListPage>
  );
}

// Two runs that are chosen can be compared; the older one is the baseline.
function RunTools() {
  const query = useQuery();
  const [, navigate] = useLocation();
  const parent = parentName(useProject());
  const chosen = chosenIds(query.get('chosen')).sort((a, b) => Number(a) - Number(b));
  const [refusal, setRefusal] = useState('');
  const compare = () =>
    comparisons
      .createComparison({
        parent,
        baselineRun: `${parent}/runs/${chosen[0]}`,
        candidateRun: `${parent}/runs/${chosen[1]}`,
      })
      .then(
        (comparison) => navigate(`/comparisons/${shortName(comparison.name)}`),
        (cause) => setRefusal(ConnectError.from(cause).rawMessage),
      );
  return (
    <>
      {refusal !== '' && (
        <span class="bad" role="alert">
          ✗ {visible(refusal)}
        </span>
      )}
      <button type="button" disabled={chosen.length !== 2} onClick={() => void compare()} title="Choose two runs; the older one is the baseline">
        Compare {chosen.length === 2 ? `${chosen[0]} → ${chosen[1]}` : `(${chosen.length} of 2)`}
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
      csvRow={(item) => ({
        dataset: shortName(item.name),
        newest_version: shortName(item.latestVersion?.name ?? ''),
        rows: Number(item.latestVersion?.numRows ?? 0),
        documents: Number(item.latestVersion?.numDocuments ?? 0),
        created: createdAt(item),
      })}
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
      csvRow={(item) => ({
        model: shortName(item.name),
        newest_version: shortName(item.latestVersion?.name ?? ''),
        created: createdAt(item),
      })}
      columns={[
        { id: 'name', title: 'model', width: 'minmax(160px, 1fr)', render: (item) => <ResourceLink name={item.name} /> },
        { id: 'latest', title: 'newest version', width: '150px', render: (item) => <ResourceLink name={item.latestVersion?.name ?? ''} /> },
        { id: 'activation', title: 'activation', width: '150px', render: (item) => <RowText text={item.latestVersion?.activation ?? ''} /> },
        { id: 'when', title: 'since', width: '120px', render: (item) => <When time={item.createTime} /> },
      ]}
    />
  );
}
