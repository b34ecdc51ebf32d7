// Which rows lie nearest to one, before and after.

export interface KeyedVector {
  key: string;
  vector: number[];
}

export interface Neighbor {
  key: string;
  cosine: number;
  otherRank: number | undefined; // among the neighbours of the other side, from 1
}

// Cosine of two vectors of one length. Absent when one of them is 0.
export function cosine(a: number[], b: number[]): number | undefined {
  let dot = 0;
  let left = 0;
  let right = 0;
  for (let i = 0; i < a.length; i += 1) {
    dot += a[i]! * b[i]!;
    left += a[i]! ** 2;
    right += b[i]! ** 2;
  }
  return left === 0 || right === 0 ? undefined : dot / Math.sqrt(left * right);
}

// The `k` vectors nearest to that of `key`, by cosine; equally near ones in the order given. Vectors
// of another length and zero vectors are nobody's neighbours.
function nearest(vectors: KeyedVector[], { key, vector }: KeyedVector, k: number): { key: string; cosine: number }[] {
  return vectors
    .filter((other) => other.key !== key && other.vector.length === vector.length)
    .flatMap((other) => {
      const value = cosine(vector, other.vector);
      return value === undefined ? [] : [{ key: other.key, cosine: value }];
    })
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, k);
}

// The neighbours of one row within each side, nearest first. A side has its own space: cosines of
// one say nothing of those of the other, ranks do.
export function neighborsOf(
  key: string,
  before: { all: KeyedVector[]; own: number[] },
  after: { all: KeyedVector[]; own: number[] },
  k: number,
): { before: Neighbor[]; after: Neighbor[]; numKept: number } {
  const was = nearest(before.all, { key, vector: before.own }, k);
  const is = nearest(after.all, { key, vector: after.own }, k);
  const ranks = (list: { key: string }[]) => new Map(list.map((neighbor, i) => [neighbor.key, i + 1]));
  const withRanks = (list: { key: string; cosine: number }[], others: Map<string, number>) =>
    list.map((neighbor): Neighbor => ({ ...neighbor, otherRank: others.get(neighbor.key) }));
  const result = { before: withRanks(was, ranks(is)), after: withRanks(is, ranks(was)) };
  return { ...result, numKept: result.after.filter(({ otherRank }) => otherRank !== undefined).length };
}
