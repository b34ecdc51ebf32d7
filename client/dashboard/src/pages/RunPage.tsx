import { Fragment } from 'preact';
import type { Run, Summary } from '../api/gen/assay/v1/run_service_pb';
import { Facts } from '../components/Facts';
import { copyText, useTitle } from '../components/Layout';
import { Link } from '../components/Link';
import { Loaded } from '../components/States';
import { RunStateBadge } from '../components/RunState';
import { ResourceLink, When } from '../components/Words';
import { pagePath, shortName } from '../format/names';
import { count, duration, metricValue } from '../format/numbers';
import { csv, excerpt, visible } from '../format/text';
import { millis } from '../format/time';
import { useKeys } from '../state/keys';
import { useQuery } from '../state/query';
import { CellRows } from './classes/CellRows';
import { hasTables, ResultTables } from './classes/ResultTables';
import { hasEnded, useRun } from './useRun';

export function RunPage({ name }: { name: string }) {
  const call = useRun(name);
  useTitle(`run ${shortName(name)}`);
  return <Loaded call={call} what="the run">{(run) => <View run={run} />}</Loaded>;
}

function Progress({ run }: { run: Run }) {
  const done = Number(run.numRowsDone);
  const all = Number(run.numRows);
  return (
    <p>
      <progress max={Math.max(1, all)} value={done} aria-label="Examples done" />{' '}
      <span role="status">
        {count(done)} of {count(all)} examples
      </span>
    </p>
  );
}

function summariesCsv(run: Run): string {
  return csv([
    ['metric', 'cohort', 'value', 'lower', 'upper', 'rows', 'undefined'],
    ...run.summaries.map((summary) => [
      summary.metric,
      summary.cohort,
      summary.value,
      summary.lower,
      summary.upper,
      Number(summary.numRows),
      Number(summary.numUndefined),
    ]),
  ]);
}

function SummaryTable({ run }: { run: Run }) {
  const query = useQuery();
  const chosen = query.get('metric') ?? run.metrics[0]?.id;
  const overall = run.summaries.filter((summary) => summary.cohort === '');
  const cohorts = run.summaries.filter((summary) => summary.cohort !== '' && summary.metric === chosen);
  const metricOf = (id: string) => run.metrics.find((metric) => metric.id === id);
  const cells = (summary: Summary) => (
    <>
      <td class="number">{metricValue(summary.value)}</td>
      <td class="number">
        {summary.lower === undefined || summary.upper === undefined
          ? '–'
          : `[${metricValue(summary.lower)}, ${metricValue(summary.upper)}]`}
      </td>
      <td class="number">{count(summary.numRows)}</td>
      <td class="number">{count(summary.numUndefined)}</td>
    </>
  );
  const head = (
    <>
      <th class="number">value</th>
      <th class="number">95 % interval</th>
      <th class="number">rows</th>
      <th class="number">undefined</th>
    </>
  );
  return (
    <div class="two">
      <section aria-labelledby="metrics-title">
        <h2 id="metrics-title">Metrics</h2>
        <table class="choice">
          <thead>
            <tr>
              <th>metric</th>
              {head}
            </tr>
          </thead>
          <tbody>
            {overall.map((summary) => (
              <tr key={summary.metric} data-chosen={summary.metric === chosen}>
                <th scope="row" class="data">
                  <Link
                    href={query.href({ metric: summary.metric })}
                    title={metricOf(summary.metric)?.definitionId}
                    aria-current={summary.metric === chosen ? 'true' : undefined}
                  >
                    {summary.metric}
                  </Link>
                </th>
                {cells(summary)}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section aria-labelledby="cohorts-title">
        <h2 id="cohorts-title">{chosen} by cohort</h2>
        {cohorts.length === 0 ? (
          <p class="muted">The dataset has no cohorts.</p>
        ) : (
          <div class="scroll tall" tabIndex={0} role="region" aria-label={`${chosen} by cohort, as a table`}>
            <table>
              <thead>
                <tr>
                  <th>cohort</th>
                  {head}
                </tr>
              </thead>
              <tbody>
                {cohorts.map((summary) => (
                  <tr key={summary.cohort}>
                    <th scope="row" class="data">
                      <bdi>{excerpt(summary.cohort, 40)}</bdi>
                    </th>
                    {cells(summary)}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}

function View({ run }: { run: Run }) {
  const query = useQuery();
  const started = millis(run.startTime);
  const ended = millis(run.endTime);
  const id = shortName(run.name);
  const again = `assay eval --dataset ${shortName(run.datasetVersion)} --model ${shortName(run.modelVersion)}${run.rowFilter ? ` --rows ${run.rowFilter}` : ''}`;
  const copyCsv = () => void copyText(summariesCsv(run), 'the summaries as CSV');
  useKeys([{ key: 'c', what: 'Copy the summaries as CSV', run: copyCsv }]);
  const rowPath = (row: number) => `${pagePath(run.datasetVersion)}?from=${row}`;
  return (
    <>
      <div class="bar">
        <h1>
          Run {id} · {shortName(run.modelVersion)} on {shortName(run.datasetVersion)}
        </h1>
        <RunStateBadge state={run.state} />
        <span class="spacer" />
        <button type="button" onClick={copyCsv}>
          Copy CSV
        </button>
        <button type="button" onClick={() => void copyText(again, 'the command')}>
          Copy command
        </button>
      </div>
      {run.error !== '' && (
        <p class="warning" role="note">
          ✗ {visible(run.error)}
        </p>
      )}
      {!hasEnded(run) && <Progress run={run} />}
      {run.summaries.length > 0 && <SummaryTable run={run} />}
      {hasTables([run]) && (
        <ResultTables before={undefined} after={run} query={query} rowPath={rowPath}>
          <CellRows before={undefined} after={run} rowPath={rowPath} query={query} />
        </ResultTables>
      )}
      {run.notes.length > 0 && (
        <section aria-labelledby="notes-title">
          <h2 id="notes-title">To know</h2>
          <ul>
            {run.notes.map((note) => (
              <li key={note}>{visible(note)}</li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="facts-title">
        <h2 id="facts-title">Where it comes from</h2>
        <Facts
          facts={[
            ['model', <ResourceLink name={run.modelVersion} />],
            ['dataset', <ResourceLink name={run.datasetVersion} />],
            ['dataset digest', run.datasetDigest],
            ['rows', run.rowFilter === '' ? 'all' : run.rowFilter],
            ['evaluators', run.evaluators.join(', ')],
            [
              'examples',
              `${count(run.numScored)} scored, ${count(run.numMissing)} missing, ${count(run.numErrors)} errors, ${count(run.numFiltered)} filtered`,
            ],
            ['result digest', run.resultDigest || '–'],
            ['build', `${run.build} (${run.isa})`],
            ['made', <When time={run.createTime} />],
            ['took', started !== undefined && ended !== undefined ? duration((ended - started) * 1e6) : '–'],
            [
              'trace',
              run.traceId === '' ? '–' : <Link href={`/traces/${run.traceId}`}>{run.traceId.slice(0, 8)}</Link>,
            ],
            [
              'traces of its calls',
              <Link href={`/traces?resource=${encodeURIComponent(run.name)}`}>list</Link>,
            ],
            [
              'others like it',
              <Fragment>
                <Link href={`/runs?dataset=${encodeURIComponent(run.datasetVersion)}`}>on this dataset</Link>
                {', '}
                <Link href={`/runs?model=${encodeURIComponent(run.modelVersion)}`}>of this model</Link>
              </Fragment>,
            ],
            ['again', <code>{again}</code>],
          ]}
        />
      </section>
    </>
  );
}
