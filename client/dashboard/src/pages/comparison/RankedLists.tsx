import type { Scored } from '../../format/columns';
import { excerpt } from '../../format/text';
import type { Query } from '../../state/query';
import { fallenOut, rankedLists, type RankedDocument } from './ranking';

const ROW = 28;
const LINES = 90; // width of the strip with the movement lines

function Entry({ item }: { item: RankedDocument }) {
  const isRelevant = item.grade !== undefined && item.grade > 0;
  const move =
    item.otherRank === undefined
      ? 'not in the other list'
      : item.otherRank === item.rank
        ? 'same rank'
        : `rank ${item.otherRank} in the other list`;
  return (
    <li class={isRelevant ? 'relevant' : ''} title={move}>
      <span class="rank">{item.rank}</span>
      <bdi class="data">{excerpt(item.document, 28)}</bdi>
      <span class="grade">{item.grade === undefined ? 'not judged' : `grade ${item.grade}${isRelevant ? ' ★' : ''}`}</span>
      <span class="number">{item.score.toPrecision(5)}</span>
      <span class="number muted">{isRelevant ? `gain ${item.gain!.toFixed(2)}` : ''}</span>
      <span class="offscreen">{move}</span>
    </li>
  );
}

function Fallen({ items, k, side }: { items: RankedDocument[]; k: number; side: string }) {
  return items.length === 0 ? null : (
    <p>
      Relevant, and only {side} among the first {k}:{' '}
      {items.map((item, i) => (
        <span key={item.document} class="data">
          {i > 0 && ', '}
          <bdi>{excerpt(item.document, 28)}</bdi> (grade {item.grade}, {side === 'before' ? 'now' : 'was'}{' '}
          {item.otherRank === undefined ? 'not returned' : `at ${item.otherRank}`})
        </span>
      ))}
    </p>
  );
}

// Two ranked lists side by side, with a line for every document that both have.
export function RankedLists({
  before,
  after,
  relevance,
  query,
}: {
  before: Scored[];
  after: Scored[];
  relevance: Scored[];
  query: Query;
}) {
  const k = Math.min(100, Math.max(1, Number(query.get('k') ?? 10) || 10));
  const lists = rankedLists(before, after, relevance);
  const left = lists.before.slice(0, k);
  const right = lists.after.slice(0, k);
  const height = Math.max(left.length, right.length) * ROW;
  const y = (rank: number) => (rank - 0.5) * ROW;
  return (
    <section aria-labelledby="ranked-title">
      <div class="bar">
        <h2 id="ranked-title">Ranked documents</h2>
        <label>
          first{' '}
          <input type="number" min={1} max={100} value={k} onChange={(event) => query.set({ k: event.currentTarget.value })} />
        </label>
        <span class="muted">
          {before.length} returned before, {after.length} after, {relevance.length} judged
        </span>
      </div>
      <div class="ranked">
        <ol aria-label="before">{left.map((item) => <Entry key={item.document} item={item} />)}</ol>
        <svg width={LINES} height={height} aria-hidden="true">
          {left
            .filter((item) => item.otherRank !== undefined && item.otherRank <= k)
            .map((item) => (
              <line
                key={item.document}
                x1={0}
                x2={LINES}
                y1={y(item.rank)}
                y2={y(item.otherRank!)}
                class={(item.grade ?? 0) > 0 ? 'relevant' : ''}
              />
            ))}
        </svg>
        <ol aria-label="after">{right.map((item) => <Entry key={item.document} item={item} />)}</ol>
      </div>
      <Fallen items={fallenOut(lists.before, k)} k={k} side="before" />
      <Fallen items={fallenOut(lists.after, k)} k={k} side="after" />
    </section>
  );
}
