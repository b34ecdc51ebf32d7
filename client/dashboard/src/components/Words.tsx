import { Comparison_State, RowBucket, Verdict } from '../api/gen/assay/v1/comparison_service_pb';
import { Run_State } from '../api/gen/assay/v1/run_service_pb';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { Link } from 'wouter-preact';
import { excerpt, visible } from '../format/text';
import { ago, millis, utc } from '../format/time';
import { pagePath, shortName } from '../format/names';

// Glyph and word beside every colour.

type Tone = 'good' | 'bad' | 'warn' | 'plain';

export function Badge({ tone, glyph, word }: { tone: Tone; glyph: string; word: string }) {
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{glyph}</span> {word}
    </span>
  );
}

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

// A difference with its direction as a glyph.
export function Delta({ trend, text }: { trend: -1 | 0 | 1; text: string }) {
  const glyph = trend < 0 ? '▼' : trend > 0 ? '▲' : '';
  const word = trend < 0 ? 'worse' : trend > 0 ? 'better' : '';
  return (
    <span class={`delta ${trend < 0 ? 'bad' : trend > 0 ? 'good' : ''}`}>
      {glyph !== '' && <span aria-hidden="true">{glyph} </span>}
      {text}
      {word !== '' && <span class="offscreen"> ({word})</span>}
    </span>
  );
}

export function When({ time }: { time: Timestamp | undefined }) {
  const then = millis(time);
  return then === undefined ? (
    <span>–</span>
  ) : (
    <time dateTime={new Date(then).toISOString()} title={utc(then)}>
      {ago(then, Date.now())}
    </time>
  );
}

export function ResourceLink({ name }: { name: string }) {
  return name === '' ? <span>–</span> : <Link href={pagePath(name)}>{shortName(name)}</Link>;
}

// A text of a row on one line.
export function RowText({ text, maxChars = 80 }: { text: string; maxChars?: number }) {
  return (
    <bdi class="data" dir="auto">
      {excerpt(text, maxChars)}
    </bdi>
  );
}

// A text of a row in full.
export function FullText({ text }: { text: string }) {
  return (
    <pre class="data full" dir="auto" tabIndex={0}>
      {visible(text)}
    </pre>
  );
}
