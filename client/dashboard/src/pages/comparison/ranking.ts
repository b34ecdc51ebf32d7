import type { Scored } from '../../format/columns';

// How two ranked lists of one query differ.

export interface RankedDocument {
  document: string;
  score: number;
  rank: number; // from 1
  grade: number | undefined; // absent: not judged
  gain: number | undefined; // grade / log2(rank + 1), as in trec_eval's nDCG; of judged documents
  otherRank: number | undefined; // in the other list; absent: not in it
}

const encoder = new TextEncoder();

function compareBytes(a: string, b: string): number {
  const x = encoder.encode(a);
  const y = encoder.encode(b);
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) {
    if (x[i] !== y[i]) {
      return x[i]! - y[i]!;
    }
  }
  return x.length - y.length;
}

// The order in which rankings are scored: by score, equal scores by document id, descending in bytes.
export function inOrder(ranking: Scored[]): Scored[] {
  return [...ranking].sort((a, b) => b.value - a.value || compareBytes(b.document, a.document));
}

export function rankedLists(
  before: Scored[],
  after: Scored[],
  relevance: Scored[],
): { before: RankedDocument[]; after: RankedDocument[] } {
  const grades = new Map(relevance.map(({ document, value }) => [document, value]));
  const ranks = (list: Scored[]) => new Map(list.map(({ document }, i) => [document, i + 1]));
  const [first, second] = [inOrder(before), inOrder(after)];
  const [firstRanks, secondRanks] = [ranks(first), ranks(second)];
  const describe = (list: Scored[], others: Map<string, number>) =>
    list.map(({ document, value }, i): RankedDocument => {
      const grade = grades.get(document);
      return {
        document,
        score: value,
        rank: i + 1,
        grade,
        gain: grade === undefined ? undefined : Math.max(0, grade) / Math.log2(i + 2),
        otherRank: others.get(document),
      };
    });
  return { before: describe(first, secondRanks), after: describe(second, firstRanks) };
}

// Relevant documents that only one side has among its first `k`.
export function fallenOut(list: RankedDocument[], k: number): RankedDocument[] {
  return list.filter(
    ({ rank, grade, otherRank }) =>
      rank <= k && grade !== undefined && grade > 0 && (otherRank === undefined || otherRank > k),
  );
}
