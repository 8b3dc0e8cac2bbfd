export type { ExpertBackend } from './backend.ts';
export type { BackendSpec } from './host/backend-spec.ts';
export { createModelHost, type ModelHost, type ModelHostInit } from './host/model-host.ts';
export { type ReferenceEncoder, referenceBackend, referenceEncoders } from './reference/reference-backend.ts';
export { type AdapterWeights, readAdapterWeights, writeAdapterWeights } from './residual/adapter-weights.ts';
export { applyResidual } from './residual/residual-backend.ts';
