import {
  Comparison_Fairness,
  Gate_Tier,
  RowBucket,
  type Comparison,
  type Gate,
  type FieldDifference,
} from '../../api/gen/assay/v1/comparison_service_pb';
import { Direction, type Metric } from '../../api/gen/assay/v1/run_service_pb';
import { Link } from '../../components/Link';
import { VerdictBadge } from '../../components/Verdicts';
import { Delta } from '../../components/Words';
import { shortName } from '../../format/names';
import { metricDelta, metricInterval, powerText, trend } from '../../format/metrics';
import { ABSENT, count, effectSize, metricValue, pValue } from '../../format/numbers';
import { visible } from '../../format/text';
import type { Query } from '../../state/query';
import { BucketLink } from './FlipTable';
import { mayDiffer, type Selection } from './selection';

export function Differences({ title, fields }: { title: string; fields: FieldDifference[] }) {
  return (
    <section aria-label={title} class="changed">
      <h2>{title}</h2>
      <dl>
        {fields.map((field) => (
          <div key={field.field}>
            <dt>{field.field}</dt>
            <dd class="data">
              <bdi>{visible(field.baseline) || 'not declared'}</bdi> →{' '}
              <bdi>{visible(field.candidate) || 'not declared'}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Counts({ comparison, selection, query }: { comparison: Comparison; selection: Selection; query: Query }) {
  const errors = (value: bigint) => (value === 1n ? 'error' : 'errors');
  // How many, of what, and the rows behind it.
  const facts: [bigint, string, RowBucket?][] = [
    [comparison.numPaired, 'paired'],
    [comparison.numOnlyBaseline, 'only in the baseline', RowBucket.UNPAIRED],
    [comparison.numOnlyCandidate, 'only in the candidate', RowBucket.UNPAIRED],
    [comparison.numChanged, comparison.numChanged === 1n ? 'changed example' : 'changed examples', RowBucket.CHANGED],
    [comparison.numBaselineErrors, `${errors(comparison.numBaselineErrors)} before`],
    [comparison.numCandidateErrors, `${errors(comparison.numCandidateErrors)} after`],
  ];
  return (
    <p class="counts">
      {facts
        .filter(([value], i) => i === 0 || value > 0n)
        .map(([value, label, bucket]) => (
          <span key={label}>
            <strong>{count(value)}</strong>{' '}
            {bucket === undefined ? (
              label
            ) : (
              <BucketLink bucket={bucket} selection={selection} query={query}>
                {label}
              </BucketLink>
            )}
          </span>
        ))}
      {comparison.identicalOutputs && <span>outputs are identical</span>}
    </p>
  );
}

export function Warnings({ comparison }: { comparison: Comparison }) {
  if (comparison.fairness !== Comparison_Fairness.CONFOUNDED) {
    return null;
  }
  return (
    <div class="warning" role="note">
      <strong>⚠ The sides differ in what must match</strong>
      {comparison.allowConfounded ? ', and the comparison was allowed all the same.' : '.'}
      <Differences title="What must match and does not" fields={comparison.confounds} />
    </div>
  );
}

const TIERS: Record<Gate_Tier, string> = {
  [Gate_Tier.TIER_UNSPECIFIED]: 'critical',
  [Gate_Tier.CRITICAL]: 'critical',
  [Gate_Tier.SUPPORTING]: 'supporting',
  [Gate_Tier.ADVISORY]: 'advisory',
};

// What a gate accepts, as a bound on the difference.
function limitText(gate: Gate, metric: Metric | undefined): string {
  const { case: kind, value } = gate.limit;
  switch (kind) {
    case 'maxDrop':
      return metricDelta(metric?.direction === Direction.LOWER ? value : -value, metric);
    case 'maxIncrease':
      return metricDelta(value, metric);
    case 'maxRelativeDrop':
      return `−${percent(value)} of the value before`;
    case 'maxRelativeIncrease':
      return `+${percent(value)} of the value before`;
    case 'maxFlips':
      return `${percent(value)} of rows broken`;
    case 'maxChanged':
      return `${percent(value)} of answers changed`;
    default:
      return ABSENT;
  }
}

function percent(share: number): string {
  return `${+(share * 100).toPrecision(3)} %`;
}

// Level of the two-sided interval whose ends are the one-sided bounds of the gate.
function gateLevel(alpha: number | undefined): string {
  return alpha === undefined || alpha === 0 ? '' : `${+((1 - 2 * alpha) * 100).toPrecision(3)} %`;
}

// Limits of the policy on the data, and what a reader must know.
export function Budgets({ comparison }: { comparison: Comparison }) {
  if (comparison.budgets.length + comparison.warnings.length === 0) {
    return null;
  }
  return (
    <ul class="budgets">
      {comparison.budgets.map((budget) => (
        <li key={budget.name}>
          <VerdictBadge verdict={budget.verdict} /> {budget.reason}
        </li>
      ))}
      {comparison.warnings.map((warning) => (
        <li key={warning}>⚠ {visible(warning)}</li>
      ))}
    </ul>
  );
}

// Slices that one half of the examples proposed and the other half confirmed or not.
export function Slices({ comparison, query }: { comparison: Comparison; query: Query }) {
  const search = comparison.sliceSearch;
  if (!search) {
    return null;
  }
  const metric = comparison.metrics.find((entry) => entry.metric?.id === search.metric)?.metric;
  return (
    <section aria-labelledby="slices-title">
      <h2 id="slices-title">Slices that became worse in {search.metric}</h2>
      <p class="muted">
        {count(search.numConsidered)} slices of at least {count(search.minRows)} examples were
        searched on one half and tested on the other (seed {String(search.seed)}).
      </p>
      {search.slices.length > 0 && (
        <table>
          <thead>
            <tr>
              <th>slice</th>
              <th class="number">rows tested</th>
              <th class="number">Δ</th>
              <th class="number">95 % interval</th>
              <th class="number">q</th>
            </tr>
          </thead>
          <tbody>
            {search.slices.map((slice) => (
              <tr key={slice.cohort}>
                <th scope="row" class="data">
                  <Link href={query.href({ metric: search.metric, cohort: slice.cohort.includes(',') ? undefined : slice.cohort })}>
                    <bdi>{visible(slice.cohort)}</bdi>
                  </Link>
                </th>
                <td class="number">{count(slice.numTestRows)}</td>
                <td class="number">
                  <Delta trend={trend(slice.delta, metric)} text={metricDelta(slice.delta, metric)} />
                </td>
                <td class="number">{metricInterval(slice.lower, slice.upper, metric)}</td>
                <td class="number">{pValue(slice.q)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

// The baseline that the first side was named by, and how many answers differ at all.
export function Facts({ comparison }: { comparison: Comparison }) {
  const { baseline, behavior } = comparison;
  return (
    <>
      {comparison.claim !== '' && <p>Claim: {visible(comparison.claim)}</p>}
      {baseline && (
        <p>
          {baseline.expired && <strong class="bad">✗ expired: </strong>}
          Baseline {shortName(baseline.name)}, set by {visible(baseline.actor) || 'someone'}
          {baseline.reason !== '' && `: ${visible(baseline.reason)}`}
        </p>
      )}
      {behavior && (
        <p>
          {count(behavior.numChanged)} of {count(behavior.numRows)} answers ({behavior.column})
          differ at all
          {behavior.lower !== undefined &&
            behavior.upper !== undefined &&
            `, 95 % interval ${percent(behavior.lower)} to ${percent(behavior.upper)}`}
          .
        </p>
      )}
    </>
  );
}

export function Gates({ comparison, query }: { comparison: Comparison; query: Query }) {
  if (comparison.gates.length === 0) {
    return null;
  }
  return (
    <section aria-labelledby="gates-title">
      <h2 id="gates-title">Gates</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Gates, as a table">
        <table>
          <thead>
            <tr>
              <th>verdict</th>
              <th>metric</th>
              <th class="number">allowed</th>
              <th class="number">Δ</th>
              <th class="number">interval</th>
              <th class="number">p, corrected</th>
              <th class="number">rows</th>
              <th>tier</th>
              <th>why</th>
            </tr>
          </thead>
          <tbody>
            {comparison.gates.map((result, i) => {
              const gate = result.gate!;
              const metric = comparison.metrics.find(
                (candidate) => candidate.metric?.id === gate.metric,
              )?.metric;
              return (
                <tr key={i}>
                  <td>
                    <VerdictBadge verdict={result.verdict} />
                  </td>
                  <td class="data">
                    <Link href={query.href({ metric: gate.metric, cohort: gate.cohort })}>
                      {gate.metric}
                      {gate.cohort !== '' && ` · ${gate.cohort}`}
                    </Link>
                  </td>
                  <td class="number">{limitText(gate, metric)}</td>
                  <td class="number">
                    <Delta trend={trend(result.delta, metric)} text={metricDelta(result.delta, metric)} />
                  </td>
                  <td class="number" title={result.method}>
                    {metricInterval(result.lower, result.upper, metric)}{' '}
                    <span class="muted">{gateLevel(gate.alpha ?? comparison.policy?.alpha)}</span>
                  </td>
                  <td class="number">{pValue(result.pAdjusted)}</td>
                  <td class="number">{count(result.numRows)}</td>
                  <td>{TIERS[gate.tier] ?? ABSENT}</td>
                  <td>{result.reason}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Metrics({
  comparison,
  selection,
  query,
}: {
  comparison: Comparison;
  selection: Selection;
  query: Query;
}) {
  const shown = selection.onlyDifferences
    ? comparison.metrics.filter(
        (metric) => metric.overall?.delta !== 0 || metric === selection.metric,
      )
    : comparison.metrics;
  const numHidden = comparison.metrics.length - shown.length;
  return (
    <section aria-labelledby="metrics-title">
      <h2 id="metrics-title">Metrics</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Metrics, as a table">
        <table class="choice">
          <thead>
            <tr>
              <th>metric</th>
              <th class="number">before</th>
              <th class="number">after</th>
              <th class="number">Δ</th>
              <th class="number">95 % interval</th>
              <th class="number">effect size</th>
              <th class="number">p</th>
              <th class="number">rows</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((entry) => {
              const cell = entry.overall;
              const isChosen = entry === selection.metric;
              return (
                <tr key={entry.metric!.id} data-chosen={isChosen}>
                  <th scope="row" class="data">
                    <Link
                      href={query.href({ metric: entry.metric!.id })}
                      aria-current={isChosen ? 'true' : undefined}
                    >
                      {entry.metric!.id}
                    </Link>
                  </th>
                  <td class="number">{metricValue(cell?.baseline)}</td>
                  <td class="number">{metricValue(cell?.candidate)}</td>
                  <td class="number">
                    <Delta trend={cell && mayDiffer(cell) ? trend(cell.delta, entry.metric) : 0} text={metricDelta(cell?.delta, entry.metric)} />
                  </td>
                  <td class="number">{metricInterval(cell?.lower, cell?.upper, entry.metric)}</td>
                  <td class="number" title={cell?.effectSize === undefined ? undefined : powerText(cell.minimumDetectableEffect, entry.metric)}>
                    {effectSize(cell?.effectSize)}
                  </td>
                  <td class="number">{pValue(cell?.p)}</td>
                  <td class="number">{count(cell?.numRows ?? 0)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      {numHidden > 0 && <p class="muted">{numHidden} metrics without any difference are hidden.</p>}
    </section>
  );
}
