/** @public Maps stored vectors of one edition into the space of another. */
export { type Alignment, applyAlignment } from './alignment/alignment.ts';
/** @public */
export { readAlignment, writeAlignment } from './alignment/alignment-file.ts';
/** @public */
export { type FitAlignmentOptions, fitAlignment } from './alignment/fit-alignment.ts';
export type { ExpertBackend } from './backend.ts';
/** @public Names models and their licences. */
export { type CatalogueExpert, catalogue, describeCatalogue } from './catalogue/catalogue.ts';
export { modelVersionOf, type NamedModel, runtimeClassOf } from './catalogue/model-version.ts';
export type { BackendSpec } from './host/backend-spec.ts';
export { openBaseEncoder } from './host/base-encoder.ts';
export { createModelHost, type ModelHost, type ModelHostInit } from './host/model-host.ts';
export { type OpenAiBackendInit, openAiBackend } from './openai/openai-backend.ts';
export { type ReferenceEncoder, referenceBackend } from './reference/reference-backend.ts';
export { type AdapterWeights, readAdapterWeights, writeAdapterWeights } from './residual/adapter-weights.ts';
export { applyResidual } from './residual/residual-backend.ts';
