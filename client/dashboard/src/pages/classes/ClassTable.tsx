import { Delta } from '../../components/Words';
import { count, metricValue } from '../../format/numbers';
import type { ClassRow } from '../../format/tables';
import { excerpt } from '../../format/text';

const MAX_CLASSES = 200;

type Measure = 'precision' | 'recall' | 'f1';
const MEASURES: Measure[] = ['precision', 'recall', 'f1'];

function difference(before: ClassRow | undefined, after: ClassRow | undefined, measure: Measure): number | undefined {
  const was = before?.[measure];
  const is = after?.[measure];
  return was === undefined || is === undefined ? undefined : is - was;
}

function deltaText(delta: number | undefined): string {
  return delta === undefined ? '–' : `${delta > 0 ? '+' : ''}${metricValue(delta)}`;
}

// Precision, recall and F1 of each class; with two sides the classes whose F1 fell most come first.
export function ClassTable({ before, after, isPair }: { before: ClassRow[]; after: ClassRow[]; isPair: boolean }) {
  const beforeByLabel = new Map(before.map((row) => [row.label, row]));
  const afterByLabel = new Map(after.map((row) => [row.label, row]));
  const labels = [...new Set([...afterByLabel.keys(), ...beforeByLabel.keys()])];
  const rows = labels
    .map((label) => ({ label, before: beforeByLabel.get(label), after: afterByLabel.get(label) }))
    .sort((a, b) =>
      isPair
        ? (difference(a.before, a.after, 'f1') ?? 0) - (difference(b.before, b.after, 'f1') ?? 0)
        : (a.after?.f1 ?? 0) - (b.after?.f1 ?? 0),
    );
  if (rows.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="classes-title">
      <h2 id="classes-title">Classes, {isPair ? 'largest fall of F1 first' : 'lowest F1 first'}</h2>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Classes, as a table">
        <table>
          <thead>
            <tr>
              <th>class</th>
              <th class="number">examples</th>
              <th class="number">answers</th>
              {MEASURES.map((measure) => (
                <th key={measure} class="number">
                  {measure}
                </th>
              ))}
              {isPair && <th class="number">Δ F1</th>}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_CLASSES).map((row) => {
              const delta = difference(row.before, row.after, 'f1');
              const pair = (read: (side: ClassRow) => string) => {
                const was = row.before && read(row.before);
                const is = row.after && read(row.after);
                return !isPair || was === is ? (is ?? was) : `${was ?? '–'} → ${is ?? '–'}`;
              };
              return (
                <tr key={row.label}>
                  <th scope="row" class="data">
                    <bdi>{excerpt(row.label, 40)}</bdi>
                  </th>
                  <td class="number">{pair((side) => count(side.support))}</td>
                  <td class="number">{pair((side) => count(side.predicted))}</td>
                  {MEASURES.map((measure) => (
                    <td key={measure} class="number">
                      {pair((side) => metricValue(side[measure]))}
                    </td>
                  ))}
                  {isPair && (
                    <td class="number">
                      <Delta trend={delta === undefined || delta === 0 ? 0 : delta < 0 ? -1 : 1} text={deltaText(delta)} />
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {rows.length > MAX_CLASSES && (
        <p class="muted">
          The first {MAX_CLASSES} of {count(rows.length)} classes.
        </p>
      )}
    </section>
  );
}
