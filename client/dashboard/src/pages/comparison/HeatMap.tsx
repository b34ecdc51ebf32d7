import { memo, useEffect, useMemo, useRef } from 'preact/compat';
import { useLocation, useRouter } from 'wouter-preact';
import type { Cell, Comparison, MetricComparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { isPlainClick, Link } from '../../components/Link';
import { metricDelta, metricInterval, trend } from '../../format/metrics';
import { excerpt } from '../../format/text';
import type { Query } from '../../state/query';
import { differs, isWorse, type Selection } from './selection';

const NUM_FIRST = 20;
const NUM_STEPS = 4;

interface Row {
  cohort: string;
  cells: Map<string, Cell>;
  numWorse: number;
  numDifferent: number;
}

function rowsOf(metrics: MetricComparison[]): Row[] {
  const rows = new Map<string, Row>();
  for (const metric of metrics) {
    for (const cell of metric.cohorts) {
      let row = rows.get(cell.cohort);
      if (!row) {
        row = { cohort: cell.cohort, cells: new Map(), numWorse: 0, numDifferent: 0 };
        rows.set(cell.cohort, row);
      }
      row.cells.set(metric.metric!.id, cell);
      row.numWorse += isWorse(cell, metric) ? 1 : 0;
      row.numDifferent += differs(cell) ? 1 : 0;
    }
  }
  return [...rows.values()];
}

// Rows of the map, most metrics worse first, and those it was chosen from.
function shownRows(metrics: MetricComparison[], onlyDifferences: boolean, isWhole: boolean) {
  const all = rowsOf(metrics);
  const different = all.filter((row) => row.numDifferent > 0);
  const noneDiffers = different.length === 0;
  const candidates = onlyDifferences && !noneDiffers ? different : all;
  const ordered = [...candidates].sort((a, b) => b.numWorse - a.numWorse);
  const rows = isWhole ? ordered : ordered.slice(0, onlyDifferences && noneDiffers ? 5 : NUM_FIRST);
  return { all, candidates, rows, noneDiffers };
}

// 1 to NUM_STEPS by size within the metric, so that columns of different scales can be read.
function step(cell: Cell, largest: number): number {
  return largest === 0 ? 1 : Math.max(1, Math.ceil((Math.abs(cell.delta ?? 0) / largest) * NUM_STEPS));
}

// The table itself. Its addresses change with every filter, so they are set on what is drawn
// already: cells name the metric and the cohort they lead to.
const Cells = memo(function Cells({
  metrics,
  rows,
  metric: chosenMetric,
  cohort: chosenCohort,
}: {
  metrics: MetricComparison[];
  rows: Row[];
  metric: string | undefined;
  cohort: string;
}) {
  const largest = new Map(
    metrics.map((metric) => [
      metric.metric!.id,
      Math.max(0, ...metric.cohorts.map((cell) => Math.abs(cell.delta ?? 0))),
    ]),
  );
  return (
    <table class="heat">
      <thead>
        <tr>
          <th scope="col">cohort</th>
          {metrics.map((metric) => (
            <th key={metric.metric!.id} scope="col" class="data">
              {metric.metric!.id}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.cohort}>
            <th scope="row" class="data">
              <bdi>{excerpt(row.cohort, 32)}</bdi>
            </th>
            {metrics.map((metric) => {
              const id = metric.metric!.id;
              const cell = row.cells.get(id);
              if (!cell) {
                return <td key={id} />;
              }
              const direction = differs(cell) ? trend(cell.delta, metric.metric) : 0;
              const tone = direction < 0 ? 'worse' : direction > 0 ? 'better' : 'same';
              const isChosen = cell.cohort === chosenCohort && chosenMetric === id;
              return (
                <td key={id} class={`${tone} step${step(cell, largest.get(id)!)}`} data-chosen={isChosen}>
                  <a
                    data-metric={id}
                    data-cohort={isChosen ? '' : cell.cohort}
                    aria-current={isChosen ? 'true' : undefined}
                    title={`${row.cohort}, ${id}: ${metricDelta(cell.delta, metric.metric)} ${metricInterval(cell.lower, cell.upper, metric.metric)}`}
                  >
                    <span aria-hidden="true">{direction < 0 ? '▼' : direction > 0 ? '▲' : ''}</span>{' '}
                    {metricDelta(cell.delta, metric.metric)}
                    {direction !== 0 && <span class="offscreen"> ({tone})</span>}
                  </a>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
});

// Cohorts by metrics. It is a table of links, so its cells have names and the keyboard works.
export function HeatMap({
  comparison,
  selection,
  query,
}: {
  comparison: Comparison;
  selection: Selection;
  query: Query;
}) {
  const place = useRef<HTMLDivElement>(null);
  const { base } = useRouter();
  const [, navigate] = useLocation();
  const { onlyDifferences, cohort } = selection;
  const metric = selection.metric?.metric?.id;
  const isWhole = query.has('wholemap');
  const metrics = useMemo(() => comparison.metrics.filter(({ cohorts }) => cohorts.length > 0), [comparison]);
  const { all, candidates, rows, noneDiffers } = useMemo(
    () => shownRows(metrics, onlyDifferences, isWhole),
    [metrics, onlyDifferences, isWhole],
  );
  const address = (mark: HTMLElement) => query.href({ metric: mark.dataset.metric, cohort: mark.dataset.cohort });
  useEffect(() => {
    place.current?.querySelectorAll('a').forEach((mark) => mark.setAttribute('href', base + address(mark)));
  }, [query.search, rows, metric, cohort]);
  const follow = (event: MouseEvent) => {
    const mark = (event.target as Element).closest('a');
    if (mark && isPlainClick(event)) {
      event.preventDefault();
      navigate(address(mark));
    }
  };
  if (metrics.length === 0) {
    return <p class="muted">The dataset has no cohorts.</p>;
  }
  return (
    <section aria-labelledby="heat-title" class="chart">
      <h3 id="heat-title">Cohorts by metrics</h3>
      <div class="scroll" ref={place} onClick={follow}>
        <Cells metrics={metrics} rows={rows} metric={metric} cohort={cohort} />
      </div>
      <p class="muted">
        {noneDiffers
          ? 'No cohort differs beyond its 95 % interval. '
          : '▼ worse, ▲ better: the 95 % interval excludes no difference. '}
        {all.length > rows.length && (
          <>
            {rows.length} of {all.length} cohorts.{' '}
            {candidates.length > rows.length ? (
              <Link href={query.href({ wholemap: true })}>Show {candidates.length}</Link>
            ) : (
              `Those without a difference are hidden: ${all.length - rows.length}.`
            )}
          </>
        )}
      </p>
    </section>
  );
}
