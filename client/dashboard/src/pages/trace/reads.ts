import type { Trace } from '../../api/gen/assay/v1/trace_service_pb';

const READ = /^GET \/\*$|^POST \/assay\.v1\.\w+\/(Get|List|Read|Watch|Query)\w*$/;

// A call over HTTP that only read, or a file of the dashboard, as pages and scripts ask for them by
// the hundred. One that failed is worth seeing, whoever made it.
export function isQuietRead({ rootName, numErrors }: Trace): boolean {
  return numErrors === 0 && READ.test(rootName);
}
