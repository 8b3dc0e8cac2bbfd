import { type Edition, editionHash } from './edition.ts';

/** Why `next` cannot follow `previous`, in a sentence; undefined where it can. */
export function problemOfSuccessor(previous: Edition, next: Edition): string | undefined {
  if (next.network !== previous.network || next.market !== previous.market)
    return 'An edition is followed by one of the same network and market.';
  if (next.number !== previous.number + 1 || next.previous !== editionHash(previous))
    return `Edition ${previous.number} is followed by number ${previous.number + 1}, which names its hash.`;
  if (next.fromEpoch < previous.fromEpoch)
    return `Edition ${previous.number} is in force since epoch ${previous.fromEpoch}: its successor does not begin before.`;
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
