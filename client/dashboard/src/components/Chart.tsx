import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/compat';
import { useLocation } from 'wouter-preact';
import { useQuery } from '../state/query';

type PlotLibrary = typeof import('./plot');
export type PlotSpec = (plot: PlotLibrary, width: number) => Element;

let library: Promise<PlotLibrary> | undefined;

// The library comes when the first chart is drawn.
function loadPlot(): Promise<PlotLibrary> {
  library ??= import('./plot');
  return library;
}

// A statistical chart with its text alternative, and the same numbers as a table on demand. `draw`
// is called again when `inputs` change or the width does. Which charts are tables is in the address.
export function Chart({
  id,
  title,
  text,
  draw,
  inputs,
  table,
}: {
  id: string; // unique on its page
  title: string;
  text: string;
  draw: PlotSpec;
  inputs: unknown[];
  table: ComponentChildren;
}) {
  const place = useRef<HTMLDivElement>(null);
  const query = useQuery();
  const tables = (query.get('tables') ?? '').split(',').filter((other) => other !== '');
  const isTable = tables.includes(id);
  const [width, setWidth] = useState(0);
  const [, navigate] = useLocation();

  useEffect(() => {
    if (!place.current) {
      return;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [isTable]);

  useEffect(() => {
    if (isTable || width === 0) {
      return;
    }
    let isGone = false;
    void loadPlot().then((plot) => {
      if (isGone || !place.current) {
        return;
      }
      const figure = draw(plot, width);
      // The policy allows no inline style sheets; the rules are in charts.css.
      figure.querySelectorAll('style').forEach((style) => style.remove());
      figure.querySelectorAll('a').forEach((link) => link.setAttribute('tabindex', '-1'));
      place.current.replaceChildren(figure);
    });
    return () => {
      isGone = true;
    };
  }, [isTable, width, ...inputs]);

  const toggle = () =>
    query.set({ tables: (isTable ? tables.filter((other) => other !== id) : [...tables, id]).join(',') });

  // Marks are links, so that they can be opened elsewhere; here they lead within the page.
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a');
    const href = link?.getAttribute('href') ?? link?.getAttribute('xlink:href');
    if (href && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      navigate(href);
    }
  };
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <button type="button" aria-pressed={isTable} onClick={toggle}>
          {isTable ? 'As a chart' : 'As a table'}
        </button>
      </figcaption>
      {isTable ? (
        <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          {table}
        </div>
      ) : (
        <>
          <div class="plot-place" ref={place} aria-hidden="true" onClick={follow} />
          <p class="muted alternative">{text}</p>
        </>
      )}
    </figure>
  );
}
