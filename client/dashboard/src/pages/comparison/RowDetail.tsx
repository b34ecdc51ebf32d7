import { useCall } from '../../api/calls';
import type { Batch } from '../../api/gen/assay/v1/batch_pb';
import type { Comparison, ComparisonRow } from '../../api/gen/assay/v1/comparison_service_pb';
import { datasets } from '../../api/datasets';
import { models } from '../../api/models';
import { runs } from '../../api/runs';
import { Loaded } from '../../components/States';
import { TokenDiff } from '../../components/TokenDiff';
import { FullText } from '../../components/Words';
import { batchColumn, columnValue, valueText, type Scored, type Value } from '../../format/columns';
import { shortName } from '../../format/names';
import { metricValue } from '../../format/numbers';
import { excerpt, visible } from '../../format/text';
import type { Query } from '../../state/query';
import { Neighbors } from './Neighbors';
import { cosine } from './nearest';
import { RankedLists } from './RankedLists';

const MAX_CELL_CHARS = 300;

function valueOf(batch: Batch | undefined, name: string): Value {
  const column = batch && batch.numRows > 0 ? batchColumn(batch, name) : undefined;
  return column === undefined ? null : columnValue(column, 0);
}

function textOf(batch: Batch | undefined, name: string): string | undefined {
  const value = valueOf(batch, name);
  return typeof value === 'string' ? value : undefined;
}

function scoredOf(batch: Batch | undefined, name: string): Scored[] | undefined {
  const value = valueOf(batch, name);
  return Array.isArray(value) ? (value as Scored[]) : undefined;
}

// The vectors of both sides and of the example, compared as far as their lengths allow.
function Vectors({ comparison, row, detail, query }: { comparison: Comparison; row: ComparisonRow; detail: Detail; query: Query }) {
  const { example, before, after } = detail;
  const vector = (batch: Batch | undefined, name: string) => {
    const value = valueOf(batch, name);
    return Array.isArray(value) && typeof value[0] === 'number' ? (value as number[]) : undefined;
  };
  const [was, is, reference] = [vector(before, 'embedding'), vector(after, 'embedding'), vector(example, 'reference_embedding')];
  const sides: [string, number[] | undefined, number[] | undefined][] = [
    ['before and after', was, is],
    ['before and reference', was, reference],
    ['after and reference', is, reference],
  ];
  const shown = sides.filter(([, a, b]) => a && b && a.length === b.length);
  return shown.length === 0 && !(was && is) ? null : (
    <section aria-labelledby="vectors-title">
      <h2 id="vectors-title">Vectors</h2>
      <dl class="facts">
        {shown.map(([label, a, b]) => (
          <div key={label}>
            <dt>cosine, {label}</dt>
            <dd>{metricValue(cosine(a!, b!))}</dd>
          </div>
        ))}
      </dl>
      {was && is && <Neighbors comparison={comparison} row={row} before={was} after={is} query={query} />}
    </section>
  );
}

// Every stored column of the example and of both sides.
function StoredColumns({ example, before, after }: { example: Batch | undefined; before: Batch | undefined; after: Batch | undefined }) {
  const names = [
    ...new Set([...(before?.columns ?? []), ...(after?.columns ?? [])].map((column) => column.name)),
  ].filter((name) => name !== 'key');
  const cell = (batch: Batch | undefined, name: string) => (
    <td class="data">
      <bdi>{excerpt(valueText(valueOf(batch, name)), MAX_CELL_CHARS) || '–'}</bdi>
    </td>
  );
  return (
    <details>
      <summary>Everything stored of this row</summary>
      <table>
        <thead>
          <tr>
            <th>output column</th>
            <th>before</th>
            <th>after</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row" class="data">
                {visible(name)}
              </th>
              {cell(before, name)}
              {cell(after, name)}
            </tr>
          ))}
        </tbody>
      </table>
      <table>
        <thead>
          <tr>
            <th>example column</th>
            <th>value</th>
          </tr>
        </thead>
        <tbody>
          {(example?.columns ?? []).map((column) => (
            <tr key={column.name}>
              <th scope="row" class="data">
                {visible(column.name)}
              </th>
              {cell(example, column.name)}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface Detail {
  example: Batch | undefined;
  before: Batch | undefined; // absent: the set is not in the order of the examples
  after: Batch | undefined;
}

// The output of a run at the place of the example, when it answers that example.
async function outputAt(run: string, row: ComparisonRow): Promise<Batch | undefined> {
  const { outputSet } = await runs.getRun({ name: run });
  const { batch } = await models.readOutputs({ name: outputSet, startRow: row.row, maxRows: 1 });
  return textOf(batch, 'key') === row.key ? batch : undefined;
}

async function loadDetail(comparison: Comparison, row: ComparisonRow): Promise<Detail> {
  const [examples, before, after] = await Promise.all([
    datasets.readExamples({ name: comparison.datasetVersion, startRow: row.row, maxRows: 1 }),
    outputAt(comparison.baselineRun, row),
    outputAt(comparison.candidateRun, row),
  ]);
  return { example: examples.batch, before, after };
}

// A text of the example. One that differs between the versions of the dataset is shown with what the
// baseline's had, as far as the list of rows has both.
export function ExampleText({
  title,
  text,
  shown,
  before,
  comparison,
}: {
  title: string;
  text: string;
  shown: string; // as the list has it, perhaps shortened
  before: string | undefined;
  comparison: Comparison;
}) {
  const id = `${title.toLowerCase()}-title`;
  const isWhole = before === undefined || text !== shown;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>
        {title}
        {before !== undefined && (
          <span class="muted"> not as in {shortName(comparison.baselineDatasetVersion)}</span>
        )}
      </h2>
      {before !== undefined && (
        <TokenDiff before={before} after={shown} label={`${title}, before and after`} />
      )}
      {isWhole && <FullText text={text === '' ? '–' : text} />}
    </section>
  );
}

// The row in full: what the list had to shorten, and the lists and vectors behind it.
export function RowDetail({ comparison, row, query }: { comparison: Comparison; row: ComparisonRow; query: Query }) {
  const call = useCall(
    `row/${comparison.name}/${row.row}`,
    () => loadDetail(comparison, row),
    () => true,
  );
  return (
    <Loaded call={call} what="the row in full">
      {(detail) => {
        const { example, before, after } = detail;
        const rankings = [scoredOf(before, 'ranking'), scoredOf(after, 'ranking')] as const;
        const answer = (batch: Batch | undefined, shown: string) =>
          textOf(batch, 'text') ?? textOf(batch, 'label') ?? shown;
        const [was, is] = [answer(before, row.baselineOutput), answer(after, row.candidateOutput)];
        const input = textOf(example, 'input') ?? row.input;
        const hasRankings = rankings[0] !== undefined || rankings[1] !== undefined;
        return (
          <>
            {(input !== '' || row.baselineInput !== undefined) && (
              <ExampleText title="Input" text={input} shown={row.input} before={row.baselineInput} comparison={comparison} />
            )}
            {hasRankings ? (
              <RankedLists
                before={rankings[0] ?? []}
                after={rankings[1] ?? []}
                relevance={scoredOf(example, 'relevance') ?? []}
                query={query}
              />
            ) : (
              was !== is && (
                <section aria-labelledby="diff-title">
                  <h2 id="diff-title">What changed in the answer</h2>
                  <TokenDiff before={was} after={is} label="Difference of the answers" />
                </section>
              )
            )}
            <Vectors comparison={comparison} row={row} detail={detail} query={query} />
            <StoredColumns example={example} before={before} after={after} />
          </>
        );
      }}
    </Loaded>
  );
}
