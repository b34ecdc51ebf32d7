import { Code, ConnectError } from '@connectrpc/connect';
import { useEffect, useLayoutEffect, useReducer } from 'preact/compat';

// Answers by key, shared by all who ask, so that Back shows a page at once.

interface Entry {
  data?: unknown;
  error?: ConnectError;
  loadedAt?: number;
  isLoading: boolean;
  isFinal: boolean; // will not change any more
  attempts: number;
  timer?: ReturnType<typeof setTimeout>;
  load?: () => void;
  listeners: Set<() => void>;
}

const MAX_ENTRIES = 200;
const entries = new Map<string, Entry>();

export interface Call<T> {
  data: T | undefined;
  error: ConnectError | undefined;
  isLoading: boolean;
  loadedAt: number | undefined;
  retry: () => void;
}

function entryOf(key: string): Entry {
  let entry = entries.get(key);
  if (!entry) {
    entry = { isLoading: false, isFinal: false, attempts: 0, listeners: new Set() };
    for (const [old, candidate] of entries) {
      if (entries.size < MAX_ENTRIES) {
        break;
      }
      if (candidate.listeners.size === 0) {
        entries.delete(old);
      }
    }
  } else {
    entries.delete(key);
  }
  entries.set(key, entry); // the youngest is last
  return entry;
}

// A failure that may pass by itself: the server is away or stopping.
export function isTransient(error: ConnectError): boolean {
  return (
    error.code === Code.Unavailable ||
    error.code === Code.ResourceExhausted ||
    (error.code === Code.Unknown && error.cause instanceof TypeError)
  );
}

function notify(entry: Entry): void {
  entry.listeners.forEach((listener) => listener());
}

// Keeps what there was, unless it is gone: deleted while its page was open.
function fail(entry: Entry, cause: unknown): ConnectError {
  const error = ConnectError.from(cause);
  entry.error = error;
  if (error.code === Code.NotFound) {
    entry.data = undefined;
  }
  return error;
}

function retryLater(entry: Entry): void {
  const delay = Math.min(30_000, 1000 * 2 ** entry.attempts);
  entry.attempts += 1;
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => entry.listeners.size > 0 && entry.load?.(), delay);
}

async function run<T>(
  entry: Entry,
  call: () => Promise<T>,
  isFinal: (data: T) => boolean,
): Promise<void> {
  if (entry.isLoading) {
    return;
  }
  entry.isLoading = true;
  try {
    const data = await call();
    entry.data = data;
    entry.error = undefined;
    entry.loadedAt = Date.now();
    entry.attempts = 0;
    entry.isFinal = isFinal(data);
  } catch (cause) {
    if (isTransient(fail(entry, cause))) {
      retryLater(entry);
    }
  }
  entry.isLoading = false;
  notify(entry);
}

// What `call` answers, by `key`; asked again on every mount until `isFinal`. No key, no call.
export function useCall<T>(
  key: string | undefined,
  call: () => Promise<T>,
  isFinal: (data: T) => boolean = () => false,
): Call<T> {
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const entry = key === undefined ? undefined : entryOf(key);
  // Before the page is painted, so that the server works meanwhile.
  useLayoutEffect(() => {
    if (!entry) {
      return;
    }
    entry.load = () => void run(entry, call, isFinal);
    entry.listeners.add(rerender as () => void);
    if (!entry.isFinal) {
      entry.load();
    }
    return () => {
      entry.listeners.delete(rerender as () => void);
    };
  }, [entry]);
  return {
    data: entry?.data as T | undefined,
    error: entry?.error,
    isLoading: entry !== undefined && entry.data === undefined && entry.error === undefined,
    loadedAt: entry?.loadedAt,
    retry: () => entry?.load?.(),
  };
}

// Puts what a stream told where `useCall` looks.
function publish<T>(key: string, data: T, isFinal: boolean): void {
  const entry = entryOf(key);
  entry.data = data;
  entry.error = undefined;
  entry.loadedAt = Date.now();
  entry.isFinal = isFinal;
  notify(entry);
}

// While `isOn`, lets a server stream keep the answer under `key` up to date. Comes back after the
// server was away.
export function useWatch<T>(
  key: string,
  isOn: boolean,
  watch: (signal: AbortSignal) => AsyncIterable<T>,
  isFinal: (data: T) => boolean,
): void {
  useEffect(() => {
    if (!isOn) {
      return;
    }
    const abort = new AbortController();
    void (async () => {
      for (let attempt = 0; !abort.signal.aborted; attempt += 1) {
        try {
          for await (const data of watch(abort.signal)) {
            attempt = 0;
            publish(key, data, isFinal(data));
          }
          return;
        } catch (cause) {
          if (abort.signal.aborted) {
            return;
          }
          const entry = entryOf(key);
          const error = fail(entry, cause);
          notify(entry);
          if (!isTransient(error)) {
            return;
          }
          await new Promise((resolve) =>
            setTimeout(resolve, Math.min(30_000, 1000 * 2 ** attempt)),
          );
        }
      }
    })();
    return () => abort.abort();
  }, [key, isOn]);
}
