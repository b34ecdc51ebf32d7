import type { RetrievalReport } from '../../api/gen/assay/v1/reference_model_service_pb';
import { count } from '../../format/numbers';

// What the swap does to search: with the index rebuilt, and with the documents as they were.
export function RetrievalTable({ report }: { report: RetrievalReport }) {
  const sides = [
    ['before', report.baseline],
    ['after, index rebuilt (both sides)', report.bothSides],
    ['after, stale index (queries only)', report.staleIndex],
  ] as const;
  return (
    <section aria-labelledby="retrieval-title">
      <h2 id="retrieval-title">Search</h2>
      <p class="muted">
        {count(report.numQueries)} queries against {count(report.numDocuments)} documents.
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label="Search, as a table">
        <table>
          <thead>
            <tr>
              <th>embeddings</th>
              <th class="number">P@1</th>
              <th class="number">P@10</th>
              <th class="number">MRR@10</th>
              <th class="number">nDCG@10</th>
              <th class="number">overlap of the best 10</th>
              <th class="number">best one changed</th>
            </tr>
          </thead>
          <tbody>
            {sides.map(
              ([label, side]) =>
                side && (
                  <tr key={label}>
                    <th scope="row">{label}</th>
                    <td class="number">{side.precisionAt1.toFixed(4)}</td>
                    <td class="number">{side.precisionAt10.toFixed(4)}</td>
                    <td class="number">{side.mrrAt10.toFixed(4)}</td>
                    <td class="number">{side.ndcgAt10.toFixed(4)}</td>
                    <td class="number">{side.top10Jaccard.toFixed(3)}</td>
                    <td class="number">{count(side.top1Changed)}</td>
                  </tr>
                ),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
