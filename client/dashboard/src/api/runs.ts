import { createClient } from '@connectrpc/connect';
import { RunService } from './gen/assay/v1/run_service_pb';
import { transport } from './transport';

export const runs = createClient(RunService, transport);
