import { Code, type ConnectError } from '@connectrpc/connect';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/compat';
import { isTransient, type Call } from '../api/calls';
import { setToken } from '../api/token';
import { utc } from '../format/time';
import { copyText } from './Layout';

// Shown only when the wait is long enough to be noticed.
export function Loading({ what }: { what: string }) {
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label={`Loading ${what}`} data-shown={isShown}>
      <span />
      <span />
      <span />
    </div>
  );
}

export function Empty({ what, command }: { what: string; command: string }) {
  return (
    <div class="state">
      <p>{what}</p>
      <p>
        This fills the page: <code>{command}</code>{' '}
        <button type="button" onClick={() => void copyText(command, 'the command')}>
          Copy
        </button>
      </p>
    </div>
  );
}

const CODE_NAMES: Partial<Record<Code, string>> = {
  [Code.NotFound]: 'Not found',
  [Code.Unavailable]: 'The server cannot be reached',
  [Code.PermissionDenied]: 'Not allowed',
  [Code.InvalidArgument]: 'Refused',
  [Code.FailedPrecondition]: 'Not possible now',
  [Code.DataLoss]: 'Stored data are damaged',
  [Code.ResourceExhausted]: 'The server is busy',
};

function TokenForm({ onDone }: { onDone: () => void }) {
  const [secret, setSecret] = useState('');
  return (
    <form
      class="state"
      onSubmit={(event) => {
        event.preventDefault();
        setToken(secret.trim());
        onDone();
      }}
    >
      <label>
        This server wants a token. It is kept until this tab is closed.
        <input
          type="password"
          autocomplete="off"
          value={secret}
          onInput={(event) => setSecret(event.currentTarget.value)}
        />
      </label>
      <button disabled={secret.trim() === ''}>Use it</button>
    </form>
  );
}

export function Failure({ error, retry }: { error: ConnectError; retry: () => void }) {
  if (error.code === Code.Unauthenticated) {
    return <TokenForm onDone={() => location.reload()} />;
  }
  const title = isTransient(error)
    ? 'The server cannot be reached'
    : (CODE_NAMES[error.code] ?? 'That went wrong');
  const trace = error.metadata.get('trailer-assay-trace-id') ?? error.metadata.get('assay-trace-id');
  const details = `${Code[error.code]}: ${error.rawMessage}\n${location.href}${trace ? `\ntrace ${trace}` : ''}`;
  return (
    <div class="state failure" role="alert">
      <p>
        <strong>✗ {title}</strong>
      </p>
      <p>{error.rawMessage}</p>
      {isTransient(error) && <p class="muted">Trying again by itself.</p>}
      <p>
        <button type="button" onClick={retry}>
          Try again
        </button>{' '}
        <button type="button" onClick={() => void copyText(details, 'the details')}>
          Copy details
        </button>
      </p>
    </div>
  );
}

// The four states of a page that waits for one answer.
export function Loaded<T>({
  call,
  what,
  children,
}: {
  call: Call<T>;
  what: string;
  children: (data: T) => ComponentChildren;
}) {
  if (call.data === undefined) {
    return call.error ? <Failure error={call.error} retry={call.retry} /> : <Loading what={what} />;
  }
  return (
    <>
      {call.error && (
        <p class="stale" role="status">
          ⚠ {isTransient(call.error) ? 'The server cannot be reached' : call.error.rawMessage}. What
          you see is from {utc(call.loadedAt ?? 0)}.{' '}
          <button type="button" onClick={call.retry}>
            Try again
          </button>
        </p>
      )}
      {children(call.data)}
    </>
  );
}
