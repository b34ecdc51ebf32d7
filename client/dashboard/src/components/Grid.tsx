import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { memo, useEffect, useLayoutEffect, useReducer, useRef } from 'preact/compat';
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

interface RowProps<T> {
  id: string;
  item: T;
  index: number;
  start: number; // px from the top of the list
  isSelected: boolean;
  columns: GridColumn<T>[];
  template: string;
}

function RowView<T>({ id, item, index, start, isSelected, columns, template }: RowProps<T>) {
  return (
    <div
      id={id}
      role="row"
      class="grid-row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-index={index}
      style={{
        gridTemplateColumns: template,
        height: `${ROW_HEIGHT}px`,
        transform: `translateY(${start}px)`,
      }}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" class={column.isNumber ? 'number' : ''}>
          {column.render(item, index)}
        </div>
      ))}
    </div>
  );
}

// Drawn again only when the item or the columns are others.
const GridRow = memo(RowView) as typeof RowView;

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
  const onClick = (event: MouseEvent) => {
    const row = (event.target as Element).closest<HTMLElement>('.grid-row');
    const item = row === null ? undefined : items[Number(row.dataset.index)];
    if (item !== undefined && !isControl(event)) {
      (itemKey(item) === selected ? onOpen : onSelect)(item);
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
        onClick={onClick}
      >
        {rows.map(({ index, start }) => {
          const item = items[index];
          return (
            item !== undefined && (
              <GridRow
                key={index} // another list takes the elements over
                id={`${label}-${index}`}
                item={item}
                index={index}
                start={start}
                isSelected={itemKey(item) === selected}
                columns={columns}
                template={template}
              />
            )
          );
        })}
      </div>
    </div>
  );
}
