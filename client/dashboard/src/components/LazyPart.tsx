import { useLayoutEffect, useReducer, useState } from 'preact/compat';
import type { Lazy } from '../routes';
import { Loading } from './States';

// A part whose script is fetched when it is first shown.
export function LazyPart<Props extends object>({ of, ...rest }: { of: Lazy<Props> } & Props) {
  const [, rerender] = useReducer((n: number) => n + 1, 0);
  const [hasFailed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    of.load().then(rerender as () => void, () => setFailed(true));
  };
  useLayoutEffect(() => {
    if (!of.Component) {
      load();
    }
  }, [of]);
  if (of.Component) {
    return <of.Component {...(rest as unknown as Props)} />;
  }
  return hasFailed ? <Missing retry={load} /> : <Loading what="the page" />;
}

// Either the server is away, or it has another version of the pages than this tab began with.
function Missing({ retry }: { retry: () => void }) {
  const tryAgain = () => void fetch('/').then(() => location.reload(), retry);
  return (
    <div class="state failure" role="alert">
      <p>
        <strong>✗ The server cannot be reached</strong>
      </p>
      <p>The script of this page did not come.</p>
      <p>
        <button type="button" onClick={tryAgain}>
          Try again
        </button>
      </p>
    </div>
  );
}
