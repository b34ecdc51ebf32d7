// What the charts use of the library; the rest stays out of the bundle.
export { areaY, barX, barY, cell, dot, lineY, line, link, plot, rectY, ruleX, ruleY, text } from '@observablehq/plot';
