import { createClient } from '@connectrpc/connect';
import { TraceService } from './gen/assay/v1/trace_service_pb';
import { transport } from './transport';

export const traces = createClient(TraceService, transport);
