import { useCall } from '../../api/calls';
import type { Comparison, ComparisonRow } from '../../api/gen/assay/v1/comparison_service_pb';
import { readRows } from '../../api/rows';
import { datasets } from '../../api/datasets';
import { models } from '../../api/models';
import { runs } from '../../api/runs';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { RowText } from '../../components/Words';
import { batchColumn, columnValue } from '../../format/columns';
import { pagePath } from '../../format/names';
import { count } from '../../format/numbers';
import type { Query } from '../../state/query';
import { neighborsOf, type KeyedVector, type Neighbor } from './nearest';

const NUM_NEIGHBORS = 10;
const MAX_READ = 16_384; // rows among which neighbours are looked for
const MAX_NUMBERS = 1_000_000; // of their vectors, a side

async function loadVectors(run: string): Promise<KeyedVector[]> {
  const { outputSet } = await runs.getRun({ name: run });
  const vectors: KeyedVector[] = [];
  await readRows(
    async (startRow, maxRows) =>
      (await models.readOutputs({ name: outputSet, columns: ['key', 'embedding'], startRow, maxRows: Math.min(maxRows, 2048) })).batch,
    MAX_READ,
    (batch) => {
      const [keys, embeddings] = [batchColumn(batch, 'key'), batchColumn(batch, 'embedding')];
      for (let row = 0; keys && embeddings && row < batch.numRows; row += 1) {
        const vector = columnValue(embeddings, row);
        if (Array.isArray(vector)) {
          vectors.push({ key: String(columnValue(keys, row)), vector: vector as number[] });
        }
      }
      return embeddings !== undefined && vectors.length * embeddings.dimension < MAX_NUMBERS;
    },
  );
  return vectors;
}

async function loadPositions(name: string): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  await readRows(
    async (startRow, maxRows) => (await datasets.readExamples({ name, columns: ['key'], startRow, maxRows })).batch,
    MAX_READ,
    (batch, start) => {
      const keys = batchColumn(batch, 'key');
      for (let row = 0; keys && row < batch.numRows; row += 1) {
        positions.set(String(columnValue(keys, row)), start + row);
      }
      return true;
    },
  );
  return positions;
}

// The rows whose embeddings lie nearest, before and after. They are read when the address asks.
export function Neighbors({
  comparison,
  row,
  before,
  after,
  query,
}: {
  comparison: Comparison;
  row: ComparisonRow;
  before: number[]; // the embedding of the row
  after: number[];
  query: Query;
}) {
  const isShown = query.has('near');
  const call = useCall(
    isShown ? `vectors/${comparison.name}` : undefined,
    () =>
      Promise.all([
        loadVectors(comparison.baselineRun),
        loadVectors(comparison.candidateRun),
        loadPositions(comparison.datasetVersion),
      ]),
    () => true,
  );
  return (
    <section aria-labelledby="near-title">
      <h3 id="near-title">Nearest rows</h3>
      <label class="switch">
        <input type="checkbox" checked={isShown} onChange={() => query.set({ near: !isShown })} /> look for them
      </label>
      {isShown && (
        <Loaded call={call} what="the vectors">
          {([was, is, positions]) => {
            const found = neighborsOf(row.key, { all: was, own: before }, { all: is, own: after }, NUM_NEIGHBORS);
            const numRead = Math.min(was.length, is.length);
            const href = (key: string) => {
              const position = positions.get(key);
              return position === undefined ? undefined : `${pagePath(comparison.name)}/rows/${position}?near=1`;
            };
            return (
              <>
                <p class="muted">
                  {found.numKept} of {found.after.length} nearest rows are what they were, by cosine
                  {numRead < Number(comparison.numPaired) && `, among the first ${count(numRead)} of ${count(comparison.numPaired)}`}.
                </p>
                <div class="two">
                  <Side title="Before" other="after" neighbors={found.before} href={href} />
                  <Side title="After" other="before" neighbors={found.after} href={href} />
                </div>
              </>
            );
          }}
        </Loaded>
      )}
    </section>
  );
}

function Side({
  title,
  other,
  neighbors,
  href,
}: {
  title: string;
  other: string;
  neighbors: Neighbor[];
  href: (key: string) => string | undefined;
}) {
  return (
    <table aria-label={`Nearest rows ${title.toLowerCase()}`}>
      <thead>
        <tr>
          <th>{title.toLowerCase()}</th>
          <th class="number">cosine</th>
          <th class="number">rank {other}</th>
        </tr>
      </thead>
      <tbody>
        {neighbors.map(({ key, cosine, otherRank }) => {
          const path = href(key);
          const text = <RowText text={key} maxChars={40} />;
          return (
            <tr key={key}>
              <th scope="row">{path === undefined ? text : <Link href={path}>{text}</Link>}</th>
              <td class="number">{cosine.toFixed(4)}</td>
              <td class="number">{otherRank ?? '–'}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
