import { useCall } from '../../api/calls';
import type { Comparison, MetricComparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { Link } from '../../components/Link';
import { Empty, Loaded } from '../../components/States';
import { Delta } from '../../components/Words';
import { shortName } from '../../format/names';
import { metricDelta, metricInterval, trend } from '../../format/metrics';
import { count, metricValue, pValue } from '../../format/numbers';
import { visible } from '../../format/text';
import { useQuery } from '../../state/query';
import { Curves } from '../comparison/Curves';
import { loadScores, type Scores } from '../comparison/scores';
import { ComparisonView } from '../comparison/Views';
import { useRun } from '../useRun';
import { Quantiles } from './Quantiles';
import { pairedChange } from './paired';

// How long answers took, before and after.
export function LatencyPage({ name }: { name: string }) {
  return (
    <ComparisonView name={name} view="latency">
      {(comparison) => <Latencies comparison={comparison} />}
    </ComparisonView>
  );
}

function Latencies({ comparison }: { comparison: Comparison }) {
  const query = useQuery();
  const timed = comparison.metrics.filter((entry) => entry.metric?.unit === 'us');
  const chosen = timed.find((entry) => entry.metric!.id === query.get('metric')) ?? timed[0];
  if (!chosen) {
    return (
      <Empty
        what="No latency was compared: the outputs of one side, or both, have no latency_us."
        command={`assay outputs push --model ${shortName(comparison.candidateModelVersion)} --dataset ${shortName(comparison.datasetVersion)} answers.jsonl   # rows with latency_us`}
      />
    );
  }
  return (
    <>
      {timed.length > 1 && (
        <label>
          metric{' '}
          <select value={chosen.metric!.id} onChange={(event) => query.set({ metric: event.currentTarget.value })}>
            {timed.map((entry) => (
              <option key={entry.metric!.id}>{entry.metric!.id}</option>
            ))}
          </select>
        </label>
      )}
      <One comparison={comparison} entry={chosen} />
    </>
  );
}

function One({ comparison, entry }: { comparison: Comparison; entry: MetricComparison }) {
  const id = entry.metric!.id;
  const before = useCall(`scores/${comparison.baselineRun}/${id}`, () => loadScores(comparison.baselineRun, id), () => true);
  const after = useCall(`scores/${comparison.candidateRun}/${id}`, () => loadScores(comparison.candidateRun, id), () => true);
  return (
    <Loaded call={before} what="the latencies before">
      {(was) => (
        <Loaded call={after} what="the latencies after">
          {(is) => <Both comparison={comparison} entry={entry} was={was} is={is} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Both({ comparison, entry, was, is }: { comparison: Comparison; entry: MetricComparison; was: Scores; is: Scores }) {
  const metric = entry.metric!;
  const cell = entry.overall;
  const runBefore = useRun(comparison.baselineRun).data;
  const runAfter = useRun(comparison.candidateRun).data;
  const isSameOrder = comparison.baselineDatasetVersion === '' || comparison.baselineDatasetVersion === comparison.datasetVersion;
  const paired = isSameOrder ? pairedChange(was.byRow, is.byRow) : undefined;
  return (
    <>
      {comparison.warnings.map((warning) => (
        <p key={warning} class="warning" role="note">
          ⚠ {visible(warning)}
        </p>
      ))}
      <h2>Row by row</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Latency row by row, as a table">
        <table>
          <thead>
            <tr>
              <th>measure</th>
              <th class="number">before</th>
              <th class="number">after</th>
              <th class="number">Δ</th>
              <th class="number">95 % interval</th>
              <th class="number">p</th>
              <th class="number">rows</th>
              <th>how</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">mean, µs</th>
              <td class="number">{metricValue(cell?.baseline)}</td>
              <td class="number">{metricValue(cell?.candidate)}</td>
              <td class="number">
                <Delta trend={trend(cell?.delta, metric)} text={metricDelta(cell?.delta, metric)} />
              </td>
              <td class="number">{metricInterval(cell?.lower, cell?.upper, metric)}</td>
              <td class="number">{pValue(cell?.p)}</td>
              <td class="number">{count(cell?.numRows ?? 0)}</td>
              <td>{cell?.method}</td>
            </tr>
            {paired && (
              <tr>
                <th scope="row">median change of a row, µs</th>
                <td class="number">–</td>
                <td class="number">–</td>
                <td class="number">
                  <Delta trend={trend(paired.median, metric)} text={metricDelta(paired.median, metric)} />
                </td>
                <td class="number">{metricInterval(paired.interval?.lower, paired.interval?.upper, metric)}</td>
                <td class="number">–</td>
                <td class="number">{count(paired.numRows)}</td>
                <td>order statistics</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <p class="muted">
        The mean leaves out what a warning names; the median change and the charts count every row.
        {paired && ` ${count(paired.numSlower)} rows became slower, ${count(paired.numFaster)} faster.`}
      </p>
      <h2>Over all rows</h2>
      <Curves id={metric.id} unit={metric.unit} was={was} is={is} numRows={Number(comparison.numPaired)} />
      <Quantiles id={metric.id} was={was.values} is={is.values} />
      <p>
        <Link href={`/comparisons/${shortName(comparison.name)}?metric=${encodeURIComponent(metric.id)}&show=broken`}>
          Rows that became slower
        </Link>
        {' · traces of the runs: '}
        <Link href={`/traces?resource=${encodeURIComponent(comparison.baselineRun)}`}>before</Link>,{' '}
        <Link href={`/traces?resource=${encodeURIComponent(comparison.candidateRun)}`}>after</Link>
        {runBefore?.traceId && runAfter?.traceId && (
          <>
            , <Link href={`/traces/${runBefore.traceId}/compare/${runAfter.traceId}`}>side by side</Link>
          </>
        )}
      </p>
    </>
  );
}
