import { useMemo } from 'preact/compat';
import { useCall } from '../../api/calls';
import type { Batch } from '../../api/gen/assay/v1/batch_pb';
import type { DatasetVersion } from '../../api/gen/assay/v1/dataset_service_pb';
import { datasets } from '../../api/datasets';
import { Grid } from '../../components/Grid';
import { copyText, useTitle } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { TokenDiff } from '../../components/TokenDiff';
import { Badge, ResourceLink, RowText } from '../../components/Words';
import { valueText } from '../../format/columns';
import { pagePath, shortName } from '../../format/names';
import { count } from '../../format/numbers';
import { csv, excerpt, visible } from '../../format/text';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { difference, type RowChange } from './difference';

const MAX_ROWS = 20_000; // of each version

interface Content {
  version: DatasetVersion;
  batches: Batch[];
  numRead: number;
}

async function readVersion(name: string): Promise<Content> {
  const version = await datasets.getDatasetVersion({ name });
  const batches: Batch[] = [];
  let numRead = 0;
  while (numRead < MAX_ROWS) {
    const { batch } = await datasets.readExamples({ name, startRow: BigInt(numRead), maxRows: MAX_ROWS - numRead });
    if (!batch || batch.numRows === 0) {
      break;
    }
    batches.push(batch);
    numRead += batch.numRows;
  }
  return { version, batches, numRead };
}

// What became of the examples from one version of a dataset to another.
export function DatasetDiffPage({ before, after }: { before: string; after: string }) {
  useTitle(`${shortName(before)} → ${shortName(after)}`);
  const was = useCall(`content/${before}`, () => readVersion(before), () => true);
  const is = useCall(`content/${after}`, () => readVersion(after), () => true);
  return (
    <>
      <h1>
        <ResourceLink name={before} /> → <ResourceLink name={after} />
      </h1>
      <Loaded call={was} what="the version before">
        {(first) => (
          <Loaded call={is} what="the version after">
            {(second) => <View before={first} after={second} />}
          </Loaded>
        )}
      </Loaded>
    </>
  );
}

const KINDS: Record<RowChange['kind'], ['good' | 'bad' | 'warn', string, string]> = {
  removed: ['bad', '−', 'removed'],
  edited: ['warn', '≠', 'edited'],
  added: ['good', '+', 'added'],
};

function View({ before, after }: { before: Content; after: Content }) {
  const query = useQuery();
  const result = useMemo(() => difference(before.batches, after.batches), [before, after]);
  const isPart = [before, after].some(({ version, numRead }) => numRead < Number(version.numRows));
  const kind = query.get('show');
  const column = query.get('column');
  const shown = result.rows.filter(
    (row) =>
      (kind === undefined || row.kind === kind) &&
      (column === undefined || row.columns.some(({ name }) => name === column)),
  );
  const numOf = (wanted: RowChange['kind']) => result.rows.filter((row) => row.kind === wanted).length;
  const edited = new Map<string, number>();
  for (const row of result.rows.filter((candidate) => candidate.kind === 'edited')) {
    row.columns.forEach(({ name }) => edited.set(name, (edited.get(name) ?? 0) + 1));
  }
  const chosen = result.rows.find((row) => row.key === query.get('key'));
  const copyCsv = () =>
    void copyText(
      csv([
        ['change', 'key', 'row_before', 'row_after', 'columns'],
        ...shown.map((row) => [row.kind, row.key, row.rowBefore, row.rowAfter, row.columns.map(({ name }) => name).join(' ')]),
      ]),
      'the changes as CSV',
    );
  useKeys([
    { key: 'c', what: 'Copy the changes as CSV', run: copyCsv },
    { key: 'Escape', what: 'All changes', run: () => query.set({ show: undefined, column: undefined }) },
  ]);
  return (
    <>
      <p>
        {count(before.version.numRows)} → {count(after.version.numRows)} examples:{' '}
        {(['removed', 'edited', 'added'] as const).map((name, i) => (
          <>
            {i > 0 && ', '}
            <Link href={query.href({ show: kind === name ? undefined : name })} aria-current={kind === name ? 'true' : undefined}>
              {KINDS[name][1]} {count(numOf(name))} {name}
            </Link>
          </>
        ))}
        , {count(result.numSame)} the same
        {result.numMoved > 0 && `, ${count(result.numMoved)} in another place`}.
        {result.rows.length === 0 && result.numMoved > 0 && ' Only the order differs.'}
      </p>
      {isPart && (
        <p class="warning" role="note">
          ⚠ The first {count(MAX_ROWS)} examples of each version were compared. What is called added or removed here
          may lie further behind.
        </p>
      )}
      {result.columnsAdded.length + result.columnsRemoved.length > 0 && (
        <p>
          Columns:{' '}
          {[...result.columnsRemoved.map((name) => `− ${visible(name)}`), ...result.columnsAdded.map((name) => `+ ${visible(name)}`)].join(', ')}
        </p>
      )}
      {edited.size > 0 && (
        <p>
          Edited columns:{' '}
          {[...edited].sort((a, b) => b[1] - a[1]).map(([name, num]) => (
            <Link key={name} class="chip" href={query.href({ column: column === name ? undefined : name })} aria-current={column === name ? 'true' : undefined}>
              <bdi>{excerpt(name, 40)}</bdi> {count(num)}
            </Link>
          ))}
        </p>
      )}
      <div class="bar">
        <span role="status">
          {count(shown.length)} of {count(result.rows.length)} changes
        </span>
        <span class="spacer" />
        <button type="button" onClick={copyCsv}>
          Copy CSV
        </button>
      </div>
      {result.rows.length === 0 ? (
        <p class="muted">No example was added, removed or edited.</p>
      ) : (
        <Grid
          label="changes"
          listKey={`${kind}/${column}`}
          items={shown}
          total={shown.length}
          hasMore={false}
          loadMore={() => {}}
          selected={query.get('key')}
          itemKey={(row) => row.key}
          onSelect={(row) => query.set({ key: row.key }, true)}
          onOpen={(row) => query.set({ key: row.key }, true)}
          columns={[
            {
              id: 'change',
              title: 'change',
              width: '110px',
              render: (row) => {
                const [tone, glyph, word] = KINDS[row.kind];
                return <Badge tone={tone} glyph={glyph} word={word} />;
              },
            },
            { id: 'key', title: 'key', width: 'minmax(120px, 1fr)', render: (row) => <RowText text={row.key} maxChars={60} /> },
            { id: 'columns', title: 'columns', width: 'minmax(160px, 2fr)', render: (row) => <RowText text={row.columns.map(({ name }) => name).join(', ')} maxChars={120} /> },
          ]}
        />
      )}
      {chosen && <Change row={chosen} before={before.version} after={after.version} />}
    </>
  );
}

function Change({ row, before, after }: { row: RowChange; before: DatasetVersion; after: DatasetVersion }) {
  return (
    <section aria-labelledby="change-title">
      <h2 id="change-title" class="data">
        <bdi>{excerpt(row.key, 80)}</bdi>
      </h2>
      <p>
        {row.rowBefore !== undefined && <Link href={`${pagePath(before.name)}?from=${row.rowBefore}`}>row {count(row.rowBefore)} before</Link>}
        {row.rowBefore !== undefined && row.rowAfter !== undefined && ' · '}
        {row.rowAfter !== undefined && <Link href={`${pagePath(after.name)}?from=${row.rowAfter}`}>row {count(row.rowAfter)} after</Link>}
      </p>
      {row.columns.map((column) => (
        <div key={column.name}>
          <h3 class="data">
            <bdi>{excerpt(column.name, 60)}</bdi>
          </h3>
          <TokenDiff before={valueText(column.before)} after={valueText(column.after)} label={`Difference of ${column.name}`} />
        </div>
      ))}
    </section>
  );
}
