import type { Hash } from '@market-of-experts/core';
import type { MarketTerms } from '@market-of-experts/protocol';
import { taskSkills } from './task-skills.ts';

/** Places are fitted to as many texts of the house. */
export const mostPlaces = 256;

/** The space in which this process says where texts lie. */
export interface Space {
  readonly dimensions: number;
  /** Names the model that says it. */
  readonly baseEncoder: Hash;
}

/** Why this process cannot serve a market with these terms, in a sentence; undefined when it can. */
export function problemOfServing(
  { task, loss, space, parameters }: MarketTerms,
  here: Space,
): string | undefined {
  if (!Object.hasOwn(taskSkills, task))
    return `its task is "${task}", and the models here can do ${Object.keys(taskSkills).join(', ')}`;
  if (loss !== 'exam') return `its loss is "${loss}", and the validators here measure by exam`;
  if (space.dimensions !== here.dimensions)
    return `its space has ${space.dimensions} dimensions, and that of the base encoder here ${here.dimensions}`;
  if (space.baseEncoder !== here.baseEncoder)
    return `another base encoder (${space.baseEncoder.slice(0, 12)}…) says where its texts lie than the one here (${here.baseEncoder.slice(0, 12)}…)`;
  if (parameters.places > mostPlaces)
    return `it has ${parameters.places} places, and ${mostPlaces} at most are told apart here`;
  return undefined;
}
