import { LayerComparison_Tier, type LayerHealth, type NamedSwap } from '../../api/gen/assay/v1/reference_model_service_pb';
import { metricValue } from '../../format/numbers';

type Tone = 'good' | 'bad' | 'warn' | 'plain';

export function tierWords(tier: LayerComparison_Tier): [Tone, string, string] {
  switch (tier) {
    case LayerComparison_Tier.IDENTICAL:
      return ['good', '=', 'identical'];
    case LayerComparison_Tier.EQUIVALENT:
      return ['good', '≈', 'equivalent'];
    case LayerComparison_Tier.FORMULA_VARIANT:
      return ['warn', '≈', 'formula variant'];
    case LayerComparison_Tier.QUANTIZATION_LIKE:
      return ['warn', '≈', 'as if quantised'];
    case LayerComparison_Tier.BROKEN:
      return ['bad', '✗', 'broken'];
    default:
      return ['bad', '≠', 'different function'];
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function arrows(name: string): string {
  return name.replaceAll('->', '→');
}

// What explains the difference of the outputs, in one sentence.
export function swapSentence(swap: NamedSwap | undefined): string {
  if (swap === undefined || swap.numTried === 0) {
    return 'There is no difference of the outputs to name.';
  }
  const next =
    swap.runnerUp === '' ? '' : ` The next best, ${arrows(swap.runnerUp)}, explains ${percent(swap.runnerUpExplained)} of the difference.`;
  if (swap.name === '') {
    return `None of ${swap.numTried} known swaps of activation functions explains the difference.${next}`;
  }
  const left = swap.sqnrDb === undefined ? 'bit for bit' : `to ${swap.sqnrDb.toFixed(0)} dB`;
  return `The outputs are consistent with ${arrows(swap.name)}, which predicts them ${left}; ${swap.numTried} swaps were tried.${next}`;
}

function optional(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '–' : text(value);
}

// What is measured of an activation layer, in the order that a reader looks for it.
export const MEASURES: [string, (health: LayerHealth) => string][] = [
  ['units that are 0 on every row (dead)', (health) => `${health.deadUnits} of ${health.numUnits}`],
  ['units with one value on every row', (health) => `${health.constantUnits} of ${health.numUnits}`],
  ['results that are 0', (health) => percent(health.zeroShare)],
  ['results below 0', (health) => percent(health.negativeShare)],
  ['saturated results', (health) => optional(health.saturatedShare, percent)],
  ['results that are NaN or infinite', (health) => String(health.numNotFinite)],
  ['mean of the inputs', (health) => metricValue(health.preMean)],
  ['standard deviation of the inputs', (health) => metricValue(health.preStd)],
  ['mean', (health) => metricValue(health.mean)],
  ['standard deviation', (health) => metricValue(health.std)],
  ['smallest', (health) => metricValue(health.min)],
  ['largest', (health) => metricValue(health.max)],
  ['excess kurtosis', (health) => optional(health.kurtosis, metricValue)],
  ['largest channel over the median one', (health) => optional(health.outlierRatio, metricValue)],
  ['effective rank', (health) => optional(health.effectiveRank, metricValue)],
  ['participation ratio', (health) => optional(health.participationRatio, metricValue)],
  ['codes of 255 spent below 0 in int8', (health) => health.negativeCodes.toFixed(0)],
];
