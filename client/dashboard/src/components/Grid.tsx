import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/compat';
import { useKeys } from '../state/keys';

export interface GridColumn<T> {
  id: string;
  title: string;
  width: string; // a track of CSS grid
  isNumber?: boolean;
  render: (item: T, index: number) => ComponentChildren;
}

const ROW_HEIGHT = 34;
const HEAD_HEIGHT = 30;
const OVERSCAN = 4;
// Further rows are asked for when so few are left below.
const LOAD_AHEAD = 24;
// Browsers cap the height of an element; Chromium's cap is four times this.
const MAX_HEIGHT = 8_000_000;

// Links and boxes within a row do what they do.
function isControl(event: MouseEvent): boolean {
  return (event.target as Element).closest('a, button, input') !== null;
}

// Rows near the viewport of a list that comes in pages. `total` is what a screen reader hears. While
// `isBusy` the items are those of another list and cannot be used.
export function Grid<T>({
  label,
  items,
  total,
  hasMore,
  loadMore,
  columns,
  itemKey,
  selected,
  onSelect,
  onOpen,
  listKey,
  isBusy = false,
  height = 420,
}: {
  label: string;
  items: T[];
  total: number | undefined;
  hasMore: boolean;
  loadMore: () => void;
  columns: GridColumn<T>[];
  itemKey: (item: T) => string;
  selected: string | undefined;
  onSelect: (item: T) => void;
  onOpen: (item: T) => void;
  listKey: string; // another list scrolls to its top
  isBusy?: boolean;
  height?: number;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const count = Math.min(items.length, Math.floor(MAX_HEIGHT / ROW_HEIGHT));
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollPaddingStart: HEAD_HEIGHT,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => (rerender as () => void)(),
  };
  const virtualizer = useRef<Virtualizer<HTMLDivElement, Element> | undefined>(undefined);
  virtualizer.current ??= new Virtualizer<HTMLDivElement, Element>(options);
  virtualizer.current.setOptions(options);
  useLayoutEffect(() => virtualizer.current!._didMount(), []);
  useLayoutEffect(() => virtualizer.current!._willUpdate());
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [listKey]);

  const rows = virtualizer.current.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (!isBusy && hasMore && count > 0 && last >= count - LOAD_AHEAD) {
      loadMore();
    }
  }, [isBusy, hasMore, count, last]);

  const at = isBusy ? -1 : items.findIndex((item) => itemKey(item) === selected);
  const move = (to: number) => {
    const item = items[Math.max(0, Math.min(count - 1, to))];
    if (item !== undefined && !isBusy) {
      onSelect(item);
      virtualizer.current!.scrollToIndex(items.indexOf(item), { align: 'auto' });
    }
  };
  const perPage = Math.max(1, Math.floor(height / ROW_HEIGHT) - 2);
  useKeys([
    { key: 'j', what: 'Next row', run: () => move(at + 1) },
    { key: 'k', what: 'Row before', run: () => move(at - 1) },
    {
      key: 'o',
      what: 'Open the row',
      run: () => items[at] !== undefined && onOpen(items[at]),
    },
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + perPage,
      PageUp: at - perPage,
      Home: 0,
      End: count - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (event.key === 'Enter' && items[at] !== undefined) {
      event.preventDefault();
      onOpen(items[at]);
    }
  };
  const template = columns.map((column) => column.width).join(' ');
  return (
    <div
      class="grid"
      role="grid"
      ref={scroller}
      aria-label={label}
      aria-rowcount={total === undefined ? (hasMore ? -1 : items.length + 1) : total + 1}
      aria-colcount={columns.length}
      aria-busy={isBusy}
      aria-activedescendant={at >= 0 ? `${label}-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      style={{ maxHeight: `${height}px` }}
    >
      <div class="grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
        {columns.map((column) => (
          <div key={column.id} role="columnheader" class={column.isNumber ? 'number' : ''}>
            {column.title}
          </div>
        ))}
      </div>
      <div
        role="rowgroup"
        class="grid-sizer"
        style={{ height: `${virtualizer.current.getTotalSize()}px` }}
      >
          {rows.map((row) => {
            const item = items[row.index];
            if (item === undefined) {
              return null;
            }
            const key = itemKey(item);
            return (
              <div
                key={row.index} // another list takes the elements over
                id={`${label}-${row.index}`}
                role="row"
                class="grid-row"
                aria-rowindex={row.index + 2}
                aria-selected={key === selected}
                style={{
                  gridTemplateColumns: template,
                  height: `${ROW_HEIGHT}px`,
                  transform: `translateY(${row.start}px)`,
                }}
                onClick={(event) => !isControl(event) && (key === selected ? onOpen(item) : onSelect(item))}
              >
                {columns.map((column) => (
                  <div key={column.id} role="gridcell" class={column.isNumber ? 'number' : ''}>
                    {column.render(item, row.index)}
                  </div>
                ))}
              </div>
            );
          })}
      </div>
    </div>
  );
}
