import { Comparison_State, type Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { copyText, useTitle } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { pagePath, shortName } from '../../format/names';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { Distribution } from './Distribution';
import { askForRows } from './earlyRows';
import { FlipTable } from './FlipTable';
import { ForestPlot } from './ForestPlot';
import { HeatMap } from './HeatMap';
import { comparisonCsv, comparisonMarkdown } from './markdown';
import { Rows } from './Rows';
import { hasRows, NO_FILTER, rowFilterOf, selectionOf } from './selection';
import { Budgets, Counts, Differences, Facts, Gates, Metrics, Slices, Warnings } from './Summary';
import { useComparison } from './useComparison';
import { Head } from './Views';

export function ComparisonPage({ name }: { name: string }) {
  const filter = rowFilterOf(useQuery());
  const call = useComparison(name, (comparison) => askForRows(comparison, filter));
  useTitle(
    call.data
      ? `${shortName(call.data.baselineModelVersion)} → ${shortName(call.data.candidateModelVersion)}`
      : `comparison ${shortName(name)}`,
  );
  return (
    <Loaded call={call} what="the comparison">
      {(comparison) => <View comparison={comparison} />}
    </Loaded>
  );
}

function View({ comparison }: { comparison: Comparison }) {
  const query = useQuery();
  const selection = selectionOf(comparison, query);
  const copyMarkdown = () =>
    void copyText(comparisonMarkdown(comparison, location.href), 'the comparison as Markdown');
  const copyCsv = () => void copyText(comparisonCsv(comparison), 'all cells as CSV');
  useKeys([
    {
      key: 'd',
      what: 'Only what differs, or all',
      run: () => query.set({ all: selection.onlyDifferences }),
    },
    { key: 'm', what: 'Copy as Markdown', run: copyMarkdown },
    { key: 'c', what: 'Copy all cells as CSV', run: copyCsv },
    {
      key: 'Escape',
      what: 'Drop the filters',
      run: () => query.set(NO_FILTER),
    },
  ]);
  const isDone = comparison.state === Comparison_State.SUCCEEDED;
  return (
    <>
      <Head comparison={comparison} view="">
        <button type="button" onClick={copyMarkdown}>
          Copy Markdown
        </button>
        <button type="button" onClick={copyCsv}>
          Copy CSV
        </button>
        <button type="button" onClick={() => void copyText(location.href, 'the address')}>
          Copy link
        </button>
      </Head>
      <Warnings comparison={comparison} />
      {isDone && comparison.metrics.length > 0 && (
        <>
          <Counts comparison={comparison} selection={selection} query={query} />
          {comparison.modelDifferences.length > 0 && (
            <Differences title="What changed" fields={comparison.modelDifferences} />
          )}
          <Facts comparison={comparison} />
          <Budgets comparison={comparison} />
          <Gates comparison={comparison} query={query} />
          <Slices comparison={comparison} query={query} />
          <label class="switch">
            <input
              type="checkbox"
              checked={selection.onlyDifferences}
              onChange={() => query.set({ all: selection.onlyDifferences })}
            />{' '}
            only what differs
          </label>
          <Metrics comparison={comparison} selection={selection} query={query} />
          <div class="two">
            <ForestPlot selection={selection} query={query} />
            <HeatMap comparison={comparison} selection={selection} query={query} />
          </div>
          <Distribution comparison={comparison} selection={selection} />
          {hasRows(selection.metric) && <FlipTable comparison={comparison} selection={selection} query={query} />}
          <Rows comparison={comparison} selection={selection} query={query} />
        </>
      )}
      <p class="muted">
        Runs <Link href={pagePath(comparison.baselineRun)}>{shortName(comparison.baselineRun)}</Link> and{' '}
        <Link href={pagePath(comparison.candidateRun)}>{shortName(comparison.candidateRun)}</Link>
        {comparison.traceId !== '' && (
          <>
            {' '}
            · <Link href={`/traces/${comparison.traceId}`}>trace of this comparison</Link>
          </>
        )}{' '}
        · again: <code>assay comparison show {shortName(comparison.name)}</code>
      </p>
    </>
  );
}
