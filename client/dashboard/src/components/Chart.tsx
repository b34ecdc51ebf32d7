import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/compat';
import { useLocation, useRouter } from 'wouter-preact';
import { whenIdle } from '../state/idle';
import { useQuery } from '../state/query';
import { isPlainClick } from './Link';

type PlotLibrary = typeof import('./plot');
export type PlotSpec = (plot: PlotLibrary, size: { width: number; height: number }) => Element;

let library: PlotLibrary | undefined;
let arrival: Promise<void> | undefined;

// Fetches the library of charts.
function loadPlot(): Promise<void> {
  arrival ??= import('./plot').then(
    (plot) => {
      library = plot;
    },
    () => {
      arrival = undefined; // the server is away; the next chart tries again
    },
  );
  return arrival;
}

// A statistical chart with its text alternative, and the same numbers as a table on demand. `draw`
// is called again when `inputs` change or the width does; the first time when nothing else is to be
// done, for what can be read comes first. Which charts are tables is in the address.
export function Chart({
  id,
  title,
  text,
  height,
  draw,
  link = (to) => to,
  inputs,
  table,
}: {
  id: string; // unique on its page
  title: string;
  text: string;
  height: number; // kept free until it is drawn
  draw: PlotSpec;
  link?: (to: string) => string; // the address of a mark, from its href in `draw`
  inputs: unknown[];
  table: () => ComponentChildren;
}) {
  const place = useRef<HTMLDivElement>(null);
  const width = useRef(0);
  const drawn = useRef<unknown[]>([]); // the inputs of what stands there
  const query = useQuery();
  const tables = (query.get('tables') ?? '').split(',').filter((other) => other !== '');
  const isTable = tables.includes(id);
  const [, navigate] = useLocation();
  const { base } = useRouter();

  // Addresses change with every filter, so they are set on what is drawn already.
  const setLinks = () =>
    place.current
      ?.querySelectorAll('a')
      .forEach((mark) => mark.setAttribute('href', base + link(mark.dataset.to!)));
  const paint = () => {
    if (!library || !place.current || width.current === 0) {
      return;
    }
    const figure = draw(library, { width: width.current, height });
    // The policy allows no inline style sheets; the rules are in charts.css.
    figure.querySelectorAll('style').forEach((style) => style.remove());
    figure.querySelectorAll('a').forEach((mark) => {
      mark.dataset.to = mark.getAttribute('href')!;
      mark.setAttribute('tabindex', '-1');
    });
    place.current.replaceChildren(figure);
    setLinks();
    drawn.current = inputs;
  };
  const latest = useRef(paint);
  latest.current = paint;

  useLayoutEffect(() => {
    if (!place.current) {
      return;
    }
    width.current = 0;
    // Called before the first paint too: a chart whose library is there appears with its page.
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry!.contentRect.width);
      if (next !== width.current) {
        width.current = next;
        latest.current();
      }
    });
    observer.observe(place.current);
    if (!library) {
      whenIdle(() => void loadPlot().then(() => latest.current()));
    }
    return () => observer.disconnect();
  }, [isTable]);
  useEffect(() => {
    if (inputs.some((input, i) => input !== drawn.current[i])) {
      latest.current();
    }
  }, inputs);
  useEffect(setLinks, [query.search]);

  const toggle = () =>
    query.set({ tables: (isTable ? tables.filter((other) => other !== id) : [...tables, id]).join(',') });

  // Marks are links, so that they can be opened elsewhere; here they lead within the page.
  const follow = (event: MouseEvent) => {
    const mark = (event.target as Element).closest('a');
    if (mark && isPlainClick(event)) {
      event.preventDefault();
      navigate(link(mark.dataset.to!));
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
          {table()}
        </div>
      ) : (
        <>
          <div class="plot-place" ref={place} style={{ minHeight: `${height}px` }} aria-hidden="true" onClick={follow} />
          <p class="muted alternative">{text}</p>
        </>
      )}
    </figure>
  );
}
