import { useCall, useWatch, type Call } from '../../api/calls';
import { Comparison_State, type Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { comparisons } from '../../api/comparisons';

function hasEnded(comparison: Comparison): boolean {
  return (
    comparison.state === Comparison_State.SUCCEEDED || comparison.state === Comparison_State.FAILED
  );
}

// A comparison, kept up to date until it has ended. `onFirst` sees it before it is shown.
export function useComparison(
  name: string,
  onFirst: (comparison: Comparison) => void = () => {},
): Call<Comparison> {
  const key = `comparison/${name}`;
  const load = async () => {
    const comparison = await comparisons.getComparison({ name });
    onFirst(comparison);
    return comparison;
  };
  const call = useCall(key, load, hasEnded);
  useWatch(
    key,
    call.data !== undefined && !hasEnded(call.data),
    (signal) => comparisons.watchComparison({ name }, { signal }),
    hasEnded,
  );
  return call;
}
