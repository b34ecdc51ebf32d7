import { Chart } from '../../components/Chart';
import { quantile, quantileInterval } from '../../format/intervals';
import { count, metricValue } from '../../format/numbers';
import { MAX_SCORES, type Scores } from './scores';

const NUM_POINTS = 200;
export const QUANTILES = [0.5, 0.9, 0.95, 0.99];

function steps(side: string, { values }: Scores): { side: string; score: number; share: number }[] {
  const every = Math.max(1, Math.floor(values.length / NUM_POINTS));
  return values
    .map((score, i) => ({ side, score, share: (i + 1) / values.length }))
    .filter((_, i) => i % every === 0 || i === values.length - 1);
}

// A value with the interval of its quantile.
export function quantileText(sorted: number[], q: number): string {
  const interval = quantileInterval(sorted, q);
  return `${metricValue(quantile(sorted, q))} ${interval ? `[${metricValue(interval.lower)}, ${metricValue(interval.upper)}]` : '(too few rows for an interval)'}`;
}

// The share of rows up to a score, before and after.
export function Curves({ id, unit, was, is, numRows }: { id: string; unit: string; was: Scores; is: Scores; numRows: number }) {
  if (was.values.length === 0 || is.values.length === 0) {
    return null;
  }
  const points = [...steps('before', was), ...steps('after', is)];
  const isLog = unit === 'us' && was.values[0]! > 0 && is.values[0]! > 0;
  const isPart = Math.max(was.numRows, is.numRows) >= MAX_SCORES && numRows > MAX_SCORES;
  const middle = (side: string) => {
    const own = points.filter((point) => point.side === side);
    return own[Math.floor(own.length * (side === 'before' ? 0.35 : 0.65))]!;
  };
  const labels = [middle('before'), middle('after')];
  const label = `${id}${unit === 'us' ? ' in µs' : unit ? ` in ${unit}` : ''}`;
  return (
    <Chart
      id="distribution"
      title={`Distribution of ${id} over rows`}
      text={
        `Median ${metricValue(quantile(was.values, 0.5))} before, ${metricValue(quantile(is.values, 0.5))} after` +
        `; 99th percentile ${metricValue(quantile(was.values, 0.99))} before, ${metricValue(quantile(is.values, 0.99))} after.` +
        (isPart ? ` From the first ${count(MAX_SCORES)} of ${count(numRows)} rows.` : '')
      }
      inputs={[was, is, id]}
      height={270}
      draw={(plot, size) =>
        plot.plot({
          className: 'plot',
          ...size,
          marginLeft: 50,
          marginBottom: 44,
          marginRight: 50,
          x: { label, type: isLog ? 'log' : 'linear', grid: true },
          y: { label: 'share of rows up to it', domain: [0, 1], grid: true },
          color: { domain: ['before', 'after'], range: ['var(--muted)', 'var(--accent)'] },
          marks: [
            plot.lineY(points, { x: 'score', y: 'share', stroke: 'side', strokeWidth: 2, curve: 'step-after' }),
            plot.text(labels, { x: 'score', y: 'share', text: 'side', fill: 'side', textAnchor: 'start', dx: 8, dy: 12 }),
          ],
        })
      }
      table={() => (
        <table>
          <thead>
            <tr>
              <th>share of rows</th>
              <th class="number">before, 95 % interval</th>
              <th class="number">after, 95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {QUANTILES.map((q) => (
              <tr key={q}>
                <th scope="row">{q * 100} %</th>
                <td class="number">{quantileText(was.values, q)}</td>
                <td class="number">{quantileText(is.values, q)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    />
  );
}
