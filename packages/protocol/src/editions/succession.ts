import { type Edition, editionHash } from './edition.ts';

/** What a market's owner sets about the change of editions. */
export interface SuccessionRules {
  /** Epochs that an edition is in force at least. */
  readonly leastAgeEpochs: number;
  /** Epochs that it is still served beside its successor at least. */
  readonly overlapEpochs: number;
}

/** Whether an edition has been in force long enough to be followed by another in that epoch. */
function isOldEnough(edition: Edition, epoch: number, { leastAgeEpochs }: SuccessionRules): boolean {
  return epoch >= edition.fromEpoch + leastAgeEpochs;
}

/** Why `next` cannot follow `previous`, in a sentence; undefined where it can. */
export function problemOfSuccessor(
  previous: Edition,
  next: Edition,
  rules: SuccessionRules,
): string | undefined {
  if (next.network !== previous.network || next.market !== previous.market)
    return 'An edition is followed by one of the same network and market.';
  if (next.number !== previous.number + 1 || next.previous !== editionHash(previous))
    return `Edition ${previous.number} is followed by number ${previous.number + 1}, which names its hash.`;
  if (!isOldEnough(previous, next.fromEpoch, rules))
    return `Edition ${previous.number} is in force since epoch ${previous.fromEpoch}, and for ${rules.leastAgeEpochs} epochs at least.`;
  if (previous.toEpoch < next.fromEpoch + rules.overlapEpochs)
    return `Edition ${previous.number} is served up to epoch ${previous.toEpoch}; its successor must leave ${rules.overlapEpochs} epochs for both.`;
  const kept = previous.parts.filter((part) => next.parts.some(({ node }) => node === part.node));
  if (kept.some((part, index) => next.parts[index]!.node !== part.node))
    return 'Parts that stay keep their order, and newcomers come last.';
  return undefined;
}

/**
 * Nodes whose part of a stored vector is no longer valid or not there: new ones, and those with another model or dimension. Where
 * it is empty, what was stored under `previous` can be found with questions of `next`.
 */
export function changedParts(previous: Edition, next: Edition): readonly Edition['parts'][number][] {
  return next.parts.filter(
    (part) =>
      !previous.parts.some(
        (before) =>
          before.node === part.node &&
          before.modelVersion === part.modelVersion &&
          before.dimensions === part.dimensions,
      ),
  );
}
