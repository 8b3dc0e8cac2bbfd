import {
  type Hash,
  hashOf,
  keyPairFromSeed,
  type MarketId,
  type NodeId,
  sha256,
} from '@market-of-experts/core';
import type { ModelVersion } from '../../src/statements/model-version.ts';
import type { Runtime } from '../../src/statements/runtime.ts';
import {
  type AnsweredText,
  type ShownStatement,
  type StatementListBody,
  showStatement,
  signStatementList,
  statementRoot,
} from '../../src/statements/statement-list.ts';
import { modelVersionHash, textHashOf, textKeyCommitment } from '../../src/statements/version-hash.ts';

export const expert = keyPairFromSeed(sha256(Buffer.from('statements/expert')));
const keyOf = (number: number): Hash => hashOf('test/text-key', number);

export function versionOf(runtime: Runtime = { class: 'float32' }, number = 1, dimensions = 4): ModelVersion {
  return {
    model: hashOf('test/model', number),
    runtime,
    dimensions,
    windows: 1,
    textKey: textKeyCommitment(keyOf(number)),
  };
}

export const bytesOf = (...numbers: readonly number[]): Uint8Array =>
  new Uint8Array(Int16Array.from(numbers).buffer);

export const answerOf = (text: string, vector: readonly number[], number = 1): AnsweredText => ({
  text: textHashOf(keyOf(number), text),
  vector: bytesOf(...vector),
});

/** Signs all of the answers in one list and shows one of them. */
export function stated(
  answers: readonly AnsweredText[],
  index = 0,
  changes: Partial<StatementListBody> = {},
  keys = expert,
): ShownStatement {
  const body: StatementListBody = {
    network: 'test-net',
    market: 'text-embedding' as MarketId,
    node: keys.publicKey as NodeId,
    version: modelVersionHash(versionOf()),
    epoch: 3,
    size: answers.length,
    root: statementRoot(answers),
    ...changes,
  };
  return showStatement(signStatementList(keys, body), answers, index);
}
