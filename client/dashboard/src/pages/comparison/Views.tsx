import type { ComponentChildren } from 'preact';
import { useLocation } from 'wouter-preact';
import { Comparison_State, type Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { useTitle } from '../../components/Layout';
import { Link } from '../../components/Link';
import { Loaded } from '../../components/States';
import { ComparisonStateBadge } from '../../components/Verdicts';
import { ResourceLink, When } from '../../components/Words';
import { pagePath, shortName } from '../../format/names';
import { useKeys } from '../../state/keys';
import { useComparison } from './useComparison';

export type ViewId = '' | 'classes' | 'latency' | 'layers';

const VIEWS: [ViewId, string][] = [
  ['', 'Overview'],
  ['classes', 'Classes and calibration'],
  ['latency', 'Latency'],
  ['layers', 'Layers'],
];

function viewPath(comparison: Comparison, view: ViewId): string {
  return pagePath(comparison.name) + (view === '' ? '' : `/${view}`);
}

// What every view of a comparison begins with: the sides, the verdict, the way to the other views.
export function Head({
  comparison,
  view,
  children,
}: {
  comparison: Comparison;
  view: ViewId;
  children?: ComponentChildren;
}) {
  const [, navigate] = useLocation();
  useKeys(
    VIEWS.map(([id, label], i) => ({
      key: String(i + 1),
      what: label,
      run: () => navigate(viewPath(comparison, id)),
    })),
  );
  const isDone = comparison.state === Comparison_State.SUCCEEDED;
  return (
    <>
      <div class="bar">
        <h1>
          <ResourceLink name={comparison.baselineModelVersion} /> →{' '}
          <ResourceLink name={comparison.candidateModelVersion} />
        </h1>
        <span class="muted">
          on <ResourceLink name={comparison.datasetVersion} /> · comparison {shortName(comparison.name)} ·{' '}
          <When time={comparison.createTime} />
        </span>
        <span class="spacer" />
        {children}
      </div>
      <div class="verdict">
        <ComparisonStateBadge state={comparison.state} verdict={comparison.verdict} />
        <p>{isDone ? comparison.summary : comparison.error || 'Not computed yet; this page follows it.'}</p>
      </div>
      <nav class="views" aria-label="Views of the comparison">
        {VIEWS.map(([id, label]) => (
          <Link key={id} href={viewPath(comparison, id)} aria-current={id === view ? 'page' : undefined}>
            {label}
          </Link>
        ))}
      </nav>
    </>
  );
}

// A page that shows one more view of a comparison, once it is computed.
export function ComparisonView({
  name,
  view,
  children,
}: {
  name: string;
  view: ViewId;
  children: (comparison: Comparison) => ComponentChildren;
}) {
  const call = useComparison(name);
  const label = VIEWS.find(([id]) => id === view)![1];
  useTitle(
    call.data
      ? `${label}: ${shortName(call.data.baselineModelVersion)} → ${shortName(call.data.candidateModelVersion)}`
      : `comparison ${shortName(name)}`,
  );
  return (
    <Loaded call={call} what="the comparison">
      {(comparison) => (
        <>
          <Head comparison={comparison} view={view} />
          {comparison.state === Comparison_State.SUCCEEDED && children(comparison)}
        </>
      )}
    </Loaded>
  );
}
