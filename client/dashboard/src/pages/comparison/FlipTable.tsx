import type { ComponentChildren } from 'preact';
import { RowBucket, type Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { Link } from '../../components/Link';
import { BUCKETS } from '../../components/Verdicts';
import { count } from '../../format/numbers';
import type { Query } from '../../state/query';
import { bucketId, flipCounts, isBinary, type Selection } from './selection';

// Shows the rows of a kind, or all again.
export function BucketLink({
  bucket,
  selection,
  query,
  children,
}: {
  bucket: RowBucket;
  selection: Selection;
  query: Query;
  children: ComponentChildren;
}) {
  const isChosen = selection.bucket === bucket;
  return (
    <Link
      href={query.href({ show: isChosen ? undefined : bucketId(bucket) })}
      aria-current={isChosen ? 'true' : undefined}
    >
      {children}
    </Link>
  );
}

function Count({
  bucket,
  glyph,
  word,
  value,
  selection,
  query,
  tone,
}: {
  bucket: RowBucket;
  glyph: string;
  word: string;
  value: number | undefined;
  selection: Selection;
  query: Query;
  tone: string;
}) {
  return (
    <td class={tone} data-chosen={selection.bucket === bucket}>
      <BucketLink bucket={bucket} selection={selection} query={query}>
        <strong>{value === undefined ? '–' : count(value)}</strong>
        <span>
          <span aria-hidden="true">{glyph}</span> {word}
        </span>
      </BucketLink>
    </td>
  );
}

// Rows that stand in no cell of the table; how many, of the whole comparison.
function Others({ comparison, selection, query }: { comparison: Comparison; selection: Selection; query: Query }) {
  const unpaired = comparison.numOnlyBaseline + comparison.numOnlyCandidate;
  const others: [RowBucket, string, bigint][] = [
    [RowBucket.UNPAIRED, '∅', isBinary(selection.metric) ? unpaired : 0n],
    [RowBucket.CHANGED, '≠', comparison.numChanged],
  ];
  const shown = others.filter(([, , value]) => value > 0n);
  return shown.length === 0 ? null : (
    <p class="counts">
      {shown.map(([bucket, glyph, value]) => (
        <BucketLink key={bucket} bucket={bucket} selection={selection} query={query}>
          <span aria-hidden="true">{glyph}</span> {selection.cohort === '' && count(value)} {BUCKETS[bucket][2]}
        </BucketLink>
      ))}
    </p>
  );
}

// Right and wrong, before and after, in the cohort that is selected. For scores: worse and better.
export function FlipTable({
  comparison,
  selection,
  query,
}: {
  comparison: Comparison;
  selection: Selection;
  query: Query;
}) {
  const metric = selection.metric!;
  const cell =
    selection.cohort === ''
      ? metric.overall
      : metric.cohorts.find((candidate) => candidate.cohort === selection.cohort);
  const shared = { selection, query };
  if (!isBinary(metric)) {
    const numUnpaired = Number(comparison.numOnlyBaseline) + Number(comparison.numOnlyCandidate);
    const worse = Number(cell?.numWorse ?? 0);
    const better = Number(cell?.numBetter ?? 0);
    return (
      <section aria-label="Rows by change" class="flips">
        <table>
          <tbody>
            <tr>
              <Count {...shared} bucket={RowBucket.BROKEN} glyph="▼" word="worse" value={worse} tone="worse" />
              <Count {...shared} bucket={RowBucket.FIXED} glyph="▲" word="better" value={better} tone="better" />
              <Count
                {...shared}
                bucket={RowBucket.BOTH_WRONG}
                glyph="="
                word="equal"
                value={cell ? Number(cell.numRows) - worse - better : undefined}
                tone="same"
              />
              <Count {...shared} bucket={RowBucket.UNPAIRED} glyph="∅" word="unpaired" value={selection.cohort === '' ? numUnpaired : undefined} tone="same" />
            </tr>
          </tbody>
        </table>
        <Others comparison={comparison} selection={selection} query={query} />
      </section>
    );
  }
  const isWhole = selection.cohort === '' && comparison.flipMetric === metric.metric?.id;
  const counts = isWhole
    ? {
        broken: Number(comparison.numBroken),
        fixed: Number(comparison.numFixed),
        bothWrong: Number(comparison.numBothWrong),
        bothRight: Number(comparison.numBothRight),
      }
    : flipCounts(cell);
  return (
    <section aria-label="Rows by change" class="flips">
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">right after</th>
            <th scope="col">wrong after</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">right before</th>
            <Count {...shared} bucket={RowBucket.BOTH_RIGHT} glyph="=" word="both right" value={counts?.bothRight} tone="same" />
            <Count {...shared} bucket={RowBucket.BROKEN} glyph="✗" word="broken" value={counts?.broken} tone="worse" />
          </tr>
          <tr>
            <th scope="row">wrong before</th>
            <Count {...shared} bucket={RowBucket.FIXED} glyph="✓" word="fixed" value={counts?.fixed} tone="better" />
            <Count {...shared} bucket={RowBucket.BOTH_WRONG} glyph="=" word="both wrong" value={counts?.bothWrong} tone="same" />
          </tr>
        </tbody>
      </table>
      <Others comparison={comparison} selection={selection} query={query} />
    </section>
  );
}
