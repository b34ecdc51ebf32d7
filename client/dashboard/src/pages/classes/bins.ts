import type { ReliabilityBin } from '../../format/tables';

export type SideName = 'before' | 'after' | 'outputs';

// A bin of the reliability diagram, as the address names it: `after:3`, counted from 0.
export interface BinChoice {
  side: SideName;
  index: number;
}

export function binText({ side, index }: BinChoice): string {
  return `${side}:${index}`;
}

export function binOf(text: string | undefined): BinChoice | undefined {
  const match = /^(before|after|outputs):(\d{1,4})$/.exec(text ?? '');
  return match ? { side: match[1] as SideName, index: Number(match[2]) } : undefined;
}

const MAX_SUM_ERROR = 0.001;

// The largest of the probabilities. Absent when they do not sum to 1, as evaluators have it.
export function confidenceOf(probabilities: number[]): number | undefined {
  const sum = probabilities.reduce((total, value) => total + value, 0);
  return Math.abs(sum - 1) <= MAX_SUM_ERROR ? Math.max(...probabilities) : undefined;
}

// Which edge belongs to a bin: both for bins of equal size, which end at confidences that occur; the
// upper or the lower one for bins of equal width, where the outermost have both.
export type Edges = 'both' | 'right' | 'left';

export function isInBin(confidence: number, { lowest, highest }: ReliabilityBin, edges: Edges): boolean {
  const isAbove = edges === 'right' && lowest > 0 ? confidence > lowest : confidence >= lowest;
  const isBelow = edges === 'left' && highest < 1 ? confidence < highest : confidence <= highest;
  return isAbove && isBelow;
}
