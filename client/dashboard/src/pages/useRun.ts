import { useCall, useWatch, type Call } from '../api/calls';
import { Run_State, type Run } from '../api/gen/assay/v1/run_service_pb';
import { runs } from '../api/runs';

export function hasEnded(run: Run): boolean {
  return [Run_State.SUCCEEDED, Run_State.FAILED, Run_State.CANCELLED].includes(run.state);
}

// A run, kept up to date until it has ended.
export function useRun(name: string): Call<Run> {
  const key = `run/${name}`;
  const call = useCall(key, () => runs.getRun({ name }), hasEnded);
  useWatch(
    key,
    call.data !== undefined && !hasEnded(call.data),
    (signal) => runs.watchRun({ name }, { signal }),
    hasEnded,
  );
  return call;
}
