// Texts of rows come from anywhere. They are shown as text nodes; what would be invisible or would
// reorder the page is made visible first.

const INVISIBLE =
  // C0 but tab and line feed, DEL and C1, bidi controls, zero-width, line separators, BOM
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

export function visible(text: string): string {
  return text.replace(INVISIBLE, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x20
      ? String.fromCharCode(0x2400 + code)
      : `⟦U+${code.toString(16).toUpperCase().padStart(4, '0')}⟧`;
  });
}

// One line, cut with an ellipsis.
export function excerpt(text: string, maxChars: number): string {
  const line = visible(text.slice(0, maxChars * 2)).replace(/[\t\n]+/g, ' ↵ ');
  return line.length > maxChars || text.length > maxChars * 2
    ? `${line.slice(0, maxChars)}…`
    : line;
}

// A field of a CSV file. A text that a spreadsheet would run as a formula is defused.
export function csvField(value: string | number | undefined): string {
  if (value === undefined) {
    return '';
  }
  if (typeof value === 'number') {
    return String(value);
  }
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(rows: (string | number | undefined)[][]): string {
  return rows.map((row) => row.map(csvField).join(',')).join('\r\n') + '\r\n';
}

// A cell of a Markdown table.
export function markdownCell(text: string): string {
  return visible(text).replace(/[\n\t]+/g, ' ').replace(/([\\`*_|<>[\]])/g, '\\$1');
}

export function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n') + '\n';
}
