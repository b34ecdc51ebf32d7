import type { Trace } from '../../api/gen/assay/v1/trace_service_pb';

const READ = /^POST \/assay\.v1\.\w+\/(Get|List|Read|Watch|Query)\w*$/;

// A call over HTTP that only read, as pages and scripts make them by the hundred. One that failed is
// worth seeing, whoever made it.
export function isQuietRead({ rootName, numErrors }: Trace): boolean {
  return numErrors === 0 && READ.test(rootName);
}
