import { Comparison_State, RowBucket, Verdict } from '../api/gen/assay/v1/comparison_service_pb';
import { Badge, type Tone } from './Words';

export const VERDICTS: Record<Verdict, [Tone, string, string]> = {
  [Verdict.UNSPECIFIED]: ['plain', '·', 'No gate'],
  [Verdict.PASS]: ['good', '✓', 'Pass'],
  [Verdict.REGRESSED]: ['bad', '✗', 'Regressed'],
  [Verdict.INCONCLUSIVE]: ['warn', '?', 'Inconclusive'],
  [Verdict.REFUSED]: ['bad', '⊘', 'Refused'],
};

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  const [tone, glyph, word] = VERDICTS[verdict] ?? ['plain', '·', 'Unknown'];
  return <Badge tone={tone} glyph={glyph} word={word} />;
}

export function ComparisonStateBadge({ state, verdict }: { state: Comparison_State; verdict: Verdict }) {
  switch (state) {
    case Comparison_State.SUCCEEDED:
      return <VerdictBadge verdict={verdict} />;
    case Comparison_State.FAILED:
      return <Badge tone="bad" glyph="✗" word="Failed" />;
    case Comparison_State.QUEUED:
      return <Badge tone="plain" glyph="…" word="Queued" />;
    default:
      return <Badge tone="plain" glyph="▸" word="Running" />;
  }
}

export const BUCKETS: Record<RowBucket, [Tone, string, string, string]> = {
  [RowBucket.UNSPECIFIED]: ['plain', '·', 'other', ''],
  [RowBucket.BROKEN]: ['bad', '✗', 'broken', 'broken'],
  [RowBucket.FIXED]: ['good', '✓', 'fixed', 'fixed'],
  [RowBucket.BOTH_WRONG]: ['plain', '=', 'both wrong', 'both_wrong'],
  [RowBucket.BOTH_RIGHT]: ['plain', '=', 'both right', 'both_right'],
  [RowBucket.UNPAIRED]: ['warn', '∅', 'unpaired', 'unpaired'],
  [RowBucket.CHANGED]: ['warn', '≠', 'changed', 'changed'],
};

// The names that hold for metrics that are not right or wrong.
export const SCORE_BUCKETS: Partial<Record<RowBucket, string>> = {
  [RowBucket.BROKEN]: 'worse',
  [RowBucket.FIXED]: 'better',
  [RowBucket.BOTH_WRONG]: 'equal',
};
const SCORE_GLYPHS: Partial<Record<RowBucket, string>> = {
  [RowBucket.BROKEN]: '▼',
  [RowBucket.FIXED]: '▲',
};

export function BucketBadge({ bucket, isBinary }: { bucket: RowBucket; isBinary: boolean }) {
  const [tone, glyph, word] = BUCKETS[bucket] ?? BUCKETS[RowBucket.UNSPECIFIED];
  return isBinary ? (
    <Badge tone={tone} glyph={glyph} word={word} />
  ) : (
    <Badge tone={tone} glyph={SCORE_GLYPHS[bucket] ?? glyph} word={SCORE_BUCKETS[bucket] ?? word} />
  );
}
