import { useMemo } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { usePages } from '../../api/pages';
import {
  RowBucket,
  type Comparison,
  type ComparisonRow,
} from '../../api/gen/assay/v1/comparison_service_pb';
import { Grid, type GridColumn } from '../../components/Grid';
import { copyText } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Failure, Loading } from '../../components/States';
import { BucketBadge, BUCKETS, SCORE_BUCKETS } from '../../components/Verdicts';
import { Delta, RowText } from '../../components/Words';
import { metricDelta, trend } from '../../format/metrics';
import { count, metricValue } from '../../format/numbers';
import { pagePath } from '../../format/names';
import { csv, excerpt } from '../../format/text';
import { useKeys } from '../../state/keys';
import { withChanges, type Query } from '../../state/query';
import { listRows, takeEarlyRows } from './earlyRows';
import { bucketId, hasRows, isBinary, type Selection } from './selection';

export function rowsKey(comparison: string, selection: Selection): string {
  return `rows/${comparison}/${selection.metric?.metric?.id}/${selection.bucket}/${selection.cohort}/${selection.rowFilter.rows}`;
}

// The rows that a selection leaves, worst first.
export function useRows(comparison: Comparison, selection: Selection) {
  const { name } = comparison;
  const { rowFilter } = selection;
  return usePages<ComparisonRow>(
    rowsKey(name, selection),
    async (token, signal) => {
      if (!hasRows(selection.metric)) {
        return { items: [], nextToken: '' };
      }
      const early = token === '' ? await takeEarlyRows(name, rowFilter) : undefined;
      const page = early ?? (await listRows(name, rowFilter, token, signal));
      return { items: page.rows, nextToken: page.nextPageToken, total: Number(page.totalRows) };
    },
    `${name}/${selection.metric?.metric?.id}`,
  );
}

export function rowDelta(row: ComparisonRow): number | undefined {
  return row.baselineScore === undefined || row.candidateScore === undefined
    ? undefined
    : row.candidateScore - row.baselineScore;
}

export function rowPath(comparison: Comparison, row: ComparisonRow, search: string): string {
  return `${pagePath(comparison.name)}/rows/${row.row}${withChanges(search, { row: undefined })}`;
}

// What another version of the dataset has under the key of a row, where it differs.
function ofBaseline(text: string | undefined): string {
  return text === '' ? '–' : (text ?? '');
}

// Texts that no row has take no room.
const TEXTS: { id: string; title: string; width: string; text: (row: ComparisonRow) => string }[] = [
  { id: 'input-was', title: 'input before', width: 'minmax(80px, 2fr)', text: (row) => ofBaseline(row.baselineInput) },
  { id: 'input', title: 'input', width: 'minmax(80px, 2fr)', text: (row) => row.input },
  { id: 'expected-was', title: 'expected before', width: 'minmax(70px, 1fr)', text: (row) => ofBaseline(row.baselineExpected) },
  { id: 'expected', title: 'expected', width: 'minmax(70px, 1fr)', text: (row) => row.expected },
  { id: 'was', title: 'answer before', width: 'minmax(80px, 1fr)', text: (row) => row.baselineOutput },
  { id: 'is', title: 'answer after', width: 'minmax(80px, 1fr)', text: (row) => row.candidateOutput },
];

function columnsFor(selection: Selection, items: ComparisonRow[]): GridColumn<ComparisonRow>[] {
  const metric = selection.metric?.metric;
  const binary = isBinary(selection.metric);
  const score = (value: number | undefined) =>
    binary && (value === 0 || value === 1) ? (value === 1 ? '✓' : '✗') : metricValue(value);
  return [
    {
      id: 'change',
      title: 'change',
      width: '122px',
      render: (row) => <BucketBadge bucket={row.bucket} isBinary={binary} />,
    },
    { id: 'key', title: 'key', width: 'minmax(90px, 1fr)', render: (row) => <RowText text={row.key} maxChars={40} /> },
    { id: 'before', title: 'before', width: '80px', isNumber: true, render: (row) => score(row.baselineScore) },
    { id: 'after', title: 'after', width: '80px', isNumber: true, render: (row) => score(row.candidateScore) },
    ...(binary
      ? []
      : [
          {
            id: 'delta',
            title: 'Δ',
            width: '110px',
            isNumber: true,
            render: (row: ComparisonRow) => (
              <Delta trend={trend(rowDelta(row), metric)} text={metricDelta(rowDelta(row), metric)} />
            ),
          },
        ]),
    ...TEXTS.filter(({ text }) => items.some((row) => text(row) !== '')).map(
      ({ id, title, width, text }): GridColumn<ComparisonRow> => ({
        id,
        title,
        width,
        render: (row) => <RowText text={text(row)} />,
      }),
    ),
  ];
}

function Chips({ selection, query }: { selection: Selection; query: Query }) {
  const chips: [string, string][] = []; // what in the address, in words
  const { rows } = selection.rowFilter;
  if (rows.length > 0) {
    const layer = query.get('layer');
    chips.push(['rows', layer === undefined ? `${rows.length} rows` : `${rows.length} moved furthest by ${excerpt(layer, 40)}`]);
  }
  if (selection.bucket !== RowBucket.UNSPECIFIED) {
    const word = isBinary(selection.metric)
      ? BUCKETS[selection.bucket][2]
      : (SCORE_BUCKETS[selection.bucket] ?? BUCKETS[selection.bucket][2]);
    chips.push(['show', word]);
  }
  if (selection.cohort !== '') {
    chips.push(['cohort', selection.cohort]);
  }
  return (
    <>
      {chips.map(([name, text]) => (
        <Link
          key={name}
          class="chip"
          href={query.href(name === 'rows' ? { rows: undefined, layer: undefined } : { [name]: undefined })}
          aria-label={`Remove the filter ${text}`}
        >
          <bdi>{text}</bdi> <span aria-hidden="true">✕</span>
        </Link>
      ))}
    </>
  );
}

const SHOWN: RowBucket[] = [
  RowBucket.UNSPECIFIED,
  RowBucket.BROKEN,
  RowBucket.FIXED,
  RowBucket.BOTH_WRONG,
  RowBucket.BOTH_RIGHT,
  RowBucket.UNPAIRED,
  RowBucket.CHANGED,
];

export function Rows({
  comparison,
  selection,
  query,
}: {
  comparison: Comparison;
  selection: Selection;
  query: Query;
}) {
  const [, navigate] = useLocation();
  const rows = useRows(comparison, selection);
  const shown = rows.items.length > 0 ? rows.items : rows.old;
  const columns = useMemo(() => columnsFor(selection, shown), [selection.metric, shown]);
  const selected = query.get('row');
  const cycle = () => {
    const at = SHOWN.indexOf(selection.bucket);
    query.set({ show: bucketId(SHOWN[(at + 1) % SHOWN.length]!), row: undefined });
  };
  useKeys([{ key: 'f', what: 'Next kind of row: all, broken, fixed …', run: cycle }]);
  const copyCsv = () =>
    copyText(
      csv([
        ['row', 'key', 'change', 'before', 'after', 'input', 'expected', 'answer_before', 'answer_after', 'input_before', 'expected_before'],
        ...rows.items.map((row) => [
          Number(row.row),
          row.key,
          BUCKETS[row.bucket][2],
          row.baselineScore,
          row.candidateScore,
          row.input,
          row.expected,
          row.baselineOutput,
          row.candidateOutput,
          row.baselineInput,
          row.baselineExpected,
        ]),
      ]),
      `${count(rows.items.length)} rows of ${count(rows.total ?? rows.items.length)} as CSV`,
    );
  const whole =
    Number(comparison.numPaired) +
    Number(comparison.numOnlyBaseline) +
    Number(comparison.numOnlyCandidate) +
    Number(comparison.numChanged);
  return (
    <section aria-labelledby="rows-title" class="rows">
      <div class="bar">
        <h2 id="rows-title">Rows</h2>
        <span role="status">
          {rows.total !== undefined && `${count(rows.total)} of ${count(whole)} rows, worst first`}
        </span>
        <Chips selection={selection} query={query} />
        <span class="spacer" />
        {hasRows(selection.metric) && (
          <button type="button" onClick={() => void copyCsv()} title="The rows loaded so far">
            Copy CSV
          </button>
        )}
      </div>
      {!hasRows(selection.metric) ? (
        <p class="muted">
          {selection.metric?.metric?.id} is computed from all rows together; choose another metric to
          see rows.
        </p>
      ) : rows.error && rows.items.length === 0 ? (
        <Failure error={rows.error} retry={rows.loadMore} />
      ) : rows.isLoading && shown.length === 0 ? (
        <Loading what="rows" />
      ) : shown.length === 0 ? (
        <p class="muted">No row is like that.</p>
      ) : (
        <Grid
          label="rows"
          listKey={rowsKey(comparison.name, selection)}
          items={shown}
          isBusy={rows.items.length === 0}
          total={rows.total}
          hasMore={rows.hasMore}
          loadMore={rows.loadMore}
          columns={columns}
          itemKey={(row) => String(row.row)}
          selected={selected}
          onSelect={(row) => query.set({ row: String(row.row) }, true)}
          onOpen={(row) => navigate(rowPath(comparison, row, query.search))}
        />
      )}
    </section>
  );
}
