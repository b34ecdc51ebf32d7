import { createClient } from '@connectrpc/connect';
import { ReferenceModelService } from './gen/assay/v1/reference_model_service_pb';
import { transport } from './transport';

export const referenceModels = createClient(ReferenceModelService, transport);
