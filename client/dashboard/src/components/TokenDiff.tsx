import { Fragment } from 'preact';
import { visible } from '../format/text';
import { tokenDiff } from '../format/tokens';

// What was taken out of a text and what came in, word by word.
export function TokenDiff({ before, after, label }: { before: string; after: string; label: string }) {
  return (
    <pre class="data full" dir="auto" tabIndex={0} aria-label={label}>
      {tokenDiff(before, after).map((piece, i) =>
        piece.kind === 'same' ? (
          <Fragment key={i}>{visible(piece.text)}</Fragment>
        ) : piece.kind === 'removed' ? (
          <del key={i}>{visible(piece.text)}</del>
        ) : (
          <ins key={i}>{visible(piece.text)}</ins>
        ),
      )}
    </pre>
  );
}
