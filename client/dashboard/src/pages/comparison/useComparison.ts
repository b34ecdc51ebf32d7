import { useCall, useWatch, type Call } from '../../api/calls';
import { Comparison_State, type Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { comparisons } from '../../api/transport';

function hasEnded(comparison: Comparison): boolean {
  return (
    comparison.state === Comparison_State.SUCCEEDED || comparison.state === Comparison_State.FAILED
  );
}

// A comparison, kept up to date until it has ended.
export function useComparison(name: string): Call<Comparison> {
  const key = `comparison/${name}`;
  const call = useCall(key, () => comparisons.getComparison({ name }), hasEnded);
  useWatch(
    key,
    call.data !== undefined && !hasEnded(call.data),
    (signal) => comparisons.watchComparison({ name }, { signal }),
    hasEnded,
  );
  return call;
}
