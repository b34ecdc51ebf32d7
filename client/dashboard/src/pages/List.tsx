import type { ComponentChildren } from 'preact';
import { useLocation } from 'wouter-preact';
import { usePages, type Page } from '../api/pages';
import { Grid, type GridColumn } from '../components/Grid';
import { copyText, useTitle } from '../components/Layout';
import { Empty, Failure, Loading } from '../components/States';
import { count } from '../format/numbers';
import { pagePath } from '../format/names';
import { csv } from '../format/text';
import { useQuery } from '../state/query';

// A page that is one list of resources, newest first.
export function ListPage<T extends { name: string }>({
  title,
  listKey,
  load,
  columns,
  empty,
  command,
  csvRow,
  order = 'newest first',
  leftOut,
  filters,
  children,
}: {
  title: string;
  listKey: string;
  load: (token: string, signal: AbortSignal) => Promise<Page<T>>;
  columns: GridColumn<T>[] | ((items: T[]) => GridColumn<T>[]);
  empty: string;
  command: string;
  csvRow: (item: T) => Record<string, string | number | undefined>; // by column
  order?: string; // of the list, in words
  leftOut?: string; // what `load` leaves out, in words
  filters?: ComponentChildren; // a line of fields above the list
  children?: (items: T[]) => ComponentChildren;
}) {
  useTitle(title);
  const query = useQuery();
  const [, navigate] = useLocation();
  const list = usePages(listKey, load);
  const copyCsv = () => {
    const rows = list.items.map(csvRow);
    void copyText(csv([Object.keys(rows[0]!), ...rows.map(Object.values)]), `${title.toLowerCase()} as CSV`);
  };
  return (
    <>
      <div class="bar">
        <h1>{title}</h1>
        <span role="status">
          {list.items.length > 0 &&
            `${count(list.items.length)}${list.hasMore ? ' so far' : ''}, ${order}`}
          {list.numLeftOut > 0 && ` (${count(list.numLeftOut)} ${leftOut} left out)`}
        </span>
        <span class="spacer" />
        {children?.(list.items)}
        <button type="button" disabled={list.items.length === 0} onClick={copyCsv} title="Those listed so far">
          Copy CSV
        </button>
        <button type="button" onClick={list.reload}>
          Look again
        </button>
      </div>
      {filters}
      {list.error && list.items.length === 0 ? (
        <Failure error={list.error} retry={list.loadMore} />
      ) : list.isLoading && list.items.length === 0 ? (
        <Loading what={title} />
      ) : list.items.length === 0 ? (
        <Empty what={empty} command={command} />
      ) : (
        <Grid
          label={title.toLowerCase()}
          listKey={listKey}
          items={list.items}
          total={list.hasMore ? undefined : list.items.length}
          hasMore={list.hasMore}
          loadMore={list.loadMore}
          columns={typeof columns === 'function' ? columns(list.items) : columns}
          itemKey={(item) => item.name}
          selected={query.get('at')}
          onSelect={(item) => query.set({ at: item.name }, true)}
          onOpen={(item) => navigate(pagePath(item.name))}
          height={640}
        />
      )}
    </>
  );
}
