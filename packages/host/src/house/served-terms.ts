import type { Hash } from '@market-of-experts/core';
import { chunkPieces, type MarketTerms } from '@market-of-experts/protocol';
import { taskSkills } from './task-skills.ts';

/** The space that this process's experts work in. */
export interface Space {
  readonly dimensions: number;
  /** Hash of the public pieces that fix it. */
  readonly anchors: Hash;
}

/** Why this process cannot serve a market with these terms, in a sentence; undefined when it can. */
export function problemOfServing(
  { task, loss, space, parameters }: MarketTerms,
  here: Space,
): string | undefined {
  if (!Object.hasOwn(taskSkills, task))
    return `its task is "${task}", and the models here can do ${Object.keys(taskSkills).join(', ')}`;
  if (loss !== 'sealed-half-rank')
    return `its loss is "${loss}", and the validators here measure by sealed-half-rank`;
  if (space.dimensions !== here.dimensions)
    return `its space has ${space.dimensions} dimensions, and that of the experts here ${here.dimensions}`;
  if (space.anchors !== here.anchors)
    return `its space is fixed by other anchors (${space.anchors.slice(0, 12)}…) than that of the experts here (${here.anchors.slice(0, 12)}…)`;
  if (parameters.places > chunkPieces)
    return `it has ${parameters.places} places, and ${chunkPieces} at most are told apart here`;
  return undefined;
}
