import { Chart } from '../../components/Chart';
import { Link } from '../../components/Link';
import { wilson } from '../../format/intervals';
import { count, metricValue } from '../../format/numbers';
import type { ReliabilityBin } from '../../format/tables';
import type { Query } from '../../state/query';
import { binText, type SideName } from './bins';

export interface ReliabilitySide {
  name: SideName;
  bins: ReliabilityBin[];
  error: number | undefined; // expected calibration error
}

const UPPER_HEIGHT = 320;
const LOWER_HEIGHT = 110;

interface Point {
  side: string;
  to: string; // the bin
  confidence: number;
  accuracy: number;
  lower: number;
  upper: number;
}

function points({ name, bins }: ReliabilitySide): Point[] {
  return bins.flatMap(({ count: numRows, confidence, accuracy }, index) => {
    if (confidence === undefined || accuracy === undefined) {
      return [];
    }
    const interval = wilson(Math.round(accuracy * numRows), numRows)!;
    return [{ side: name, to: binText({ side: name, index }), confidence, accuracy, ...interval }];
  });
}

// The largest distance between what a side says of its confidence and what is right.
function worstBin(bins: ReliabilityBin[]): ReliabilityBin | undefined {
  const gap = (bin: ReliabilityBin) => Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)) * bin.count;
  return bins.filter((bin) => bin.count > 0).sort((a, b) => gap(b) - gap(a))[0];
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(share * 100).toFixed(1)} %`;
}

function sentence({ name, bins, error }: ReliabilitySide): string {
  const worst = worstBin(bins);
  return (
    `${name === 'outputs' ? 'E' : `${name === 'before' ? 'Before' : 'After'}: e`}xpected calibration error ${metricValue(error)}` +
    (worst
      ? `; the bin that adds most to it says ${percent(worst.confidence)} and is right in ${percent(worst.accuracy)} of ${count(worst.count)} rows.`
      : '.')
  );
}

// Accuracy by confidence, with the number of rows in each bin below. A bin leads to its rows.
export function Reliability({ sides, isMass, query }: { sides: ReliabilitySide[]; isMass: boolean; query: Query }) {
  const all = sides.flatMap(points);
  const bars = sides.flatMap(({ name, bins }) =>
    bins.map((bin, index) => ({ ...bin, side: name, to: binText({ side: name, index }) })).filter((bin) => bin.count > 0),
  );
  const color = {
    domain: sides.map(({ name }) => name),
    range: sides.length === 1 ? ['var(--accent)'] : ['var(--muted)', 'var(--accent)'],
  };
  return (
    <Chart
      id="reliability"
      title={`Accuracy by confidence, ${isMass ? 'bins of equal size' : 'bins of equal width'}, 95 % interval`}
      text={sides.map(sentence).join(' ')}
      link={(bin) => query.href({ bin })}
      inputs={[sides, isMass]}
      height={UPPER_HEIGHT + LOWER_HEIGHT}
      draw={(plot, { width }) => {
        const shared = { className: 'plot', width: Math.min(width, 620), marginLeft: 56, marginRight: 60, color };
        const names = sides.length === 1 ? [] : sides.flatMap((side) => points(side).slice(...(side.name === 'before' ? [0, 1] : [-1])));
        const upper = plot.plot({
          ...shared,
          height: UPPER_HEIGHT,
          x: { domain: [0, 1], label: null, grid: true },
          y: { domain: [0, 1], label: 'share that is right', grid: true },
          marks: [
            plot.line([[0, 0], [1, 1]], { stroke: 'var(--text)', strokeDasharray: '3,3' }),
            plot.ruleX(all, { x: 'confidence', y1: 'lower', y2: 'upper', stroke: 'side' }),
            plot.line(all, { x: 'confidence', y: 'accuracy', stroke: 'side', z: 'side' }),
            plot.dot(all, { x: 'confidence', y: 'accuracy', fill: 'side', symbol: (point: Point) => (point.side === 'before' ? 'circle' : 'square'), r: 4, href: 'to' }),
            plot.text(names.slice(0, 1), { x: 'confidence', y: 'accuracy', text: 'side', fill: 'side', textAnchor: 'end', dx: -9 }),
            plot.text(names.slice(1), { x: 'confidence', y: 'accuracy', text: 'side', fill: 'side', textAnchor: 'start', dx: 9 }),
          ],
          symbol: { legend: false, range: ['circle', 'square'] },
        });
        const lower = plot.plot({
          ...shared,
          height: LOWER_HEIGHT,
          marginBottom: 36,
          x: { domain: [0, 1], label: 'confidence' },
          y: { label: 'rows', grid: true, ticks: 3 },
          marks: [
            plot.rectY(bars.filter((bar) => bar.side !== 'before'), { x1: 'lowest', x2: 'highest', y: 'count', fill: 'var(--accent)', fillOpacity: 0.35, href: 'to' }),
            plot.rectY(bars.filter((bar) => bar.side === 'before'), { x1: 'lowest', x2: 'highest', y: 'count', fill: 'none', stroke: 'var(--muted)', strokeWidth: 1.5, href: 'to' }),
          ],
        });
        const both = document.createElement('div');
        both.append(upper, lower);
        return both;
      }}
      table={() => (
        <table>
          <thead>
            <tr>
              <th>side</th>
              <th class="number">from</th>
              <th class="number">to</th>
              <th class="number">rows</th>
              <th class="number">mean confidence</th>
              <th class="number">right</th>
              <th class="number">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {sides.flatMap(({ name, bins }) =>
              bins.map((bin, index) => {
                const interval = wilson(Math.round((bin.accuracy ?? 0) * bin.count), bin.count);
                return (
                  <tr key={`${name}${bin.lowest}`}>
                    <th scope="row">{name}</th>
                    <td class="number">{metricValue(bin.lowest)}</td>
                    <td class="number">{metricValue(bin.highest)}</td>
                    <td class="number">
                      {bin.count === 0 ? 0 : <Link href={query.href({ bin: binText({ side: name, index }) })}>{count(bin.count)}</Link>}
                    </td>
                    <td class="number">{percent(bin.confidence)}</td>
                    <td class="number">{percent(bin.accuracy)}</td>
                    <td class="number">{interval ? `[${percent(interval.lower)}, ${percent(interval.upper)}]` : '–'}</td>
                  </tr>
                );
              }),
            )}
          </tbody>
        </table>
      )}
    />
  );
}
