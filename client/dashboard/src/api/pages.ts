import { ConnectError } from '@connectrpc/connect';
import { useCallback, useLayoutEffect, useReducer, useRef } from 'preact/compat';

export interface Page<T> {
  items: T[];
  nextToken: string;
  total?: number; // over all pages, when the server says so
  numLeftOut?: number; // of this page, by the caller
}

export interface Pages<T> {
  items: T[];
  old: T[]; // of the list before, while the first page of this one is on its way
  total: number | undefined;
  numLeftOut: number; // of the pages so far
  hasMore: boolean;
  isLoading: boolean;
  error: ConnectError | undefined;
  loadMore: () => void;
  reload: () => void;
}

interface State<T> {
  key: string;
  items: T[];
  token: string;
  total: number | undefined;
  numLeftOut: number;
  hasMore: boolean;
  isLoading: boolean;
  error: ConnectError | undefined;
  abort: AbortController;
}

// Lists by key of what was listed last, so that Back finds the rows where they were.
const kept = new Map<string, State<unknown>>();
const MAX_KEPT = 12;

// A list that comes page by page, in the server's order. Another `key` is another list; within one
// `family` the items of one may stand for those of the next while it loads.
export function usePages<T>(
  key: string,
  load: (token: string, signal: AbortSignal) => Promise<Page<T>>,
  family = key,
): Pages<T> {
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const loader = useRef(load);
  loader.current = load;
  const alive = useRef(true);

  const fresh = (): State<T> => ({
    key,
    items: [],
    token: '',
    total: undefined,
    numLeftOut: 0,
    hasMore: true,
    isLoading: false,
    error: undefined,
    abort: new AbortController(),
  });
  const state = useRef<State<T> | undefined>(undefined);
  if (state.current?.key !== key) {
    state.current?.abort.abort();
    const old = kept.get(key) as State<T> | undefined;
    state.current = old && old.items.length > 0 ? { ...old, isLoading: false, error: undefined, abort: new AbortController() } : fresh();
  }

  const loadMore = useCallback(() => {
    const now = state.current!;
    if (now.isLoading || !now.hasMore) {
      return;
    }
    now.isLoading = true;
    if (now.error) {
      now.error = undefined;
      (rerender as () => void)();
    }
    loader.current(now.token, now.abort.signal).then(
      (page) => {
        now.items = [...now.items, ...page.items];
        now.token = page.nextToken;
        now.hasMore = page.nextToken !== '';
        now.total = page.total ?? now.total;
        now.numLeftOut += page.numLeftOut ?? 0;
        now.isLoading = false;
        kept.delete(now.key);
        kept.set(now.key, now as State<unknown>);
        if (kept.size > MAX_KEPT) {
          kept.delete(kept.keys().next().value!);
        }
        if (alive.current) {
          (rerender as () => void)();
          // A page without anything is no end: the server may stop looking before it found any.
          if (page.items.length === 0) {
            loadMore();
          }
        }
      },
      (cause) => {
        now.isLoading = false;
        if (!now.abort.signal.aborted) {
          now.error = ConnectError.from(cause);
          if (alive.current) {
            (rerender as () => void)();
          }
        }
      },
    );
  }, []);

  const reload = useCallback(() => {
    state.current?.abort.abort();
    kept.delete(key);
    state.current = fresh();
    loadMore();
    (rerender as () => void)();
  }, [key]);

  useLayoutEffect(() => {
    alive.current = true;
    if (state.current!.items.length === 0) {
      loadMore();
    }
    return () => {
      alive.current = false;
    };
  }, [key]);

  const now = state.current;
  const isLoading = now.isLoading || (now.items.length === 0 && now.hasMore && !now.error);
  const last = useRef({ family, items: now.items });
  if (last.current.family !== family || now.items.length > 0 || !isLoading) {
    last.current = { family, items: now.items };
  }
  return {
    items: now.items,
    old: now.items.length > 0 ? [] : last.current.items,
    total: now.total,
    numLeftOut: now.numLeftOut,
    hasMore: now.hasMore,
    isLoading,
    error: now.error,
    loadMore,
    reload,
  };
}
