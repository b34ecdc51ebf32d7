import { Span_Status, type Trace } from '../../api/gen/assay/v1/trace_service_pb';

// What two traces did under one path of span names, such as `request > query`. Times in nanoseconds.
export interface PathDifference {
  path: string; // the names as JSON, unique
  name: string; // of the last span of the path
  depth: number;
  numBefore: number;
  numAfter: number;
  before: number; // durations added up
  after: number;
  selfBefore: number;
  selfAfter: number;
  numErrorsBefore: number;
  numErrorsAfter: number;
}

interface Node {
  names: string[];
  difference: PathDifference;
  children: Map<string, Node>; // in the order they came
}

function makeNode(names: string[]): Node {
  return {
    names,
    difference: {
      path: JSON.stringify(names),
      name: names.at(-1) ?? '',
      depth: names.length - 1,
      numBefore: 0,
      numAfter: 0,
      before: 0,
      after: 0,
      selfBefore: 0,
      selfAfter: 0,
      numErrorsBefore: 0,
      numErrorsAfter: 0,
    },
    children: new Map(),
  };
}


// The server sends parents before children.
function addTrace(trace: Trace, isAfter: boolean, root: Node): void {
  const nodes = new Map<string, Node>();
  for (const span of trace.spans) {
    const parent = nodes.get(span.parentSpanId) ?? root;
    let node = parent.children.get(span.name);
    if (!node) {
      node = makeNode([...parent.names, span.name]);
      parent.children.set(span.name, node);
    }
    nodes.set(span.spanId, node);
    const { difference } = node;
    const isError = span.status === Span_Status.ERROR ? 1 : 0;
    if (isAfter) {
      difference.numAfter += 1;
      difference.after += Number(span.durationNs);
      difference.selfAfter += Number(span.selfTimeNs);
      difference.numErrorsAfter += isError;
    } else {
      difference.numBefore += 1;
      difference.before += Number(span.durationNs);
      difference.selfBefore += Number(span.selfTimeNs);
      difference.numErrorsBefore += isError;
    }
  }
}

// Aligns two traces by the paths of their spans, as `assay trace compare` does: in the order of
// `before`, each path that only `after` has behind its siblings.
export function comparePaths(before: Trace, after: Trace): PathDifference[] {
  const root = makeNode([]);
  addTrace(before, false, root);
  addTrace(after, true, root);
  const paths: PathDifference[] = [];
  const open = [...root.children.values()].reverse();
  for (let node = open.pop(); node; node = open.pop()) {
    paths.push(node.difference);
    open.push(...[...node.children.values()].reverse());
  }
  return paths;
}
