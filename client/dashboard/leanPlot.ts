import * as chromatic from 'd3-scale-chromatic';
import * as geo from 'd3-geo';
import type { Plugin } from 'vite';

// Observable Plot refers to all projections of maps and all schemes of colour, so that no bundler can
// leave them out. Our charts have neither: they draw in plain coordinates and name every colour.
const UNUSED: Record<string, object> = { 'd3-geo': geo, 'd3-scale-chromatic': chromatic };

// It also makes a formatter of numbers as soon as it is loaded, which takes the browser longer than
// a chart; ours is made when a number needs it.
const EAGER = 'return new Intl.NumberFormat(locale);';
const LATE = `let made;
  return { format: (value) => (made ??= new Intl.NumberFormat(locale)).format(value) };`;

export function leanPlot(): Plugin {
  return {
    name: 'lean-plot',
    enforce: 'pre',
    resolveId: (id) => (id in UNUSED ? `\0unused:${id}` : undefined),
    load(id) {
      const module = UNUSED[id.replace('\0unused:', '')];
      return module && `const unused = () => undefined;\n${Object.keys(module).map((name) => `export { unused as ${name} };`).join('\n')}`;
    },
    transform(code, id) {
      if (!id.endsWith('@observablehq/plot/src/format.js')) {
        return undefined;
      }
      if (!code.includes(EAGER)) {
        this.error(`no ${EAGER}`);
      }
      return code.replace(EAGER, LATE);
    },
  };
}
