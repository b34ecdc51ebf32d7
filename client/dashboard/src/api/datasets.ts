import { createClient } from '@connectrpc/connect';
import { DatasetService } from './gen/assay/v1/dataset_service_pb';
import { transport } from './transport';

export const datasets = createClient(DatasetService, transport);
