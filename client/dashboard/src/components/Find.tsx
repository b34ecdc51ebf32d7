import { useRef } from 'preact/compat';
import { useKeys } from '../state/keys';
import { useQuery } from '../state/query';

// A field for the text `find` of the address, which narrows what the page shows. `/` goes to it.
export function Find({ what, placeholder }: { what: string; placeholder: string }) {
  const query = useQuery();
  const field = useRef<HTMLInputElement>(null);
  useKeys([{ key: '/', what, run: () => field.current?.focus() }]);
  return (
    <label>
      find{' '}
      <input
        ref={field}
        type="search"
        value={query.get('find') ?? ''}
        placeholder={placeholder}
        onInput={(event) => query.set({ find: event.currentTarget.value }, true)}
      />
    </label>
  );
}
