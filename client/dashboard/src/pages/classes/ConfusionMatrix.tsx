import { Link } from '../../components/Link';
import { count } from '../../format/numbers';
import { cellKey, type Matrix } from '../../format/tables';
import { excerpt } from '../../format/text';
import type { Query } from '../../state/query';

const MAX_LABELS = 60;
const MAX_PAIRS = 20;
const NUM_STEPS = 4;
const MINUS = '−';

export type Side = 'before' | 'after' | 'change';
type Per = 'count' | 'label' | 'predicted';

const SIDES: [Side, string][] = [
  ['change', 'difference'],
  ['before', 'before'],
  ['after', 'after'],
];
const PERS: [Per, string][] = [
  ['count', 'counts'],
  ['label', '% of the examples of a class'],
  ['predicted', '% of the answers of a class'],
];

// What one side holds in a cell, as a count or in percent. Absent: there is nothing to divide by.
function valueOf(matrix: Matrix, side: 'before' | 'after', per: Per, label: string, predicted: string): number | undefined {
  const cell = matrix[side].get(cellKey(label, predicted)) ?? 0;
  if (per === 'count') {
    return cell;
  }
  const [ofLabels, asPredicted] =
    side === 'before' ? [matrix.beforeOf, matrix.beforeAs] : [matrix.afterOf, matrix.afterAs];
  const whole = per === 'label' ? ofLabels.get(label) : asPredicted.get(predicted);
  return whole ? (100 * cell) / whole : undefined;
}

function shownValue(matrix: Matrix, side: Side, per: Per, label: string, predicted: string): number | undefined {
  if (side !== 'change') {
    return valueOf(matrix, side, per, label, predicted);
  }
  const before = valueOf(matrix, 'before', per, label, predicted);
  const after = valueOf(matrix, 'after', per, label, predicted);
  return before === undefined || after === undefined ? undefined : after - before;
}

function valueText(value: number | undefined, side: Side, per: Per): string {
  if (value === undefined || value === 0) {
    return value === undefined ? '–' : '·';
  }
  const magnitude = per === 'count' ? count(Math.abs(value)) : Math.abs(value).toFixed(1);
  return side !== 'change' ? magnitude : value > 0 ? `+${magnitude}` : `${MINUS}${magnitude}`;
}

// More hits are better, more of any mistake is worse.
function toneOf(value: number | undefined, side: Side, isHit: boolean): 'worse' | 'better' | 'amount' | 'same' {
  if (value === undefined || value === 0) {
    return 'same';
  }
  return side !== 'change' ? 'amount' : value > 0 === isHit ? 'better' : 'worse';
}

export interface Pair {
  label: string;
  predicted: string;
  before: number;
  after: number;
}

// Mistakes, those that changed most first, then the most frequent.
export function confusedPairs(matrix: Matrix): Pair[] {
  const keys = new Set([...matrix.before.keys(), ...matrix.after.keys()]);
  return [...keys]
    .map((key) => {
      const [label, predicted] = JSON.parse(key) as [string, string];
      return { label, predicted, before: matrix.before.get(key) ?? 0, after: matrix.after.get(key) ?? 0 };
    })
    .filter(({ label, predicted }) => label !== predicted)
    .sort(
      (a, b) =>
        Math.abs(b.after - b.before) - Math.abs(a.after - a.before) ||
        b.after - a.after ||
        (cellKey(a.label, a.predicted) < cellKey(b.label, b.predicted) ? -1 : 1),
    );
}

// The arrow keys move among the cells.
function onArrow(event: KeyboardEvent): void {
  const steps: Record<string, [number, number]> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
  };
  const step = steps[event.key];
  const cell = (event.target as Element).closest('td');
  if (!step || !cell) {
    return;
  }
  const body = cell.closest('tbody')!;
  const row = body.rows[(cell.parentElement as HTMLTableRowElement).sectionRowIndex + step[0]];
  const next = row?.cells[cell.cellIndex + step[1]]?.querySelector('a');
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

// Examples by their class and the class they were given. With two sides the difference is shown
// first.
export function ConfusionMatrix({ matrix, isPair, query }: { matrix: Matrix; isPair: boolean; query: Query }) {
  const asked = query.get('side');
  const side: Side = !isPair ? 'after' : asked === 'before' || asked === 'after' ? asked : 'change';
  const askedPer = query.get('per');
  const per: Per = askedPer === 'label' || askedPer === 'predicted' ? askedPer : 'count';
  const chosen = query.get('cell');
  const { labels } = matrix;
  const pairs = confusedPairs(matrix);
  const worst = pairs[0];
  const values = labels.length > MAX_LABELS
    ? []
    : labels.flatMap((label) =>
        labels
          .filter((predicted) => side === 'change' || predicted !== label)
          .map((predicted) => Math.abs(shownValue(matrix, side, per, label, predicted) ?? 0)),
      );
  const largest = Math.max(0, ...values);
  const stepOf = (value: number | undefined) =>
    largest === 0 ? 1 : Math.min(NUM_STEPS, Math.max(1, Math.ceil((Math.abs(value ?? 0) / largest) * NUM_STEPS)));
  return (
    <section aria-labelledby="confusion-title" class="chart">
      <div class="bar">
        <h2 id="confusion-title">Confusion matrix</h2>
        {isPair && (
          <span role="group" aria-label="Side">
            {SIDES.map(([id, label]) => (
              <button key={id} type="button" aria-pressed={side === id} onClick={() => query.set({ side: id === 'change' ? undefined : id })}>
                {label}
              </button>
            ))}
          </span>
        )}
        <label>
          in{' '}
          <select value={per} onChange={(event) => query.set({ per: event.currentTarget.value === 'count' ? undefined : event.currentTarget.value })}>
            {PERS.map(([id, label]) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      {labels.length > MAX_LABELS ? (
        <p>
          {count(labels.length)} classes: too many to draw. The most confused ones are listed below.
        </p>
      ) : (
        <div class="scroll">
          <table class="heat confusion" onKeyDown={onArrow}>
            <caption class="muted">Rows: the class of the example. Columns: the answer.</caption>
            <thead>
              <tr>
                <th scope="col">
                  <span class="offscreen">class</span>
                </th>
                {labels.map((label) => (
                  <th key={label} scope="col" class="data number">
                    <bdi>{excerpt(label, 12)}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {labels.map((label, row) => (
                <tr key={label}>
                  <th scope="row" class="data">
                    <bdi>{excerpt(label, 24)}</bdi>
                  </th>
                  {labels.map((predicted, column) => {
                    const value = shownValue(matrix, side, per, label, predicted);
                    const tone = toneOf(value, side, label === predicted);
                    const key = cellKey(label, predicted);
                    const isChosen = key === chosen;
                    return (
                      <td
                        key={predicted}
                        class={`${tone} step${stepOf(value)} ${label === predicted ? 'hit' : ''}`}
                        data-chosen={isChosen}
                      >
                        <Link
                          href={query.href({ cell: isChosen ? undefined : key })}
                          tabIndex={isChosen || (row === 0 && column === 0) ? 0 : -1}
                          aria-current={isChosen ? 'true' : undefined}
                          title={`${label} answered as ${predicted}: ${isPair ? `${valueText(valueOf(matrix, 'before', per, label, predicted), 'before', per)} before, ` : ''}${valueText(valueOf(matrix, 'after', per, label, predicted), 'after', per)}${isPair ? ' after' : ''}`}
                        >
                          {(tone === 'worse' || tone === 'better') && (
                            <span aria-hidden="true">{tone === 'worse' ? '▼ ' : '▲ '}</span>
                          )}
                          {valueText(value, side, per)}
                          {(tone === 'worse' || tone === 'better') && <span class="offscreen"> ({tone})</span>}
                        </Link>
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="muted">
        {isPair && side === 'change' && 'After minus before. ▼ worse: fewer hits or more of a mistake; ▲ better. '}
        {worst === undefined
          ? 'There is no mistake.'
          : isPair
            ? `The mistake that changed most: ${excerpt(worst.label, 30)} answered as ${excerpt(worst.predicted, 30)}, ${count(worst.before)} before, ${count(worst.after)} after.`
            : `The most frequent mistake: ${excerpt(worst.label, 30)} answered as ${excerpt(worst.predicted, 30)}, ${count(worst.after)} times.`}
      </p>
      {pairs.length > 0 && <Pairs pairs={pairs} isPair={isPair} query={query} />}
    </section>
  );
}

function Pairs({ pairs, isPair, query }: { pairs: Pair[]; isPair: boolean; query: Query }) {
  return (
    <details open={query.has('pairs')} onToggle={(event) => query.set({ pairs: event.currentTarget.open }, true)}>
      <summary>
        Confused classes, {isPair ? 'those that changed most first' : 'most frequent first'}
      </summary>
      <table>
        <thead>
          <tr>
            <th>class</th>
            <th>answered as</th>
            {isPair && <th class="number">before</th>}
            <th class="number">{isPair ? 'after' : 'examples'}</th>
            {isPair && <th class="number">Δ</th>}
          </tr>
        </thead>
        <tbody>
          {pairs.slice(0, MAX_PAIRS).map((pair) => (
            <tr key={cellKey(pair.label, pair.predicted)}>
              <th scope="row" class="data">
                <Link href={query.href({ cell: cellKey(pair.label, pair.predicted) })}>
                  <bdi>{excerpt(pair.label, 60)}</bdi>
                </Link>
              </th>
              <td class="data">
                <bdi>{excerpt(pair.predicted, 60)}</bdi>
              </td>
              {isPair && <td class="number">{count(pair.before)}</td>}
              <td class="number">{count(pair.after)}</td>
              {isPair && <td class="number">{valueText(pair.after - pair.before, 'change', 'count')}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {pairs.length > MAX_PAIRS && (
        <p class="muted">
          The first {MAX_PAIRS} of {count(pairs.length)} pairs.
        </p>
      )}
    </details>
  );
}
