import type { Cell, MetricComparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { Chart } from '../../components/Chart';
import { Delta } from '../../components/Words';
import { metricDelta, metricInterval, trend } from '../../format/metrics';
import { count, effectSize, pValue } from '../../format/numbers';
import { excerpt } from '../../format/text';
import type { Query } from '../../state/query';
import { differs, shownCohorts, type Selection } from './selection';

const MAX_COHORTS = 25;
const ROW_HEIGHT = 22;

interface Mark {
  cell: Cell;
  label: string;
  tone: 'worse' | 'better' | 'same';
  to: string; // the cohort
}

function toneOf(cell: Cell, metric: MetricComparison): Mark['tone'] {
  if (!differs(cell)) {
    return 'same';
  }
  const direction = trend(cell.delta, metric.metric);
  return direction < 0 ? 'worse' : direction > 0 ? 'better' : 'same';
}

const GLYPHS = { worse: '▼', better: '▲', same: '·' };

// Differences by cohort with their intervals, worst first.
export function ForestPlot({ selection, query }: { selection: Selection; query: Query }) {
  const metric = selection.metric!;
  const { cells, numHidden, noneDiffers } = shownCohorts(metric, selection.onlyDifferences);
  const drawn = cells.slice(0, MAX_COHORTS);
  const overall = metric.overall;
  const marks: Mark[] = [...(overall ? [overall] : []), ...drawn].map((cell) => {
    const tone = toneOf(cell, metric);
    return {
      cell,
      tone,
      label: `${GLYPHS[tone]} ${cell.cohort === '' ? 'all rows' : excerpt(cell.cohort, 28)}`,
      to: cell.cohort,
    };
  });
  const withInterval = marks.filter(({ cell }) => cell.lower !== undefined && cell.upper !== undefined);
  const withDelta = marks.filter(({ cell }) => cell.delta !== undefined);
  const scale = metric.metric?.kind === 1 ? 100 : 1;
  const chosen = marks.filter(({ cell }) => cell.cohort === selection.cohort);
  const worst = drawn[0];
  const text =
    overall === undefined
      ? 'Nothing pairs.'
      : `Difference of ${metric.metric!.id}, candidate minus baseline: ${metricDelta(overall.delta, metric.metric)} over all ${count(overall.numRows)} rows` +
        (worst
          ? `; worst cohort ${worst.cohort} with ${metricDelta(worst.delta, metric.metric)} ${metricInterval(worst.lower, worst.upper, metric.metric)}.`
          : '.') +
        (noneDiffers && drawn.length > 0 ? ' No cohort differs beyond its interval.' : '') +
        (numHidden > 0 ? ` ${numHidden} ${numHidden === 1 ? 'cohort without a difference is' : 'cohorts without a difference are'} hidden.` : '') +
        (cells.length > drawn.length ? ` The worst ${drawn.length} of ${cells.length} are drawn; the table has all.` : '');
  return (
    <Chart
      id="forest"
      title={`Difference of ${metric.metric!.id} by cohort, 95 % interval`}
      text={text}
      link={(cohort) => query.href({ cohort })}
      inputs={[metric, selection.cohort, selection.onlyDifferences]}
      height={56 + ROW_HEIGHT * marks.length}
      draw={(plot, size) =>
        plot.plot({
          className: 'plot',
          ...size,
          marginBottom: 44,
          marginLeft: Math.min(210, size.width * 0.4),
          marginTop: 6,
          x: { label: scale === 100 ? 'percentage points' : 'candidate − baseline', grid: true, nice: true },
          y: { label: null, domain: marks.map((mark) => mark.label), tickSize: 0 },
          color: {
            domain: ['worse', 'better', 'same'],
            range: ['var(--bad)', 'var(--good)', 'var(--muted)'],
          },
          marks: [
            plot.barX(chosen, {
              x1: Math.min(0, ...withInterval.map(({ cell }) => cell.lower! * scale)),
              x2: Math.max(0, ...withInterval.map(({ cell }) => cell.upper! * scale)),
              y: 'label',
              fill: 'var(--chosen)',
            }),
            plot.ruleX([0], { stroke: 'var(--text)', strokeDasharray: '3,3' }),
            plot.link(withInterval, {
              x1: (mark: Mark) => mark.cell.lower! * scale,
              x2: (mark: Mark) => mark.cell.upper! * scale,
              y1: 'label',
              y2: 'label',
              stroke: 'tone',
              strokeWidth: 2,
              href: 'to',
            }),
            plot.dot(withDelta, {
              x: (mark: Mark) => mark.cell.delta! * scale,
              y: 'label',
              fill: 'tone',
              symbol: 'square',
              r: 4,
              href: 'to',
              title: (mark: Mark) =>
                `${mark.label}\n${metricDelta(mark.cell.delta, metric.metric)} ${metricInterval(mark.cell.lower, mark.cell.upper, metric.metric)}\n${count(mark.cell.numRows)} rows, effect size ${effectSize(mark.cell.effectSize)}, q ${pValue(mark.cell.q)}`,
            }),
          ],
        })
      }
      table={() => (
        <table>
          <thead>
            <tr>
              <th>Cohort</th>
              <th class="number">Rows</th>
              <th class="number">Δ</th>
              <th class="number">95 % interval</th>
              <th class="number">Effect size</th>
              <th class="number">p</th>
              <th class="number">q</th>
              <th>Method</th>
            </tr>
          </thead>
          <tbody>
            {[...(overall ? [overall] : []), ...cells].map((cell) => (
              <tr key={cell.cohort}>
                <th scope="row" class="data">
                  {cell.cohort === '' ? 'all rows' : excerpt(cell.cohort, 60)}
                </th>
                <td class="number">{count(cell.numRows)}</td>
                <td class="number">
                  <Delta
                    trend={differs(cell) ? trend(cell.delta, metric.metric) : 0}
                    text={metricDelta(cell.delta, metric.metric)}
                  />
                </td>
                <td class="number">{metricInterval(cell.lower, cell.upper, metric.metric)}</td>
                <td class="number">{effectSize(cell.effectSize)}</td>
                <td class="number">{pValue(cell.p)}</td>
                <td class="number">{pValue(cell.q)}</td>
                <td>{cell.method}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    />
  );
}
