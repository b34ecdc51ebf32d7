import type { Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { fetchOrTake } from './early';
import { token } from './token';

const authorize: Interceptor = (next) => (request) => {
  const secret = token();
  if (secret) {
    request.header.set('Authorization', `Bearer ${secret}`);
  }
  return next(request);
};

// Binary, unless the address says `?wire=json`, for reading along in the browser's tools.
export const transport = createConnectTransport({
  baseUrl: location.origin,
  useBinaryFormat: new URLSearchParams(location.search).get('wire') !== 'json',
  interceptors: [authorize],
  fetch: fetchOrTake,
});
