import type { LayerComparison, LayerReport } from '../../api/gen/assay/v1/reference_model_service_pb';
import { Chart } from '../../components/Chart';
import { metricValue } from '../../format/numbers';
import { excerpt, visible } from '../../format/text';
import type { Query } from '../../state/query';
import { tierWords } from './words';

const ROW_HEIGHT = 26;
// Where the tiers begin, in decibels.
const TIERS = [
  { level: 0, word: 'broken' },
  { level: 10, word: 'another function' },
  { level: 35, word: 'as int8' },
  { level: 60, word: 'another formula' },
];

// How far each layer drifted from the baseline: the signal over the difference, in decibels.
export function Drift({ report, query }: { report: LayerReport; query: Query }) {
  const marks = report.layers.map((layer) => ({
    layer,
    label: `${tierWords(layer.tier)[1]} ${excerpt(layer.name, 28)}`,
    tone: tierWords(layer.tier)[0],
    to: layer.name,
  }));
  const drawn = marks.filter(({ layer }) => layer.sqnrDb !== undefined);
  const worst = drawn.reduce<(typeof drawn)[number] | undefined>(
    (least, mark) => (least && least.layer.sqnrDb! <= mark.layer.sqnrDb! ? least : mark),
    undefined,
  );
  const numIdentical = marks.length - drawn.length;
  return (
    <Chart
      id="drift"
      title="Drift by layer, signal over difference"
      text={
        (report.firstDiverging === ''
          ? 'No layer differs by more than rounding.'
          : `The first layer that differs by more than rounding is ${visible(report.firstDiverging)}.`) +
        (worst ? ` Furthest apart: ${visible(worst.layer.name)}, ${worst.layer.sqnrDb!.toFixed(1)} dB. More decibels are closer.` : '') +
        (numIdentical > 0 ? ` ${numIdentical} of ${marks.length} layers are identical and have no dot.` : '')
      }
      link={(layer) => query.href({ layer })}
      inputs={[report]}
      height={76 + ROW_HEIGHT * marks.length}
      draw={(plot, size) =>
        plot.plot({
          className: 'plot',
          ...size,
          marginTop: 26,
          marginBottom: 44,
          marginLeft: Math.min(190, size.width * 0.4),
          marginRight: 110,
          x: { label: 'decibels', grid: true, domain: [Math.min(0, ...drawn.map(({ layer }) => layer.sqnrDb!)), Math.max(70, ...drawn.map(({ layer }) => layer.sqnrDb!))] },
          y: { label: null, domain: marks.map((mark) => mark.label), tickSize: 0 },
          color: { domain: ['good', 'warn', 'bad'], range: ['var(--good)', 'var(--warn)', 'var(--bad)'] },
          marks: [
            plot.ruleX(TIERS, { x: 'level', stroke: 'var(--muted)', strokeDasharray: '3,3' }),
            plot.text(TIERS, { x: 'level', text: 'word', frameAnchor: 'top', textAnchor: 'start', dx: 4, dy: -14, fill: 'var(--muted)' }),
            plot.dot(drawn, { x: (mark) => mark.layer.sqnrDb, y: 'label', fill: 'tone', symbol: 'square', r: 5, href: 'to' }),
          ],
        })
      }
      table={() => <LayerTable layers={report.layers} query={query} />}
    />
  );
}

function LayerTable({ layers, query }: { layers: LayerComparison[]; query: Query }) {
  return (
    <table>
      <thead>
        <tr>
          <th>layer</th>
          <th class="number">decibels</th>
          <th class="number">relative L2</th>
          <th>tier</th>
        </tr>
      </thead>
      <tbody>
        {layers.map((layer) => (
          <tr key={layer.name} data-chosen={query.get('layer') === layer.name}>
            <th scope="row" class="data">
              {visible(layer.name)}
            </th>
            <td class="number">{layer.sqnrDb === undefined ? '–' : layer.sqnrDb.toFixed(1)}</td>
            <td class="number">{metricValue(layer.relativeL2)}</td>
            <td>{tierWords(layer.tier)[2]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
