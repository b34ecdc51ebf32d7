import { useCall } from '../api/calls';
import { usePages } from '../api/pages';
import { ColumnType, type ColumnInfo } from '../api/gen/assay/v1/batch_pb';
import type { DatasetVersion } from '../api/gen/assay/v1/dataset_service_pb';
import { datasets } from '../api/datasets';
import { Grid } from '../components/Grid';
import { useTitle } from '../components/Layout';
import { Link } from '../components/Link';
import { Failure, Loaded, Loading } from '../components/States';
import { ResourceLink, RowText, When } from '../components/Words';
import { columnValue, valueText } from '../format/columns';
import { pagePath, shortName } from '../format/names';
import { count } from '../format/numbers';
import { excerpt } from '../format/text';
import { useQuery } from '../state/query';
import { Facts } from '../components/Facts';
import { Find } from '../components/Find';

const PAGE_SIZE = 200;
const SEARCHED_PAGE_SIZE = 8192; // most of which may be left out

function diffPath(before: DatasetVersion, after: DatasetVersion): string {
  return `${pagePath(before.name)}/diff/${after.number}`;
}

export function DatasetPage({ name }: { name: string }) {
  useTitle(shortName(name));
  const versions = useCall(`versions/${name}`, () =>
    datasets.listDatasetVersions({ parent: name, pageSize: 1000 }),
  );
  return (
    <>
      <h1>Dataset {shortName(name)}</h1>
      <Loaded call={versions} what="the versions">
        {({ versions: list }) => (
          <table>
            <thead>
              <tr>
                <th>version</th>
                <th class="number">rows</th>
                <th class="number">documents</th>
                <th>changes</th>
                <th>digest</th>
                <th>when</th>
              </tr>
            </thead>
            <tbody>
              {list.map((version, i) => (
                <tr key={version.name}>
                  <th scope="row">
                    <ResourceLink name={version.name} />
                  </th>
                  <td class="number">{count(version.numRows)}</td>
                  <td class="number">{count(version.numDocuments)}</td>
                  <td>
                    {list[i + 1] ? (
                      <Link href={diffPath(list[i + 1]!, version)}>since {shortName(list[i + 1]!.name)}</Link>
                    ) : (
                      '–'
                    )}
                  </td>
                  <td class="data">{version.digest.slice(0, 19)}…</td>
                  <td>
                    <When time={version.createTime} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Loaded>
    </>
  );
}

export function DatasetVersionPage({ name }: { name: string }) {
  useTitle(shortName(name));
  const call = useCall(`dataset-version/${name}`, () => datasets.getDatasetVersion({ name }));
  return (
    <Loaded call={call} what="the version">
      {(version) => <VersionView version={version} />}
    </Loaded>
  );
}

function VersionView({ version }: { version: DatasetVersion }) {
  return (
    <>
      <div class="bar">
        <h1>{shortName(version.name)}</h1>
        <span class="muted">
          {count(version.numRows)} examples
          {version.numDocuments > 0n && `, ${count(version.numDocuments)} documents`} ·{' '}
          <When time={version.createTime} /> ·{' '}
          <Link href={pagePath(version.name.replace(/\/versions\/.*/, ''))}>all versions</Link> ·{' '}
          {version.number > 1n && (
            <>
              <Link href={`${pagePath(version.name).replace(/[^/]*$/, String(version.number - 1n))}/diff/${version.number}`}>
                changes since version {String(version.number - 1n)}
              </Link>{' '}
              ·{' '}
            </>
          )}
          <Link href={`/runs?dataset=${encodeURIComponent(version.name)}`}>runs on it</Link>
        </span>
      </div>
      <Facts facts={[['digest', version.digest]]} />
      <Examples version={version} />
      <div class="two">
        <Columns title="Columns" columns={version.columns} numRows={version.numRows} />
        <Cohorts name={version.name} />
      </div>
      {version.documentColumns.length > 0 && (
        <Columns title="Columns of the documents" columns={version.documentColumns} numRows={version.numDocuments} />
      )}
    </>
  );
}

function Columns({ title, columns, numRows }: { title: string; columns: ColumnInfo[]; numRows: bigint }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <table>
        <thead>
          <tr>
            <th>column</th>
            <th>type</th>
            <th class="number">absent</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column.name}>
              <th scope="row" class="data">
                {excerpt(column.name, 60)}
              </th>
              <td>
                {ColumnType[column.type]?.toLowerCase().replaceAll('_', ' ')}
                {column.dimension > 0 && ` of ${column.dimension}`}
              </td>
              <td class="number">
                {count(column.nullCount)} of {count(numRows)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cohorts({ name }: { name: string }) {
  const call = useCall(`cohorts/${name}`, () => datasets.listCohorts({ name }), () => true);
  return (
    <section aria-label="Cohorts">
      <h2>Cohorts</h2>
      <Loaded call={call} what="the cohorts">
        {({ cohorts }) =>
          cohorts.length === 0 ? (
            <p class="muted">None. A column named cohort.NAME splits the examples.</p>
          ) : (
            <div class="scroll tall" tabIndex={0} role="region" aria-label="Cohorts, as a table">
              <table>
                <thead>
                  <tr>
                    <th>cohort</th>
                    <th class="number">examples</th>
                  </tr>
                </thead>
                <tbody>
                  {cohorts.flatMap((column) =>
                    column.values.map((value) => (
                      <tr key={`${column.name}=${value.value}`}>
                        <th scope="row" class="data">
                          <bdi>{excerpt(`${column.name}=${value.value}`, 60)}</bdi>
                        </th>
                        <td class="number">{count(value.numRows)}</td>
                      </tr>
                    )),
                  )}
                </tbody>
              </table>
            </div>
          )
        }
      </Loaded>
    </section>
  );
}

interface Example {
  row: number;
  values: Map<string, string>;
}

// Columns in the order that a reader looks for them.
function shownColumns(version: DatasetVersion): string[] {
  const first = ['key', 'input', 'label', 'references', 'relevance'];
  const names = version.columns.map((column) => column.name);
  const cohorts = names.filter((name) => name.startsWith('cohort.'));
  return [...first.filter((name) => names.includes(name)), ...cohorts].slice(0, 8);
}

function Examples({ version }: { version: DatasetVersion }) {
  const query = useQuery();
  const columns = shownColumns(version);
  const start = Math.max(0, Number(query.get('from') ?? 0) || 0);
  const text = (query.get('find') ?? '').toLowerCase();
  const listKey = `examples/${version.name}/${start}/${text}`;
  const list = usePages<Example>(listKey, async (token, signal) => {
    const from = token === '' ? start : Number(token);
    const { batch } = await datasets.readExamples(
      { name: version.name, columns, startRow: BigInt(from), maxRows: text === '' ? PAGE_SIZE : SEARCHED_PAGE_SIZE },
      { signal },
    );
    const read = Array.from({ length: batch?.numRows ?? 0 }, (_, i) => ({
      row: from + i,
      values: new Map(
        batch!.columns.map((column) => [column.name, valueText(columnValue(column, i))]),
      ),
    }));
    const items = read.filter(({ values }) => [...values.values()].some((value) => value.toLowerCase().includes(text)));
    const next = from + read.length;
    return {
      items,
      nextToken: read.length > 0 && next < Number(version.numRows) ? String(next) : '',
      numLeftOut: read.length - items.length,
    };
  });
  return (
    <section aria-labelledby="examples-title">
      <div class="bar">
        <h2 id="examples-title">Examples</h2>
        <label>
          from row{' '}
          <input
            type="number"
            min={0}
            max={Number(version.numRows) - 1}
            value={start}
            onChange={(event) => query.set({ from: event.currentTarget.value })}
          />
        </label>
        <Find what="Find examples" placeholder="text in these columns" />
        {text !== '' && (
          <span role="status">
            {count(list.items.length)} among {list.hasMore && 'the first '}
            {count(list.items.length + list.numLeftOut)} rows
          </span>
        )}
      </div>
      {list.error && list.items.length === 0 ? (
        <Failure error={list.error} retry={list.loadMore} />
      ) : list.isLoading && list.items.length === 0 ? (
        <Loading what="examples" />
      ) : list.items.length === 0 ? (
        <p class="muted">No example is like that.</p>
      ) : (
        <Grid
          label="examples"
          listKey={listKey}
          items={list.items}
          total={text === '' ? Number(version.numRows) - start : list.hasMore ? undefined : list.items.length}
          hasMore={list.hasMore}
          loadMore={list.loadMore}
          selected={query.get('at')}
          itemKey={(item) => String(item.row)}
          onSelect={(item) => query.set({ at: String(item.row) }, true)}
          onOpen={() => {}}
          columns={[
            { id: 'row', title: 'row', width: '80px', isNumber: true, render: (item) => count(item.row) },
            ...columns.map((name) => ({
              id: name,
              title: name,
              width: name === 'input' ? 'minmax(120px, 3fr)' : 'minmax(90px, 1fr)',
              render: (item: Example) => <RowText text={item.values.get(name) ?? ''} maxChars={120} />,
            })),
          ]}
        />
      )}
    </section>
  );
}
