import { Chart } from '../../components/Chart';
import { quantile, quantileInterval } from '../../format/intervals';
import { metricValue } from '../../format/numbers';
import { quantileText, QUANTILES } from '../comparison/Curves';

interface Mark {
  label: string;
  side: string;
  value: number;
  lower: number;
  upper: number;
}

function marksOf(side: string, sorted: number[]): Mark[] {
  return QUANTILES.flatMap((q) => {
    const value = quantile(sorted, q);
    const interval = quantileInterval(sorted, q);
    return value === undefined
      ? []
      : [{ label: `p${q * 100} ${side}`, side, value, lower: interval?.lower ?? value, upper: interval?.upper ?? value }];
  });
}

// Quantiles of both sides, each with its interval.
export function Quantiles({ id, was, is }: { id: string; was: number[]; is: number[] }) {
  const marks = [...marksOf('before', was), ...marksOf('after', is)];
  if (marks.length === 0) {
    return null;
  }
  const isLog = marks.every((mark) => mark.lower > 0);
  const apart = QUANTILES.filter((q) => {
    const [left, right] = [quantileInterval(was, q), quantileInterval(is, q)];
    return left && right && (left.upper < right.lower || right.upper < left.lower);
  });
  return (
    <Chart
      id="quantiles"
      title={`Quantiles of ${id}, 95 % interval`}
      text={
        `${QUANTILES.map((q) => `p${q * 100} ${metricValue(quantile(was, q))} before, ${metricValue(quantile(is, q))} after`).join('; ')}. ` +
        (apart.length === 0
          ? 'The intervals of both sides overlap everywhere.'
          : `The intervals do not overlap at ${apart.map((q) => `p${q * 100}`).join(', ')}.`)
      }
      inputs={[was, is, id]}
      height={56 + 24 * marks.length}
      draw={(plot, size) =>
        plot.plot({
          className: 'plot',
          ...size,
          marginLeft: 90,
          marginBottom: 44,
          x: { label: 'µs', type: isLog ? 'log' : 'linear', grid: true },
          y: { label: null, domain: QUANTILES.flatMap((q) => [`p${q * 100} before`, `p${q * 100} after`]), tickSize: 0 },
          color: { domain: ['before', 'after'], range: ['var(--muted)', 'var(--accent)'] },
          marks: [
            plot.link(marks, { x1: 'lower', x2: 'upper', y1: 'label', y2: 'label', stroke: 'side', strokeWidth: 2 }),
            plot.dot(marks, { x: 'value', y: 'label', fill: 'side', symbol: 'square', r: 4 }),
          ],
        })
      }
      table={() => (
        <table>
          <thead>
            <tr>
              <th>quantile</th>
              <th class="number">before, µs</th>
              <th class="number">after, µs</th>
            </tr>
          </thead>
          <tbody>
            {QUANTILES.map((q) => (
              <tr key={q}>
                <th scope="row">p{q * 100}</th>
                <td class="number">{quantileText(was, q)}</td>
                <td class="number">{quantileText(is, q)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    />
  );
}
