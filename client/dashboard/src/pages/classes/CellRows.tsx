import { useCall } from '../../api/calls';
import type { Batch } from '../../api/gen/assay/v1/batch_pb';
import type { Run } from '../../api/gen/assay/v1/run_service_pb';
import { readRows } from '../../api/rows';
import { datasets } from '../../api/datasets';
import { models } from '../../api/models';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { RowText } from '../../components/Words';
import { batchColumn, columnValue } from '../../format/columns';
import { count } from '../../format/numbers';
import { excerpt } from '../../format/text';
import type { Query } from '../../state/query';

const MAX_READ = 65_536;
const MAX_SHOWN = 50;

interface Labels {
  examples: { key: string; label: string }[];
  isPart: boolean; // there are more examples than were read
  before: Map<string, string> | undefined; // by key; absent: these outputs have no labels
  after: Map<string, string> | undefined;
}

async function readPairs(read: (startRow: bigint, maxRows: number) => Promise<Batch | undefined>): Promise<{ key: string; label: string }[]> {
  const pairs: { key: string; label: string }[] = [];
  await readRows(read, MAX_READ, (batch) => {
    const [keys, labels] = [batchColumn(batch, 'key'), batchColumn(batch, 'label')];
    for (let row = 0; keys && labels && row < batch.numRows; row += 1) {
      pairs.push({ key: String(columnValue(keys, row)), label: String(columnValue(labels, row) ?? '') });
    }
    return keys !== undefined && labels !== undefined;
  });
  return pairs;
}

async function outputLabels(outputSet: string): Promise<Map<string, string> | undefined> {
  const { columns: known } = await models.getOutputSet({ name: outputSet });
  if (!known.some((column) => column.name === 'label')) {
    return undefined;
  }
  const pairs = await readPairs(async (startRow, maxRows) =>
    (await models.readOutputs({ name: outputSet, columns: ['key', 'label'], startRow, maxRows })).batch,
  );
  return new Map(pairs.map(({ key, label }) => [key, label]));
}

async function loadLabels(before: Run | undefined, after: Run): Promise<Labels> {
  const name = after.datasetVersion;
  const [examples, was, is] = await Promise.all([
    readPairs(async (startRow, maxRows) =>
      (await datasets.readExamples({ name, columns: ['key', 'label'], startRow, maxRows })).batch,
    ),
    before && outputLabels(before.outputSet),
    outputLabels(after.outputSet),
  ]);
  return { examples, isPart: Number(after.numRows) > examples.length, before: was, after: is };
}

// The rows behind a cell of the confusion matrix, each a link to the row.
export function CellRows({
  before,
  after,
  rowPath,
  query,
}: {
  before: Run | undefined;
  after: Run;
  rowPath: (row: number) => string;
  query: Query;
}) {
  const cell = cellOf(query.get('cell'));
  const call = useCall(
    cell && `labels/${before?.name}/${after.name}`,
    () => loadLabels(before, after),
    () => true,
  );
  if (!cell) {
    return <p class="muted">Choose a cell to see its rows.</p>;
  }
  const [label, predicted] = cell;
  return (
    <section aria-labelledby="cell-title">
      <h2 id="cell-title">
        Class <bdi class="data">{excerpt(label, 40)}</bdi> answered as{' '}
        <bdi class="data">{excerpt(predicted, 40)}</bdi>
      </h2>
      <Loaded call={call} what="the labels">
        {(labels) => (
          <Rows
            labels={labels}
            label={label}
            predicted={predicted}
            isPair={before !== undefined}
            hasFilter={after.rowFilter !== ''}
            rowPath={rowPath}
          />
        )}
      </Loaded>
    </section>
  );
}

function cellOf(text: string | undefined): [string, string] | undefined {
  try {
    const value: unknown = text === undefined ? undefined : JSON.parse(text);
    return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
      ? (value as [string, string])
      : undefined;
  } catch {
    return undefined; // typed by hand
  }
}

function Rows({
  labels,
  label,
  predicted,
  isPair,
  hasFilter,
  rowPath,
}: {
  labels: Labels;
  label: string;
  predicted: string;
  isPair: boolean;
  hasFilter: boolean;
  rowPath: (row: number) => string;
}) {
  if (!labels.before && !labels.after) {
    return <p class="muted">The outputs have no labels: answers come from their numbers.</p>;
  }
  const found = labels.examples.flatMap(({ key, label: own }, row) => {
    const was = labels.before?.get(key);
    const is = labels.after?.get(key);
    return own === label && (was === predicted || is === predicted) ? [{ row, key, was, is }] : [];
  });
  // What only one side has tells more than what both have.
  const rank = ({ was, is }: (typeof found)[number]) => (was === is ? 2 : is === predicted ? 0 : 1);
  const sorted = [...found].sort((a, b) => rank(a) - rank(b) || a.row - b.row);
  const words = ['came in', 'left', 'both times'];
  const glyphs = ['→', '←', '='];
  return (
    <>
      <p class="muted" role="status">
        {count(found.length)} {found.length === 1 ? 'row' : 'rows'}
        {isPair &&
          `: ${count(found.filter((row) => rank(row) === 0).length)} came in, ${count(found.filter((row) => rank(row) === 1).length)} left`}
        .
        {labels.isPart && ` Of the first ${count(labels.examples.length)} examples.`}
        {hasFilter && ' Rows that the filter of the run leaves out are counted here.'}
      </p>
      {sorted.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>key</th>
              {isPair && <th>change</th>}
              {isPair && <th>answer before</th>}
              <th>{isPair ? 'answer after' : 'answer'}</th>
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, MAX_SHOWN).map((row) => (
              <tr key={row.row}>
                <th scope="row">
                  <Link href={rowPath(row.row)}>
                    <RowText text={row.key} maxChars={60} />
                  </Link>
                </th>
                {isPair && (
                  <td>
                    <span aria-hidden="true">{glyphs[rank(row)]}</span> {words[rank(row)]}
                  </td>
                )}
                {isPair && (
                  <td>
                    <RowText text={row.was ?? '–'} maxChars={60} />
                  </td>
                )}
                <td>
                  <RowText text={row.is ?? '–'} maxChars={60} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {sorted.length > MAX_SHOWN && (
        <p class="muted">
          The first {MAX_SHOWN} of {count(sorted.length)}.
        </p>
      )}
    </>
  );
}
