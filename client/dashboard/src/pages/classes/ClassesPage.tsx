import type { Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { Empty, Loaded } from '../../components/States';
import { pagePath, shortName } from '../../format/names';
import { useKeys } from '../../state/keys';
import { useQuery } from '../../state/query';
import { ComparisonView } from '../comparison/Views';
import { useRun } from '../useRun';
import { CellRows } from './CellRows';
import { hasTables, ResultTables } from './ResultTables';

// Which classes are confused, and how far confidence can be trusted, before and after.
export function ClassesPage({ name }: { name: string }) {
  return (
    <ComparisonView name={name} view="classes">
      {(comparison) => <Sides comparison={comparison} />}
    </ComparisonView>
  );
}

function Sides({ comparison }: { comparison: Comparison }) {
  const query = useQuery();
  const before = useRun(comparison.baselineRun);
  const after = useRun(comparison.candidateRun);
  const rowPath = (row: number) => `${pagePath(comparison.name)}/rows/${row}`;
  useKeys([
    { key: 'Escape', what: 'Choose no cell and no bin', run: () => query.set({ cell: undefined, bin: undefined }) },
  ]);
  return (
    <Loaded call={before} what="the run before">
      {(was) => (
        <Loaded call={after} what="the run after">
          {(is) =>
            hasTables([was, is]) ? (
              <>
                <p class="muted">
                  Of all rows that each side scored, {shortName(comparison.baselineModelVersion)} before and{' '}
                  {shortName(comparison.candidateModelVersion)} after; the metrics of the comparison count
                  paired rows only.
                </p>
                <ResultTables before={was} after={is} query={query} rowPath={rowPath}>
                  <CellRows before={was} after={is} rowPath={rowPath} query={query} />
                </ResultTables>
              </>
            ) : (
              <Empty
                what="Neither run has classes or confidences. An evaluator of labels or probabilities makes them."
                command={`assay eval --dataset ${shortName(comparison.datasetVersion)} --model ${shortName(comparison.candidateModelVersion)} --evaluator ground_truth_match:accuracy,per_class`}
              />
            )
          }
        </Loaded>
      )}
    </Loaded>
  );
}
