import { describe, expect, test } from 'vitest';
import { tokenDiff } from '../src/format/tokens';

const joined = (before: string, after: string, without: 'removed' | 'added') =>
  tokenDiff(before, after)
    .filter((piece) => piece.kind !== without)
    .map((piece) => piece.text)
    .join('');

describe('the difference of two answers', () => {
  test.each([
    ['', 'new'],
    ['a b c', 'a x c'],
    ['the quick brown fox', 'the slow brown dog'],
    ['日本 語', '日本 人'],
    ['word '.repeat(2000), 'other '.repeat(2000)],
  ])('holds both texts whole', (before, after) => {
    expect(joined(before, after, 'added')).toBe(before);
    expect(joined(before, after, 'removed')).toBe(after);
  });
  test('keeps the words that both have', () => {
    expect(tokenDiff('a b c', 'a x c')).toEqual([
      { text: 'a ', kind: 'same' },
      { text: 'b', kind: 'removed' },
      { text: 'x', kind: 'added' },
      { text: ' c', kind: 'same' },
    ]);
  });
});
