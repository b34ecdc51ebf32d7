// The caller's token lives as long as the tab. `assay open` passes it in the fragment, which no
// server sees; it is taken out of the address before anything else happens.

const KEY = 'assay.token';

export function token(): string | null {
  return sessionStorage.getItem(KEY);
}

export function setToken(secret: string): void {
  sessionStorage.setItem(KEY, secret);
}

export function takeTokenFromAddress(): void {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (match) {
    setToken(decodeURIComponent(match[1]!));
    history.replaceState(history.state, '', location.pathname + location.search);
  }
}
