import { useLocation } from 'wouter-preact';
import { useCall } from '../../api/calls';
import { comparisons } from '../../api/comparisons';
import type { Comparison, ComparisonRow } from '../../api/gen/assay/v1/comparison_service_pb';
import { copyText, useTitle } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Failure, Loaded, Loading } from '../../components/States';
import { BucketBadge } from '../../components/Verdicts';
import { Delta, FullText } from '../../components/Words';
import { pagePath, shortName } from '../../format/names';
import { metricDelta, trend } from '../../format/metrics';
import { count, metricValue } from '../../format/numbers';
import { excerpt, markdownCell } from '../../format/text';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { askForRows } from './earlyRows';
import { ExampleText, RowDetail } from './RowDetail';
import { rowDelta, rowPath, useRows } from './Rows';
import { hasRows, isBinary, rowFilterOf, selectionOf } from './selection';
import { useComparison } from './useComparison';

export function RowPage({ name, row }: { name: string; row: number }) {
  const filter = rowFilterOf(useQuery());
  const call = useComparison(name, (comparison) => askForRows(comparison, filter));
  useTitle(`row ${row} of comparison ${shortName(name)}`);
  return (
    <Loaded call={call} what="the comparison">
      {(comparison) => <RowInList comparison={comparison} row={row} />}
    </Loaded>
  );
}

// Its place in the list that the address describes is looked for among so many rows.
const MAX_LOOKED_THROUGH = 1200;

// A row that the first page of the list lacks is asked for by itself, while its place is looked for.
function RowInList({ comparison, row }: { comparison: Comparison; row: number }) {
  const query = useQuery();
  const selection = selectionOf(comparison, query);
  const rows = useRows(comparison, selection);
  const at = rows.items.findIndex((item) => Number(item.row) === row);
  const isApart = at < 0 && (rows.items.length > 0 || !rows.hasMore);
  const metric = hasRows(selection.metric) ? selection.rowFilter.metric : '';
  const own = useCall(isApart ? `row-of/${comparison.name}/${metric}/${row}` : undefined, () =>
    comparisons.listComparisonRows({ name: comparison.name, metric, rows: [BigInt(Number.isSafeInteger(row) ? row : -1)] }),
  );
  if (at >= 0) {
    return (
      <RowView
        comparison={comparison}
        row={rows.items[at]!}
        place={`row ${count(at + 1)} of ${rows.total === undefined ? '…' : count(rows.total)}`}
        before={rows.items[at - 1]}
        after={rows.items[at + 1]}
        loadMore={at + 1 === rows.items.length && rows.hasMore ? rows.loadMore : undefined}
      />
    );
  }
  if (rows.error) {
    return <Failure error={rows.error} retry={rows.loadMore} />;
  }
  if (rows.hasMore && rows.items.length < MAX_LOOKED_THROUGH) {
    rows.loadMore();
  }
  if (!isApart) {
    return <Loading what="the row" />;
  }
  return (
    <Loaded call={own} what="the row">
      {({ rows: [found] }) =>
        found === undefined ? (
          <div class="state failure" role="alert">
            <p>
              <strong>✗ Not found</strong>
            </p>
            <p>
              No such row in this comparison: {row}.{' '}
              <Link href={pagePath(comparison.name) + query.search}>Back to the comparison</Link>
            </p>
          </div>
        ) : (
          <RowView
            comparison={comparison}
            row={found}
            place={rows.hasMore ? `not among the first ${count(rows.items.length)} of the list` : 'not in the list'}
          />
        )
      }
    </Loaded>
  );
}

function RowView({
  comparison,
  row,
  place,
  before,
  after,
  loadMore,
}: {
  comparison: Comparison;
  row: ComparisonRow;
  place: string; // in the list, in words
  before?: ComparisonRow | undefined; // its neighbours there
  after?: ComparisonRow | undefined;
  loadMore?: (() => void) | undefined;
}) {
  const query = useQuery();
  const [, navigate] = useLocation();
  const selection = selectionOf(comparison, query);
  const metric = selection.metric?.metric;
  loadMore?.();
  const step = (to: ComparisonRow | undefined) =>
    to && navigate(rowPath(comparison, to, query.search), { replace: true });
  const back = pagePath(comparison.name) + withRow(query.href({ row: String(row.row) }));
  const was = (text: string | undefined) => (text === undefined ? '' : ` (before: ${markdownCell(text)})`);
  const copyMarkdown = () =>
    void copyText(
      `**${markdownCell(row.key)}** (${shortName(comparison.baselineModelVersion)} → ${shortName(comparison.candidateModelVersion)})\n\n` +
        `- input: ${markdownCell(row.input)}${was(row.baselineInput)}\n- expected: ${markdownCell(row.expected)}${was(row.baselineExpected)}\n` +
        `- before: ${markdownCell(row.baselineOutput)}\n- after: ${markdownCell(row.candidateOutput)}\n\n${location.href}\n`,
      'the row as Markdown',
    );
  useKeys([
    { key: '[', what: 'Row before, in the list', run: () => step(before) },
    { key: ']', what: 'Next row in the list', run: () => step(after) },
    { key: 'm', what: 'Copy as Markdown', run: copyMarkdown },
    { key: 'Escape', what: 'Back to the comparison', run: () => navigate(back) },
  ]);
  return (
    <>
      <div class="bar">
        <Link href={back}>
          ← {shortName(comparison.baselineModelVersion)} → {shortName(comparison.candidateModelVersion)}
        </Link>
        <span class="spacer" />
        <button type="button" disabled={!before} onClick={() => step(before)} title="[">
          ◂ before
        </button>
        <span role="status">{place}</span>
        <button type="button" disabled={!after} onClick={() => step(after)} title="]">
          next ▸
        </button>
        <button type="button" onClick={copyMarkdown}>
          Copy Markdown
        </button>
      </div>
      <div class="bar">
        <h1 class="data">
          <bdi>{excerpt(row.key, 80)}</bdi>
        </h1>
        <BucketBadge bucket={row.bucket} isBinary={isBinary(selection.metric)} />
        <span>
          {metric?.id} {metricValue(row.baselineScore)} → {metricValue(row.candidateScore)}{' '}
          <Delta trend={trend(rowDelta(row), metric)} text={metricDelta(rowDelta(row), metric)} />
        </span>
      </div>
      <p>
        {row.cohorts.map((cohort) => (
          <Link
            key={cohort}
            class="chip"
            href={`${pagePath(comparison.name)}${withRow(query.href({ cohort, row: undefined }))}`}
            title="The comparison in this cohort"
          >
            <bdi>{cohort}</bdi>
          </Link>
        ))}
      </p>
      <ExampleText title="Expected" text={row.expected} shown={row.expected} before={row.baselineExpected} comparison={comparison} />
      <div class="two">
        <Side title="Before" model={comparison.baselineModelVersion} text={row.baselineOutput} traceId={row.baselineTraceId} run={comparison.baselineRun} />
        <Side title="After" model={comparison.candidateModelVersion} text={row.candidateOutput} traceId={row.candidateTraceId} run={comparison.candidateRun} />
      </div>
      {row.baselineTraceId !== '' && row.candidateTraceId !== '' && (
        <p>
          <Link href={`/traces/${row.baselineTraceId}/compare/${row.candidateTraceId}`}>
            Both traces side by side
          </Link>
        </p>
      )}
      <RowDetail comparison={comparison} row={row} query={query} />
    </>
  );
}

// The query of an address.
function withRow(href: string): string {
  const at = href.indexOf('?');
  return at < 0 ? '' : href.slice(at);
}

// An answer that was recorded elsewhere may name no trace; its run has one.
function Side({ title, model, text, traceId, run }: { title: string; model: string; text: string; traceId: string; run: string }) {
  return (
    <section aria-label={title}>
      <h2>
        {title} <span class="muted">{shortName(model)}</span>
      </h2>
      <FullText text={text === '' ? '–' : text} />
      <p>
        {traceId !== '' ? (
          <Link href={`/traces/${traceId}`}>Trace of this answer</Link>
        ) : (
          <Link href={`/traces?resource=${encodeURIComponent(run)}`}>Traces of run {shortName(run)}</Link>
        )}
      </p>
    </section>
  );
}
