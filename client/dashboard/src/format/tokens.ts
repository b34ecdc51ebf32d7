// The difference of two texts by words: the longest common subsequence of tokens.

export interface Piece {
  text: string;
  kind: 'same' | 'removed' | 'added';
}

// Beyond this the middle is shown as replaced: the table below grows with the product.
const MAX_TOKENS = 600;

function tokens(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

function push(pieces: Piece[], text: string, kind: Piece['kind']): void {
  if (text === '') {
    return;
  }
  const last = pieces.at(-1);
  if (last?.kind === kind) {
    last.text += text;
  } else {
    pieces.push({ text, kind });
  }
}

export function tokenDiff(before: string, after: string): Piece[] {
  const a = tokens(before);
  const b = tokens(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    start += 1;
  }
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) {
    end += 1;
  }
  const pieces: Piece[] = [];
  push(pieces, a.slice(0, start).join(''), 'same');
  const left = a.slice(start, a.length - end);
  const right = b.slice(start, b.length - end);
  if (left.length > MAX_TOKENS || right.length > MAX_TOKENS) {
    push(pieces, left.join(''), 'removed');
    push(pieces, right.join(''), 'added');
  } else {
    alignTokens(left, right, pieces);
  }
  push(pieces, a.slice(a.length - end).join(''), 'same');
  return pieces;
}

function alignTokens(left: string[], right: string[], pieces: Piece[]): void {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        left[i] === right[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) {
      push(pieces, left[i]!, 'same');
      i += 1;
      j += 1;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) {
      push(pieces, left[i]!, 'removed');
      i += 1;
    } else {
      push(pieces, right[j]!, 'added');
      j += 1;
    }
  }
  push(pieces, left.slice(i).join(''), 'removed');
  push(pieces, right.slice(j).join(''), 'added');
}
