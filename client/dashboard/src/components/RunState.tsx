import { Run_State } from '../api/gen/assay/v1/run_service_pb';
import { Badge, type Tone } from './Words';

const RUN_STATES: Record<Run_State, [Tone, string, string]> = {
  [Run_State.STATE_UNSPECIFIED]: ['plain', '·', 'Unknown'],
  [Run_State.QUEUED]: ['plain', '…', 'Queued'],
  [Run_State.RUNNING]: ['plain', '▸', 'Running'],
  [Run_State.SUCCEEDED]: ['good', '✓', 'Succeeded'],
  [Run_State.FAILED]: ['bad', '✗', 'Failed'],
  [Run_State.CANCELLED]: ['warn', '⊘', 'Cancelled'],
};

export function RunStateBadge({ state }: { state: Run_State }) {
  const [tone, glyph, word] = RUN_STATES[state] ?? RUN_STATES[Run_State.RUNNING];
  return <Badge tone={tone} glyph={glyph} word={word} />;
}
