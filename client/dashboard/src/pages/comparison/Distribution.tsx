import { useCall } from '../../api/calls';
import type { Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { runs } from '../../api/transport';
import { Chart } from '../../components/Chart';
import { Loaded } from '../../components/States';
import { batchColumn, columnValue } from '../../format/columns';
import { count, metricValue } from '../../format/numbers';
import { hasRows, isBinary, type Selection } from './selection';

const MAX_ROWS = 65_536; // what one call answers
const NUM_POINTS = 200;
const QUANTILES = [0.5, 0.9, 0.95, 0.99];

interface Scores {
  values: number[]; // sorted
  numRows: number; // that were read
}

async function loadScores(name: string, metric: string): Promise<Scores> {
  const { batch } = await runs.readScores({ name, metrics: [metric], maxRows: MAX_ROWS });
  const column = batchColumn(batch, metric);
  const values: number[] = [];
  for (let row = 0; column && row < batch!.numRows; row += 1) {
    const value = columnValue(column, row);
    if (typeof value === 'number') {
      values.push(value);
    }
  }
  return { values: values.sort((a, b) => a - b), numRows: batch?.numRows ?? 0 };
}

// The smallest score that at least the share `q` of the rows does not exceed.
export function quantile(sorted: number[], q: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

function steps(side: string, { values }: Scores): { side: string; score: number; share: number }[] {
  const every = Math.max(1, Math.floor(values.length / NUM_POINTS));
  return values
    .map((score, i) => ({ side, score, share: (i + 1) / values.length }))
    .filter((_, i) => i % every === 0 || i === values.length - 1);
}

// How the scores of the rows are distributed before and after: the share of rows up to a score.
export function Distribution({ comparison, selection }: { comparison: Comparison; selection: Selection }) {
  const id = selection.metric?.metric?.id ?? '';
  const isShown = hasRows(selection.metric) && !isBinary(selection.metric);
  const key = (run: string) => (isShown ? `scores/${run}/${id}` : undefined);
  const before = useCall(key(comparison.baselineRun), () => loadScores(comparison.baselineRun, id), () => true);
  const after = useCall(key(comparison.candidateRun), () => loadScores(comparison.candidateRun, id), () => true);
  if (!isShown) {
    return null;
  }
  return (
    <Loaded call={before} what="the scores before">
      {(was) => (
        <Loaded call={after} what="the scores after">
          {(is) => <Curves id={id} unit={selection.metric?.metric?.unit ?? ''} was={was} is={is} numRows={Number(comparison.numPaired)} />}
        </Loaded>
      )}
    </Loaded>
  );
}

function Curves({ id, unit, was, is, numRows }: { id: string; unit: string; was: Scores; is: Scores; numRows: number }) {
  if (was.values.length === 0 || is.values.length === 0) {
    return null;
  }
  const points = [...steps('before', was), ...steps('after', is)];
  const isLog = unit === 'us' && was.values[0]! > 0 && is.values[0]! > 0;
  const isPart = Math.max(was.numRows, is.numRows) >= MAX_ROWS && numRows > MAX_ROWS;
  const middle = (side: string) => {
    const own = points.filter((point) => point.side === side);
    return own[Math.floor(own.length * (side === 'before' ? 0.35 : 0.65))]!;
  };
  const labels = [middle('before'), middle('after')];
  const label = `${id}${unit === 'us' ? ' in µs' : unit ? ` in ${unit}` : ''}`;
  return (
    <Chart
      title={`Distribution of ${id} over rows`}
      text={
        `Median ${metricValue(quantile(was.values, 0.5))} before, ${metricValue(quantile(is.values, 0.5))} after` +
        `; 99th percentile ${metricValue(quantile(was.values, 0.99))} before, ${metricValue(quantile(is.values, 0.99))} after.` +
        (isPart ? ` From the first ${count(MAX_ROWS)} of ${count(numRows)} rows.` : '')
      }
      inputs={[was, is, id]}
      draw={(plot, width) =>
        plot.plot({
          className: 'plot',
          width,
          height: 270,
          marginLeft: 50,
          marginBottom: 44,
          marginRight: 50,
          x: { label, type: isLog ? 'log' : 'linear', grid: true },
          y: { label: 'share of rows up to it', domain: [0, 1], grid: true },
          color: { domain: ['before', 'after'], range: ['var(--muted)', 'var(--accent)'] },
          marks: [
            plot.lineY(points, { x: 'score', y: 'share', stroke: 'side', strokeWidth: 2, curve: 'step-after' }),
            plot.text(labels, { x: 'score', y: 'share', text: 'side', fill: 'side', textAnchor: 'start', dx: 6 }),
          ],
        })
      }
      table={
        <table>
          <thead>
            <tr>
              <th>share of rows</th>
              <th class="number">before</th>
              <th class="number">after</th>
            </tr>
          </thead>
          <tbody>
            {QUANTILES.map((q) => (
              <tr key={q}>
                <th scope="row">{q * 100} %</th>
                <td class="number">{metricValue(quantile(was.values, q))}</td>
                <td class="number">{metricValue(quantile(is.values, q))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      }
    />
  );
}
