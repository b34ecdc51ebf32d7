import { describe, expect, test } from 'vitest';
import { csv, csvField, excerpt, markdownCell, visible } from '../src/format/text';

describe('texts of rows', () => {
  test('control, bidi and zero-width characters are made visible', () => {
    expect(visible('a\u0000b\u202ec\u200bd\ufeff')).toBe('a␀b⟦U+202E⟧c⟦U+200B⟧d⟦U+FEFF⟧');
  });
  test('tab, line feed and letters of any script stay', () => {
    expect(visible('ä\t日本\nעברית')).toBe('ä\t日本\nעברית');
  });
  test('a long text is cut with an ellipsis', () => {
    expect(excerpt('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(10)}…`);
    expect(excerpt('short', 10)).toBe('short');
  });
});

describe('csv', () => {
  test.each(['=1+1', '+1', '-1', '@a', '\tx', '\rx'])('defuses %j', (text) => {
    expect(csvField(text).replace(/^"/, '')).toMatch(/^'/);
  });
  test('numbers are no formulas', () => {
    expect(csvField(-0.5)).toBe('-0.5');
  });
  test('quotes what would break a row', () => {
    expect(csv([['a,b', 'c"d', undefined, 1]])).toBe('"a,b","c""d",,1\r\n');
  });
});

test('markdown cannot break out of its cell', () => {
  expect(markdownCell('a|b\n<img src=x>`')).toBe('a\\|b \\<img src=x\\>\\`');
});
