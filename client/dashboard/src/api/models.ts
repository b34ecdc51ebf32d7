import { createClient } from '@connectrpc/connect';
import { ModelService } from './gen/assay/v1/model_service_pb';
import { transport } from './transport';

export const models = createClient(ModelService, transport);
