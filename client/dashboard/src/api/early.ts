import { parentName, projectOf } from '../format/names';
import { pathWithin } from '../routes';
import { token } from './token';

// The call that a page begins with, made while its scripts are still on their way.

const CALLS: Record<string, string> = {
  comparisons: 'ComparisonService/GetComparison',
  runs: 'RunService/GetRun',
  traces: 'TraceService/GetTrace',
};
const MAX_AGE_MS = 5000;

interface EarlyCall {
  url: string;
  body: Uint8Array<ArrayBuffer>;
  answer: Promise<Response>;
}

let early: EarlyCall | undefined;

// A message whose first field is a text, in the binary format of protobuf.
export function messageOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const head = [0x0a]; // field 1, with a length
  let size = bytes.length;
  for (; size > 0x7f; size >>= 7) {
    head.push((size & 0x7f) | 0x80);
  }
  return Uint8Array.from([...head, size, ...bytes]);
}

export function askEarly(): void {
  const [, kind, id] = pathWithin(location.pathname).split('/');
  const method = CALLS[kind ?? ''];
  // Ids that are escaped are asked for by their page alone.
  if (!method || !id || id.includes('%') || location.search.includes('wire=')) {
    return;
  }
  const secret = token();
  const call = {
    url: `${location.origin}/assay.v1.${method}`,
    body: messageOf(`${parentName(projectOf(location.pathname))}/${kind}/${id}`),
  };
  const answer = fetch(call.url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/proto',
      'Connect-Protocol-Version': '1',
      ...(secret && { Authorization: `Bearer ${secret}` }),
    },
    body: call.body,
  });
  answer.catch(() => {}); // whoever takes it sees that it failed
  early = { ...call, answer };
  setTimeout(() => (early = undefined), MAX_AGE_MS);
}

// As `fetch`; for the call that was made already, its answer.
export const fetchOrTake: typeof fetch = (input, init) => {
  const taken = early;
  if (
    taken?.url === input &&
    init?.body instanceof Uint8Array &&
    String(init.body) === String(taken.body)
  ) {
    early = undefined;
    return taken.answer;
  }
  return fetch(input, init);
};
