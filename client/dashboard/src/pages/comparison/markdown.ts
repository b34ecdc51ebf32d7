import type { Comparison } from '../../api/gen/assay/v1/comparison_service_pb';
import { VERDICTS } from '../../components/Verdicts';
import { shortName } from '../../format/names';
import { metricDelta, metricInterval } from '../../format/metrics';
import { metricValue, pValue } from '../../format/numbers';
import { csv, markdownCell, markdownTable } from '../../format/text';
import { differs } from './selection';

const NUM_COHORTS = 10;

// The comparison for a pull request or a chat.
export function comparisonMarkdown(comparison: Comparison, address: string): string {
  const [, glyph, word] = VERDICTS[comparison.verdict];
  const title = `${shortName(comparison.baselineModelVersion)} → ${shortName(comparison.candidateModelVersion)} on ${shortName(comparison.datasetVersion)}`;
  const parts = [
    `### ${glyph} ${word}: ${markdownCell(title)}\n`,
    `${markdownCell(comparison.summary)}\n`,
    ...comparison.modelDifferences.map(
      (field) =>
        `- changed: ${markdownCell(field.field)} ${markdownCell(field.baseline)} → ${markdownCell(field.candidate)}\n`,
    ),
    markdownTable(
      ['metric', 'before', 'after', 'Δ', '95 % CI', 'p'],
      comparison.metrics.map(({ metric, overall }) => [
        markdownCell(metric!.id),
        metricValue(overall?.baseline),
        metricValue(overall?.candidate),
        metricDelta(overall?.delta, metric),
        metricInterval(overall?.lower, overall?.upper, metric),
        pValue(overall?.p),
      ]),
    ),
  ];
  const cohorts = comparison.metrics
    .flatMap(({ metric, cohorts: cells }) => cells.filter(differs).map((cell) => ({ metric, cell })))
    .slice(0, NUM_COHORTS);
  if (cohorts.length > 0) {
    parts.push(
      markdownTable(
        ['cohort', 'metric', 'rows', 'Δ', '95 % CI', 'q'],
        cohorts.map(({ metric, cell }) => [
          markdownCell(cell.cohort),
          markdownCell(metric!.id),
          String(cell.numRows),
          metricDelta(cell.delta, metric),
          metricInterval(cell.lower, cell.upper, metric),
          pValue(cell.q),
        ]),
      ),
    );
  }
  return `${parts.join('\n')}\n${address}\n`;
}

// Every cell of the comparison.
export function comparisonCsv(comparison: Comparison): string {
  return csv([
    ['metric', 'cohort', 'rows', 'baseline', 'candidate', 'delta', 'lower', 'upper', 'p', 'q', 'method', 'effect_size', 'minimum_detectable_effect'],
    ...comparison.metrics.flatMap(({ metric, overall, cohorts }) =>
      [...(overall ? [overall] : []), ...cohorts].map((cell) => [
        metric!.id,
        cell.cohort,
        Number(cell.numRows),
        cell.baseline,
        cell.candidate,
        cell.delta,
        cell.lower,
        cell.upper,
        cell.p,
        cell.q,
        cell.method,
        cell.effectSize,
        cell.minimumDetectableEffect,
      ]),
    ),
  ]);
}
