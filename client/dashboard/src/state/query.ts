import { useCallback } from 'preact/compat';
import { useLocation, useSearch } from 'wouter-preact';

// All view state is in the query of the address: Back undoes one step, a reload changes nothing.

export type Changes = Record<string, string | number | boolean | undefined>;

export function withChanges(search: string, changes: Changes): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '' || value === false) {
      query.delete(name);
    } else {
      query.set(name, value === true ? '1' : String(value));
    }
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export interface Query {
  search: string;
  get: (name: string) => string | undefined;
  has: (name: string) => boolean;
  // A step that Back undoes; `isQuiet` for what is no step, such as the place of the cursor.
  set: (changes: Changes, isQuiet?: boolean) => void;
  // The address with the changes, for links.
  href: (changes: Changes) => string;
}

export function useQuery(): Query {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const parsed = new URLSearchParams(search);
  const href = (changes: Changes) => path + withChanges(search, changes);
  return {
    search,
    get: (name) => parsed.get(name) ?? undefined,
    has: (name) => parsed.has(name),
    set: useCallback(
      (changes: Changes, isQuiet = false) => {
        const next = location.pathname + withChanges(location.search, changes);
        if (next !== location.pathname + location.search) {
          navigate(path + withChanges(location.search, changes), { replace: isQuiet });
        }
      },
      [path, navigate],
    ),
    href,
  };
}
