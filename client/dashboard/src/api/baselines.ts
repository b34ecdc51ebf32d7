import { createClient } from '@connectrpc/connect';
import { BaselineService } from './gen/assay/v1/baseline_service_pb';
import { transport } from './transport';

export const baselines = createClient(BaselineService, transport);
