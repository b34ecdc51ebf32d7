import { createClient } from '@connectrpc/connect';
import { ComparisonService } from './gen/assay/v1/comparison_service_pb';
import { transport } from './transport';

export const comparisons = createClient(ComparisonService, transport);
