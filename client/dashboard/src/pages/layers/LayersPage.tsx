import { useCall } from '../../api/calls';
import type { Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import type { LayerComparison, LayerReport } from '../../api/gen/assay/v1/reference_model_service_pb';
import { models } from '../../api/models';
import { referenceModels } from '../../api/referenceModels';
import { copyText } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Empty, Loaded } from '../../components/States';
import { Badge } from '../../components/Words';
import { pagePath, shortName } from '../../format/names';
import { count, metricValue } from '../../format/numbers';
import { csv, visible } from '../../format/text';
import { useKeys } from '../../state/keys';
import { useQuery, withChanges, type Query } from '../../state/query';
import { ComparisonView } from '../comparison/Views';
import { Drift } from './Drift';
import { Histogram } from './Histogram';
import { RetrievalTable } from './RetrievalTable';
import { MEASURES, swapSentence, tierWords } from './words';

const MAX_MOVED_ROWS = 50; // that an address names

// The check of an activation, layer by layer: the server runs both versions again for it.
export function LayersPage({ name }: { name: string }) {
  return (
    <ComparisonView name={name} view="layers">
      {(comparison) => <Versions comparison={comparison} />}
    </ComparisonView>
  );
}

function Versions({ comparison }: { comparison: Comparison }) {
  const names = [comparison.baselineModelVersion, comparison.candidateModelVersion];
  const call = useCall(
    `model-versions/${names.join()}`,
    () => Promise.all(names.map((name) => models.getModelVersion({ name }))),
    () => true,
  );
  return (
    <Loaded call={call} what="the models">
      {(versions) => {
        const external = versions.filter((version) => version.external);
        return external.length === 0 ? (
          <Report comparison={comparison} />
        ) : (
          <Empty
            what={`The layers are not known: ${external.map((version) => shortName(version.name)).join(' and ')} ran elsewhere, and only outputs are stored. Models with architecture and weights can be checked layer by layer.`}
            command={`assay check MODEL --dataset ${shortName(comparison.datasetVersion)} --activation OLD=NEW`}
          />
        );
      }}
    </Loaded>
  );
}

function Report({ comparison }: { comparison: Comparison }) {
  const request = {
    baseline: comparison.baselineModelVersion,
    candidate: comparison.candidateModelVersion,
    datasetVersion: comparison.datasetVersion,
  };
  const call = useCall(
    `layers/${comparison.name}`,
    () => referenceModels.compareLayers(request),
    () => true,
  );
  return (
    <Loaded call={call} what="the layers">
      {(report) => <View report={report} comparison={comparison} />}
    </Loaded>
  );
}

function times(ratio: number): string {
  return ratio < 10 ? ratio.toFixed(1) : count(Math.round(ratio));
}

function reportCsv(report: LayerReport): string {
  return csv([
    ['layer', 'tier', 'max_abs', 'relative_l2', 'sqnr_db', 'lowest_cosine', 'noise_floor', 'dead_before', 'dead_after', 'died', 'revived'],
    ...report.layers.map((layer) => [
      layer.name,
      tierWords(layer.tier)[2],
      layer.maxAbs,
      layer.relativeL2,
      layer.sqnrDb,
      layer.lowestCosine,
      layer.noiseFloor,
      layer.baselineHealth?.deadUnits,
      layer.candidateHealth?.deadUnits,
      layer.baselineHealth && layer.diedUnits,
      layer.baselineHealth && layer.revivedUnits,
    ]),
  ]);
}

// Where the rows are that the layers changed: in the list of the comparison.
function Consequences({ comparison }: { comparison: Comparison }) {
  const path = pagePath(comparison.name);
  return comparison.flipMetric === '' ? (
    <p>
      <Link href={path}>The rows behind it, worst first</Link>
    </p>
  ) : (
    <p>
      The rows behind it: <Link href={`${path}?show=broken`}>✗ {count(comparison.numBroken)} broken</Link>,{' '}
      <Link href={`${path}?show=fixed`}>✓ {count(comparison.numFixed)} fixed</Link>.
    </p>
  );
}

function View({ report, comparison }: { report: LayerReport; comparison: Comparison }) {
  const query = useQuery();
  const { layers } = report;
  const chosen =
    layers.find((layer) => layer.name === query.get('layer')) ??
    layers.find((layer) => layer.name === report.firstDiverging) ??
    layers[0];
  const step = (by: number) => {
    const next = chosen && layers[layers.indexOf(chosen) + by];
    if (next) {
      query.set({ layer: next.name });
    }
  };
  const copyCsv = () => void copyText(reportCsv(report), 'the layers as CSV');
  useKeys([
    { key: '[', what: 'Layer before', run: () => step(-1) },
    { key: ']', what: 'Next layer', run: () => step(1) },
    { key: 'l', what: 'Logarithmic density', run: () => query.set({ logy: !query.has('logy') }) },
    { key: 'c', what: 'Copy the layers as CSV', run: copyCsv },
  ]);
  return (
    <>
      <h2>What explains the difference</h2>
      <p>{visible(swapSentence(report.swap))}</p>
      <Consequences comparison={comparison} />
      <div class="bar">
        <span class="muted">
          Both versions ran on {count(report.numRows)} rows ({report.isa})
          {report.numSkipped > 0n && `; ${count(report.numSkipped)} without finite features were left out`}.
        </span>
        <span class="spacer" />
        <button type="button" onClick={copyCsv}>
          Copy CSV
        </button>
      </div>
      <Drift report={report} query={query} />
      <Layers layers={layers} chosen={chosen} query={query} />
      {chosen && <Layer layer={chosen} query={query} numRows={Number(report.numRows)} path={pagePath(comparison.name)} />}
      {report.retrieval && <RetrievalTable report={report.retrieval} />}
    </>
  );
}

function Layers({ layers, chosen, query }: { layers: LayerComparison[]; chosen: LayerComparison | undefined; query: Query }) {
  return (
    <section aria-labelledby="layers-title">
      <h2 id="layers-title">Layers</h2>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Layers, as a table">
        <table class="choice">
          <thead>
            <tr>
              <th>layer</th>
              <th>tier</th>
              <th class="number">largest difference</th>
              <th class="number">times rounding</th>
              <th class="number">worst cosine</th>
              <th class="number">dead units</th>
              <th class="number">died</th>
              <th class="number">revived</th>
              <th class="number">gradient</th>
            </tr>
          </thead>
          <tbody>
            {layers.map((layer) => {
              const [tone, glyph, word] = tierWords(layer.tier);
              const pair = <T,>(before: T | undefined, after: T | undefined, text: (value: T) => string) =>
                before === undefined || after === undefined
                  ? '–'
                  : text(before) === text(after)
                    ? text(after)
                    : `${text(before)} → ${text(after)}`;
              return (
                <tr key={layer.name} data-chosen={layer === chosen}>
                  <th scope="row" class="data">
                    <Link href={query.href({ layer: layer.name })} aria-current={layer === chosen ? 'true' : undefined}>
                      {visible(layer.name)}
                    </Link>
                  </th>
                  <td>
                    <Badge tone={tone} glyph={glyph} word={word} />
                  </td>
                  <td class="number">{metricValue(layer.maxAbs)}</td>
                  <td class="number">{layer.noiseFloor > 0 ? times(layer.maxAbs / layer.noiseFloor) : '–'}</td>
                  <td class="number">{layer.lowestCosine === undefined ? '–' : layer.lowestCosine.toFixed(5)}</td>
                  <td class="number">{pair(layer.baselineHealth?.deadUnits, layer.candidateHealth?.deadUnits, String)}</td>
                  <td class="number">
                    {layer.baselineHealth ? layer.diedUnits > 0 ? <span class="bad">▼ {layer.diedUnits}</span> : 0 : '–'}
                  </td>
                  <td class="number">
                    {layer.baselineHealth ? layer.revivedUnits > 0 ? <strong>▲ {layer.revivedUnits}</strong> : 0 : '–'}
                  </td>
                  <td class="number">{pair(layer.baselineGradient, layer.candidateGradient, metricValue)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

// The rows of a comparison that a layer moved furthest, worst first by the metric.
function movedRowsPath(path: string, layer: LayerComparison): string {
  return path + withChanges('', { rows: layer.mostMovedRows.slice(0, MAX_MOVED_ROWS).join(), layer: layer.name });
}

function Layer({ layer, query, numRows, path }: { layer: LayerComparison; query: Query; numRows: number; path: string }) {
  const [was, is] = [layer.baselineHealth, layer.candidateHealth];
  const name = visible(layer.name);
  const numMoved = Math.min(MAX_MOVED_ROWS, layer.mostMovedRows.length);
  return (
    <section aria-labelledby="layer-title">
      <h2 id="layer-title" class="data">
        {name}
      </h2>
      {layer.revivedUnits > 0 && (
        <p>
          ▲ {count(layer.revivedUnits)} units that were 0 on all {count(numRows)} rows are not any more; what follows
          them was never trained for that.
        </p>
      )}
      {layer.diedUnits > 0 && (
        <p>
          ▼ {count(layer.diedUnits)} units are 0 on all {count(numRows)} rows that were not before.
        </p>
      )}
      {numMoved > 0 && (
        <p>
          <Link href={movedRowsPath(path, layer)}>
            {numMoved === 1 ? 'The row' : `The ${numMoved} rows`} that it moved furthest
          </Link>
        </p>
      )}
      {was && is ? (
        <div class="two">
          <div>
            <label class="switch">
              <input type="checkbox" checked={query.has('logy')} onChange={() => query.set({ logy: !query.has('logy') })} />{' '}
              logarithmic density
            </label>
            <Histogram layer={layer} isLog={query.has('logy')} />
          </div>
          <table aria-label={`Measures of ${name}`}>
            <thead>
              <tr>
                <th>measure</th>
                <th class="number">before</th>
                <th class="number">after</th>
              </tr>
            </thead>
            <tbody>
              {MEASURES.map(([label, text]) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  <td class="number">{text(was)}</td>
                  <td class="number">{text(is)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p class="muted">Results are measured of activation layers; choose one of those, such as those that end in .act.</p>
      )}
    </section>
  );
}
