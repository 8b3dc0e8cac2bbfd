export { writeDurably } from './durable-file.ts';
export {
  damagedFile,
  otherFormat,
  readIfThere,
  readSealed,
  type SealedKind,
  writeSealed,
} from './sealed-file.ts';
export { readSealedJson, writeSealedJson } from './sealed-json.ts';
