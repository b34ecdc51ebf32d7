import { useCall } from '../../api/calls';
import type { Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { Loaded } from '../../components/States';
import { Curves } from './Curves';
import { loadScores } from './scores';
import { hasRows, isBinary, type Selection } from './selection';

// How the scores of the rows are distributed before and after: the share of rows up to a score.
export function Distribution({ comparison, selection }: { comparison: Comparison; selection: Selection }) {
  const id = selection.metric?.metric?.id ?? '';
  const isShown = hasRows(selection.metric) && !isBinary(selection.metric);
  const key = (run: string) => (isShown ? `scores/${run}/${id}` : undefined);
  const before = useCall(key(comparison.baselineRun), () => loadScores(comparison.baselineRun, id), () => true);
  const after = useCall(key(comparison.candidateRun), () => loadScores(comparison.candidateRun, id), () => true);
  if (!isShown) {
    return null;
  }
  return (
    <Loaded call={before} what="the scores before">
      {(was) => (
        <Loaded call={after} what="the scores after">
          {(is) => <Curves id={id} unit={selection.metric?.metric?.unit ?? ''} was={was} is={is} numRows={Number(comparison.numPaired)} />}
        </Loaded>
      )}
    </Loaded>
  );
}
