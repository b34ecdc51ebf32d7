import { createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { BaselineService } from './gen/assay/v1/baseline_service_pb';
import { ComparisonService } from './gen/assay/v1/comparison_service_pb';
import { DatasetService } from './gen/assay/v1/dataset_service_pb';
import { ModelService } from './gen/assay/v1/model_service_pb';
import { ReferenceModelService } from './gen/assay/v1/reference_model_service_pb';
import { RunService } from './gen/assay/v1/run_service_pb';
import { TraceService } from './gen/assay/v1/trace_service_pb';
import { token } from './token';

const authorize: Interceptor = (next) => (request) => {
  const secret = token();
  if (secret) {
    request.header.set('Authorization', `Bearer ${secret}`);
  }
  return next(request);
};

// Binary, unless the address says `?wire=json`, for reading along in the browser's tools.
const transport = createConnectTransport({
  baseUrl: location.origin,
  useBinaryFormat: new URLSearchParams(location.search).get('wire') !== 'json',
  interceptors: [authorize],
});

export const baselines = createClient(BaselineService, transport);
export const comparisons = createClient(ComparisonService, transport);
export const datasets = createClient(DatasetService, transport);
export const models = createClient(ModelService, transport);
export const referenceModels = createClient(ReferenceModelService, transport);
export const runs = createClient(RunService, transport);
export const traces = createClient(TraceService, transport);
