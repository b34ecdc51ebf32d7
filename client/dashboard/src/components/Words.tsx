import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { excerpt, visible } from '../format/text';
import { ago, millis, utc } from '../format/time';
import { pagePath, shortName } from '../format/names';
import { Link } from './Link';

// Glyph and word beside every colour.

export type Tone = 'good' | 'bad' | 'warn' | 'plain';

export function Badge({ tone, glyph, word }: { tone: Tone; glyph: string; word: string }) {
  return (
    <span class={`badge ${tone}`}>
      <span aria-hidden="true">{glyph}</span> {word}
    </span>
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
