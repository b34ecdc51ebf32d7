import { useCall } from '../../api/calls';
import type { Run } from '../../api/gen/assay/v1/run_service_pb';
import { readRows } from '../../api/rows';
import { datasets } from '../../api/datasets';
import { models } from '../../api/models';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { RowText } from '../../components/Words';
import { batchColumn, columnValue } from '../../format/columns';
import { count } from '../../format/numbers';
import type { ReliabilityBin } from '../../format/tables';
import type { Query } from '../../state/query';
import { confidenceOf, isInBin, type BinChoice, type Edges } from './bins';

const MAX_READ = 65_536;
const MAX_PROBABILITIES = 4_000_000; // that are read: 16 MB
const MAX_SHOWN = 50;

interface Answer {
  row: number; // of the dataset version
  key: string;
  expected: string | undefined;
  answer: string | undefined; // absent: the outputs have no labels
  confidence: number;
}

interface Answers {
  answers: Answer[];
  numRead: number;
}

async function loadAnswers(run: Run): Promise<Answers> {
  const examples = new Map<string, { row: number; label: string | undefined }>();
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const { columns } = await models.getOutputSet({ name: run.outputSet });
  const wanted = ['key', 'probabilities', 'label'].filter((name) => columns.some((column) => column.name === name));
  const answers: Answer[] = [];
  let numRead = 0;
  let numProbabilities = 0;
  await readRows(
    async (startRow, maxRows) =>
      (await datasets.readExamples({ name: run.datasetVersion, columns: ['key', 'label'], startRow, maxRows })).batch,
    MAX_READ,
    (batch, start) => {
      const [keys, labels] = [batchColumn(batch, 'key'), batchColumn(batch, 'label')];
      for (let i = 0; keys && i < batch.numRows; i += 1) {
        examples.set(String(columnValue(keys, i)), { row: start + i, label: text(labels && columnValue(labels, i)) });
      }
      return keys !== undefined;
    },
  );
  await readRows(
    async (startRow, maxRows) => (await models.readOutputs({ name: run.outputSet, columns: wanted, startRow, maxRows })).batch,
    MAX_READ,
    (batch) => {
      const [keys, labels] = [batchColumn(batch, 'key'), batchColumn(batch, 'label')];
      const probabilities = batchColumn(batch, 'probabilities');
      if (!keys || !probabilities) {
        return false;
      }
      for (let i = 0; i < batch.numRows; i += 1) {
        const key = String(columnValue(keys, i));
        const example = examples.get(key);
        const value = columnValue(probabilities, i);
        const confidence = Array.isArray(value) ? confidenceOf(value as number[]) : undefined;
        if (example && confidence !== undefined) {
          answers.push({ row: example.row, key, expected: example.label, answer: text(labels && columnValue(labels, i)), confidence });
        }
      }
      numRead += batch.numRows;
      numProbabilities += batch.numRows * probabilities.dimension;
      return numProbabilities < MAX_PROBABILITIES;
    },
  );
  return { answers, numRead };
}

function isWrong({ expected, answer }: Answer): boolean {
  return expected !== undefined && answer !== undefined && expected !== answer;
}

// The rows behind a bin of the reliability diagram, wrong and sure ones first, each a link to the row.
export function BinRows({
  run,
  choice,
  bin,
  edges,
  rowPath,
  query,
}: {
  run: Run;
  choice: BinChoice;
  bin: ReliabilityBin;
  edges: Edges;
  rowPath: (row: number) => string;
  query: Query;
}) {
  const call = useCall(
    `confidences/${run.name}`,
    () => loadAnswers(run),
    () => true,
  );
  const side = choice.side === 'outputs' ? '' : ` ${choice.side}`;
  return (
    <section aria-labelledby="bin-title">
      <div class="bar">
        <h3 id="bin-title">
          Answers{side} with a confidence of {bin.lowest.toFixed(3)} to {bin.highest.toFixed(3)}
        </h3>
        <Link class="chip" href={query.href({ bin: undefined })} aria-label="Choose no bin">
          bin <span aria-hidden="true">✕</span>
        </Link>
      </div>
      <Loaded call={call} what="the confidences">
        {({ answers, numRead }) => {
          const found = answers
            .filter(({ confidence }) => isInBin(confidence, bin, edges))
            .sort((a, b) => Number(isWrong(b)) - Number(isWrong(a)) || b.confidence - a.confidence || a.row - b.row);
          return (
            <>
              <p class="muted" role="status">
                {count(found.length)} {found.length === 1 ? 'row' : 'rows'}
                {found.length > MAX_SHOWN && `, the first ${MAX_SHOWN} shown`}:{' '}
                {found.some(({ answer }) => answer !== undefined)
                  ? 'wrong answers first, the surest of them at the top.'
                  : 'the surest first. The outputs have no labels, so wrong ones are not marked.'}
                {found.length < bin.count && ` The bin has ${count(bin.count)}; ${count(numRead)} outputs were read.`}
              </p>
              {found.length > 0 && <AnswerTable answers={found.slice(0, MAX_SHOWN)} rowPath={rowPath} />}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function AnswerTable({ answers, rowPath }: { answers: Answer[]; rowPath: (row: number) => string }) {
  const label = (text: string | undefined) => (text === undefined ? '–' : <RowText text={text} maxChars={60} />);
  return (
    <div class="scroll tall" tabIndex={0} role="region" aria-label="Rows of the bin, as a table">
      <table>
        <thead>
          <tr>
            <th>key</th>
            <th>expected</th>
            <th>answer</th>
            <th class="number">confidence</th>
          </tr>
        </thead>
        <tbody>
          {answers.map((answer) => (
            <tr key={answer.row}>
              <th scope="row">
                <Link href={rowPath(answer.row)}>
                  <RowText text={answer.key} maxChars={60} />
                </Link>
              </th>
              <td>{label(answer.expected)}</td>
              <td>
                {isWrong(answer) && (
                  <span class="bad">
                    ✗<span class="offscreen"> wrong:</span>{' '}
                  </span>
                )}
                {label(answer.answer)}
              </td>
              <td class="number">{answer.confidence.toFixed(4)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
