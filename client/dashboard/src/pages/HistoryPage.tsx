import { useCall } from '../api/calls';
import { Run_State, type Metric, type Summary } from '../api/gen/assay/v1/run_service_pb';
import { runs } from '../api/runs';
import { Chart } from '../components/Chart';
import { useTitle } from '../components/Layout';
import { Link } from '../components/Link';
import { Empty, Loaded } from '../components/States';
import { When } from '../components/Words';
import { pagePath, parentName, shortName } from '../format/names';
import { count, metricValue } from '../format/numbers';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { useProject } from '../state/project';
import { useQuery } from '../state/query';

const MAX_RUNS = 50;

// One version of the model, by its newest run on the dataset version.
interface Point {
  run: string;
  version: string; // mlp@3
  number: number;
  metrics: Metric[];
  summaries: Summary[];
  time: Timestamp | undefined;
}

async function loadHistory(parent: string, model: string, dataset: string): Promise<Point[]> {
  const newest = new Map<string, string>();
  let pageToken = '';
  do {
    const page = await runs.listRuns({ parent, pageSize: 1000, pageToken, datasetVersion: dataset });
    for (const run of page.runs) {
      const isOf = run.modelVersion.startsWith(`${parent}/models/${model}/versions/`);
      if (isOf && run.state === Run_State.SUCCEEDED && run.rowFilter === '' && !newest.has(run.modelVersion)) {
        newest.set(run.modelVersion, run.name);
      }
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && newest.size < MAX_RUNS);
  const points = await Promise.all(
    [...newest.values()].slice(0, MAX_RUNS).map(async (name): Promise<Point> => {
      const run = await runs.getRun({ name });
      return {
        run: name,
        version: shortName(run.modelVersion),
        number: Number(run.modelVersion.slice(run.modelVersion.lastIndexOf('/') + 1)),
        metrics: run.metrics,
        summaries: run.summaries,
        time: run.createTime,
      };
    }),
  );
  return points.sort((a, b) => a.number - b.number);
}

// How a metric went over the versions of a model on one dataset version.
export function HistoryPage({ model }: { model: string }) {
  const parent = parentName(useProject());
  const query = useQuery();
  const dataset = query.get('dataset') ?? '';
  useTitle(`history of ${model}`);
  const datasets = useCall(`history-datasets/${parent}/${model}`, async () => {
    const page = await runs.listRuns({ parent, pageSize: 1000 });
    const names = page.runs
      .filter((run) => run.modelVersion.startsWith(`${parent}/models/${model}/`))
      .map((run) => run.datasetVersion);
    return [...new Set(names)];
  });
  return (
    <>
      <div class="bar">
        <h1>
          History of <Link href={`/models/${model}`}>{model}</Link>
        </h1>
        <Loaded call={datasets} what="the datasets">
          {(names) => (
            <label>
              on{' '}
              <select value={dataset || names[0]} onChange={(event) => query.set({ dataset: event.currentTarget.value })}>
                {names.map((name) => (
                  <option key={name} value={name}>
                    {shortName(name)}
                  </option>
                ))}
              </select>
            </label>
          )}
        </Loaded>
      </div>
      {datasets.data?.length === 0 && (
        <Empty what={`No run of ${model} yet.`} command={`assay eval --dataset NAME --model ${model}`} />
      )}
      {(dataset || datasets.data?.[0]) && (
        <Versions parent={parent} model={model} dataset={dataset || datasets.data![0]!} />
      )}
    </>
  );
}

function Versions({ parent, model, dataset }: { parent: string; model: string; dataset: string }) {
  const query = useQuery();
  const call = useCall(`history/${parent}/${model}/${dataset}`, () => loadHistory(parent, model, dataset));
  return (
    <Loaded call={call} what="the history">
      {(points) => {
        const ids = [...new Set(points.flatMap((point) => point.metrics.map((metric) => metric.id)))];
        const chosen = query.get('metric') ?? ids[0] ?? '';
        const values = points.map((point) => ({
          ...point,
          summary: point.summaries.find((summary) => summary.metric === chosen && summary.cohort === ''),
          href: pagePath(point.run),
        }));
        const drawn = values.filter(({ summary }) => summary?.value !== undefined);
        const banded = drawn.filter(({ summary }) => summary!.lower !== undefined && summary!.upper !== undefined);
        const [first, last] = [drawn[0], drawn.at(-1)];
        return (
          <>
            <label>
              metric{' '}
              <select value={chosen} onChange={(event) => query.set({ metric: event.currentTarget.value })}>
                {ids.map((id) => (
                  <option key={id}>{id}</option>
                ))}
              </select>
            </label>
            <Chart
              id="history"
              title={`${chosen} by version, 95 % interval`}
              text={
                first && last
                  ? `${chosen} over ${drawn.length} versions of ${model}: ${metricValue(first.summary!.value)} at ${first.version}, ${metricValue(last.summary!.value)} at ${last.version}.`
                  : 'Nothing to draw.'
              }
              inputs={[values, chosen]}
              height={300}
              draw={(plot, size) =>
                plot.plot({
                  className: 'plot',
                  ...size,
                  marginLeft: 70,
                  x: { label: 'version', domain: drawn.map(({ version }) => version), type: 'point' },
                  y: { label: chosen, grid: true, nice: true, zero: false },
                  marks: [
                    plot.areaY(banded, { x: 'version', y1: (d) => d.summary.lower, y2: (d) => d.summary.upper, fill: 'var(--accent)', fillOpacity: 0.15 }),
                    plot.lineY(drawn, { x: 'version', y: (d) => d.summary.value, stroke: 'var(--accent)' }),
                    plot.ruleX(banded, { x: 'version', y1: (d) => d.summary.lower, y2: (d) => d.summary.upper, stroke: 'var(--accent)' }),
                    plot.dot(drawn, { x: 'version', y: (d) => d.summary.value, fill: 'var(--accent)', href: 'href', r: 4 }),
                  ],
                })
              }
              table={() => (
                <table>
                  <thead>
                    <tr>
                      <th>version</th>
                      <th class="number">{chosen}</th>
                      <th class="number">95 % interval</th>
                      <th class="number">rows</th>
                      <th>run</th>
                      <th>when</th>
                    </tr>
                  </thead>
                  <tbody>
                    {values.map((point) => (
                      <tr key={point.run}>
                        <th scope="row">{point.version}</th>
                        <td class="number">{metricValue(point.summary?.value)}</td>
                        <td class="number">
                          {point.summary?.lower === undefined ? '–' : `[${metricValue(point.summary.lower)}, ${metricValue(point.summary.upper)}]`}
                        </td>
                        <td class="number">{count(point.summary?.numRows ?? 0)}</td>
                        <td>
                          <Link href={point.href}>{shortName(point.run)}</Link>
                        </td>
                        <td>
                          <When time={point.time} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            />
          </>
        );
      }}
    </Loaded>
  );
}
