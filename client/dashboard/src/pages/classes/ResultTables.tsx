import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/compat';
import type { Run } from '../../api/gen/assay/v1/run_service_pb';
import { classRows, confusionCells, matrixOf, reliabilityBins, tableNamed, tableNames } from '../../format/tables';
import { visible } from '../../format/text';
import type { Query } from '../../state/query';
import { BinRows } from './BinRows';
import { binOf, type Edges } from './bins';
import { ClassTable } from './ClassTable';
import { ConfusionMatrix } from './ConfusionMatrix';
import { Reliability, type ReliabilitySide } from './Reliability';

export function hasTables(runs: Run[]): boolean {
  return ['confusion', 'per_class', 'reliability', 'reliability_mass'].some(
    (kind) => tableNames(runs, kind).length > 0,
  );
}

// Confusion matrix, classes and calibration of a run, or of two runs before and after. Evaluators
// with a name of their own have tables of their own; one of them is shown.
// `children` stand beside the matrix.
export function ResultTables({
  before,
  after,
  query,
  rowPath,
  children,
}: {
  before: Run | undefined;
  after: Run;
  query: Query;
  rowPath: (row: number) => string; // of the dataset version
  children?: ComponentChildren;
}) {
  const runs = before ? [before, after] : [after];
  const prefixes = [
    ...new Set(
      ['confusion', 'reliability', 'reliability_mass'].flatMap((kind) =>
        tableNames(runs, kind).map((name) => name.slice(0, name.length - kind.length)),
      ),
    ),
  ];
  const asked = query.get('of');
  const prefix = prefixes.includes(asked ?? '') ? (asked ?? '') : (prefixes[0] ?? '');
  const matrix = useMemo(
    () =>
      matrixOf(
        before ? confusionCells(tableNamed(before, `${prefix}confusion`)) : [],
        confusionCells(tableNamed(after, `${prefix}confusion`)),
      ),
    [before, after, prefix],
  );
  return (
    <>
      {prefixes.length > 1 && (
        <label>
          evaluator{' '}
          <select value={prefix} onChange={(event) => query.set({ of: event.currentTarget.value, cell: undefined, bin: undefined })}>
            {prefixes.map((name) => (
              <option key={name} value={name}>
                {name === '' ? 'without a name' : visible(name.slice(0, -1))}
              </option>
            ))}
          </select>
        </label>
      )}
      {matrix.labels.length > 0 && (
        <div class="two">
          <ConfusionMatrix matrix={matrix} isPair={before !== undefined} query={query} />
          <div>{children}</div>
        </div>
      )}
      <ClassTable
        before={before ? classRows(tableNamed(before, `${prefix}per_class`)) : []}
        after={classRows(tableNamed(after, `${prefix}per_class`))}
        isPair={before !== undefined}
      />
      <Calibration before={before} after={after} prefix={prefix} query={query} rowPath={rowPath} />
    </>
  );
}

function Calibration({
  before,
  after,
  prefix,
  query,
  rowPath,
}: {
  before: Run | undefined;
  after: Run;
  prefix: string;
  query: Query;
  rowPath: (row: number) => string;
}) {
  const runs = before ? [before, after] : [after];
  const kinds = ['reliability', 'reliability_mass'].filter((kind) => runs.some((run) => tableNamed(run, prefix + kind)));
  const isMass = kinds.length === 1 ? kinds[0] === 'reliability_mass' : query.get('bins') === 'mass';
  const sides = useMemo(
    () =>
      runs.map((run, i): ReliabilitySide => {
        const metric = prefix + (isMass ? 'ece_mass' : 'ece');
        return {
          name: before === undefined ? 'outputs' : i === 0 ? 'before' : 'after',
          bins: reliabilityBins(tableNamed(run, prefix + (isMass ? 'reliability_mass' : 'reliability'))),
          error: run.summaries.find((summary) => summary.metric === metric && summary.cohort === '')?.value,
        };
      }),
    [before, after, prefix, isMass],
  );
  if (kinds.length === 0) {
    return null;
  }
  const definition = after.metrics.find((metric) => metric.id === `${prefix}ece`)?.definitionId ?? '';
  const edges: Edges = isMass ? 'both' : definition.includes('edges=left') ? 'left' : 'right';
  const choice = binOf(query.get('bin'));
  const chosen = choice && sides.find(({ name }) => name === choice.side)?.bins[choice.index];
  return (
    <section aria-labelledby="reliability-title">
      <div class="bar">
        <h2 id="reliability-title">Calibration</h2>
        {kinds.length > 1 && (
          <label>
            bins of equal{' '}
            <select value={isMass ? 'mass' : 'width'} onChange={(event) => query.set({ bins: event.currentTarget.value === 'mass' ? 'mass' : undefined, bin: undefined })}>
              <option value="width">width</option>
              <option value="mass">size</option>
            </select>
          </label>
        )}
      </div>
      <Reliability sides={sides} isMass={isMass} query={query} />
      {choice && chosen ? (
        <BinRows
          run={choice.side === 'before' ? before! : after}
          choice={choice}
          bin={chosen}
          edges={edges}
          rowPath={rowPath}
          query={query}
        />
      ) : (
        <p class="muted">Choose a bin to see its rows.</p>
      )}
    </section>
  );
}
