import { type Hash, type MarketId, MoeError } from '@market-of-experts/core';
import { type AnsweredText, statementRoot, textHashOf } from '@market-of-experts/protocol';
import type { ListSignature } from '../messages/protocols.ts';
import type { GuardedSigner } from '../signing/guarded-signer.ts';
import type { SpokenVersion } from '../statements/spoken-version.ts';
import type { TaskSkill } from '../tasks/task-skill.ts';
import type { MarketView } from '../view/market-view.ts';
import { saidVectors } from './said-vectors.ts';

/** Under what an expert answers. */
export interface ExpertStatements {
  readonly spoken: SpokenVersion;
  /** The ledger's running epoch, which dates what is signed now. */
  readonly epoch: () => number;
}

export interface StatedAnswers {
  readonly vectors: readonly Uint8Array[];
  /** Undefined for an expert without a version. */
  readonly statements?: ListSignature;
}

/**
 * Answers to lists of texts, each list signed: what was said of a text before is said again, so that neither a model that drifts nor a
 * batch with other mates contradicts anything.
 */
export function statedAnswers(components: {
  readonly signer: GuardedSigner;
  readonly skill: Pick<TaskSkill, 'name' | 'answerAll'>;
  readonly view: MarketView;
  readonly statements: ExpertStatements | undefined;
}): (
  at: { readonly network: string; readonly market: MarketId },
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<StatedAnswers> {
  const { signer, skill, view, statements } = components;
  const said = saidVectors();

  /** The vector by which an answer is stated. Throws `backend-invalid-output` for one that the version does not give. */
  const vectorOf = (answer: Uint8Array | undefined, { version }: SpokenVersion): Uint8Array => {
    const vector = answer && view.task.statedVector(answer);
    if (vector?.length === 2 * version.dimensions) return vector;
    throw new MoeError(
      'backend-invalid-output',
      `${skill.name} must answer each text with a unit vector of ${version.dimensions} numbers, as its version says.`,
    );
  };
  /** One answer a text; the model is asked for what was not said yet, each text once. */
  const answersTo = async (
    texts: readonly string[],
    names: readonly Hash[],
    spoken: SpokenVersion,
    signal: AbortSignal,
  ): Promise<readonly Uint8Array[]> => {
    const answers = new Map(names.map((name) => [name, said.get(name)]));
    const unsaid = new Map(names.map((name, index) => [name, texts[index]!]));
    for (const [name, answer] of answers) if (answer !== undefined) unsaid.delete(name);
    const made = unsaid.size === 0 ? [] : await skill.answerAll([...unsaid.values()], signal);
    for (const [index, name] of [...unsaid.keys()].entries()) {
      // What cannot be stated is not kept either.
      vectorOf(made[index], spoken);
      answers.set(name, made[index]);
    }
    for (const [name, answer] of answers) answers.set(name, said.keep(name, answer!));
    return names.map((name) => answers.get(name)!);
  };

  return async (at, texts, signal) => {
    if (statements === undefined) return { vectors: await skill.answerAll(texts, signal) };
    const { spoken, epoch } = statements;
    const names = texts.map((text) => textHashOf(spoken.textKey, text));
    const vectors = await answersTo(texts, names, spoken, signal);
    const stated = vectors.map((answer, index): AnsweredText => {
      return { text: names[index]!, vector: vectorOf(answer, spoken) };
    });
    const { body, signature } = await signer.signStatements({
      ...at,
      node: signer.node,
      version: spoken.hash,
      epoch: epoch(),
      size: stated.length,
      root: statementRoot(stated),
    });
    return {
      vectors,
      statements: { version: body.version, epoch: body.epoch, textKey: spoken.textKey, signature },
    };
  };
}
