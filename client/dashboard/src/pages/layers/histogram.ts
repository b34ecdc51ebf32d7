import type { LayerHealth } from '../../api/gen/assay/v1/reference_model_service_pb';

export interface Bin {
  side: 'before' | 'after';
  from: number;
  to: number;
  count: number;
  density: number; // share of the results over the width of the bin
}

// The bins of a side as densities, so that sides with other ranges can be laid over one another.
// Empty bins are left out.
export function densities(side: Bin['side'], health: LayerHealth): Bin[] {
  const counts = health.histogram.map(Number);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const width = (health.max - health.min) / counts.length;
  return counts.flatMap((count, i) =>
    count === 0
      ? []
      : [{ side, from: health.min + i * width, to: health.min + (i + 1) * width, count, density: count / total / width }],
  );
}
