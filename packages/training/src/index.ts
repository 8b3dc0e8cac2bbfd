export { type CorpusText, readCorpus, type TextKind, textKinds } from './corpora/corpus.ts';
export { type EvaluationParagraph, evaluationParagraphs } from './corpora/evaluation-paragraphs.ts';
export { type SampleKind, type SampleText, sampleKinds, sampleTexts } from './corpora/samples.ts';
export { splitOf } from './corpora/split.ts';
export { wordsOf } from './corpora/words.ts';
export { type SpecialistDomain, specialistDomains } from './specialists/domain.ts';
export type { SpecialistManifest } from './specialists/manifest.ts';
export type { AdapterTask } from './specialists/train-adapter.ts';
export {
  type TrainedSpecialist,
  type TrainingProgress,
  type TrainSpecialistInit,
  trainSpecialist,
} from './specialists/train-specialist.ts';
