import type { LayerComparison } from '../../api/gen/assay/v1/reference_model_service_pb';
import { Chart } from '../../components/Chart';
import { count, metricValue } from '../../format/numbers';
import { visible } from '../../format/text';
import { densities } from './histogram';

// Results of one activation layer over all rows and units, before and after on the same axes.
export function Histogram({ layer, isLog }: { layer: LayerComparison; isLog: boolean }) {
  const [was, is] = [layer.baselineHealth!, layer.candidateHealth!];
  const bins = [...densities('before', was), ...densities('after', is)];
  const name = visible(layer.name);
  if (bins.length === 0) {
    return (
      <p class="muted">The results of {name} are constant, or some are not finite: there is no histogram.</p>
    );
  }
  const base = isLog ? Math.min(...bins.map((bin) => bin.density)) / 2 : 0;
  const highest = (side: string) => bins.filter((bin) => bin.side === side).reduce((a, b) => (b.density > a.density ? b : a));
  const labels = ['before', 'after'].filter((side) => bins.some((bin) => bin.side === side)).map((side) => ({ ...highest(side) }));
  return (
    <Chart
      id="histogram"
      title={`Results of ${name}, before and after`}
      text={
        `Before: mean ${metricValue(was.mean)}, standard deviation ${metricValue(was.std)}, from ${metricValue(was.min)} to ${metricValue(was.max)}. ` +
        `After: mean ${metricValue(is.mean)}, standard deviation ${metricValue(is.std)}, from ${metricValue(is.min)} to ${metricValue(is.max)}.`
      }
      inputs={[layer, isLog]}
      height={280}
      draw={(plot, size) =>
        plot.plot({
          className: 'plot',
          ...size,
          marginLeft: 60,
          marginBottom: 40,
          marginTop: 24,
          x: { label: 'result', grid: true },
          y: { label: isLog ? 'density, logarithmic' : 'density', type: isLog ? 'log' : 'linear', grid: true, nice: true },
          color: { domain: ['before', 'after'], range: ['var(--muted)', 'var(--accent)'] },
          marks: [
            plot.rectY(bins.filter((bin) => bin.side === 'after'), { x1: 'from', x2: 'to', y1: base, y2: 'density', fill: 'var(--accent)', fillOpacity: 0.4 }),
            plot.rectY(bins.filter((bin) => bin.side === 'before'), { x1: 'from', x2: 'to', y1: base, y2: 'density', fill: 'none', stroke: 'var(--muted)', strokeWidth: 1.5 }),
            plot.ruleX([0], { stroke: 'var(--text)', strokeDasharray: '3,3' }),
            plot.text(labels, { x: (bin) => (bin.from + bin.to) / 2, y: 'density', text: 'side', fill: 'side', textAnchor: 'start', dx: 8, dy: -6 }),
          ],
        })
      }
      table={() => (
        <table>
          <thead>
            <tr>
              <th>side</th>
              <th class="number">from</th>
              <th class="number">to</th>
              <th class="number">results</th>
              <th class="number">density</th>
            </tr>
          </thead>
          <tbody>
            {bins.map((bin) => (
              <tr key={`${bin.side}${bin.from}`}>
                <th scope="row">{bin.side}</th>
                <td class="number">{metricValue(bin.from)}</td>
                <td class="number">{metricValue(bin.to)}</td>
                <td class="number">{count(bin.count)}</td>
                <td class="number">{metricValue(bin.density)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    />
  );
}
