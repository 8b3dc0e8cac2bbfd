import { MoeError, messageOf } from '@market-of-experts/core';
import type { PartSpec } from '@market-of-experts/host/embedded-market';
import type { ExpertSpec } from '@market-of-experts/host/house/expert-pool';
import {
  type CatalogueExpert,
  catalogue,
  type ModelHost,
  modelVersionOf,
  runtimeClassOf,
} from '@market-of-experts/models';
import { embeddedParameters, leastPaidExperts } from '@market-of-experts/protocol';
import type { RunningMarket } from './running-market.ts';

/** Experts past probation without whom no text can be competed for. */
const leastFounders = leastPaidExperts(embeddedParameters);

/** The catalogue experts to start, the founding one first. Throws `unknown-expert`. */
export function chooseExperts(names: readonly string[] | undefined): readonly CatalogueExpert[] {
  const known = catalogue.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new MoeError(
      'unknown-expert',
      `The catalogue has no expert "${unknown}". It has: ${known.join(', ')}.`,
    );
  const chosen = catalogue.filter(({ name, isFounder, isUsual }) =>
    names === undefined ? isUsual : isFounder || names.includes(name),
  );
  if (chosen.length < leastFounders)
    throw new MoeError(
      'unknown-expert',
      `A market needs at least ${leastFounders} experts; --experts names ${chosen.length} with minilm-l6. Add some of: ${known.join(', ')}.`,
    );
  return chosen;
}

/**
 * Names of those that open the market and so are not on probation: all that are there at once, and others where these are
 * too few. Somebody's first jobs must be paid: newcomers alone could hold no job, and would stay newcomers for ever.
 */
export function foundersOf(chosen: readonly CatalogueExpert[]): readonly string[] {
  const quick = chosen.filter(({ startup }) => startup === 'immediate');
  const slow = chosen.filter(({ startup }) => startup !== 'immediate');
  return [...quick, ...slow.slice(0, Math.max(0, leastFounders - quick.length))].map(({ name }) => name);
}

/** Those without whom nothing is served, and as many others that are quickly there as an exam needs. */
export function firstOf(others: readonly CatalogueExpert[]): readonly CatalogueExpert[] {
  const isQuick = ({ startup, speed }: CatalogueExpert): boolean =>
    startup === 'immediate' && speed !== 'slow';
  const parts = others.filter(({ partWeightSteps }) => partWeightSteps !== undefined);
  const rest = others.filter((expert) => isQuick(expert) && !parts.includes(expert));
  return [...parts, ...rest.slice(0, Math.max(0, leastFounders - 1 - parts.length))];
}

/** The parts of the edition that a new market opens with. */
export function partsOf(chosen: readonly CatalogueExpert[]): readonly PartSpec[] {
  return chosen.flatMap((expert) => {
    const { name, dimensions, partWeightSteps } = expert;
    if (partWeightSteps === undefined) return [];
    return [{ name, modelVersion: modelVersionOf(expert), dimensions, weightSteps: partWeightSteps }];
  });
}

/** Opens an expert; `isPricing`: its ask for being called follows demand. */
export async function openExpert(
  models: ModelHost,
  expert: CatalogueExpert,
  isPricing: boolean,
): Promise<ExpertSpec> {
  return {
    name: expert.name,
    description: expert.description,
    backend: await models.open(expert.native),
    modelVersion: modelVersionOf(expert),
    runtime: { class: runtimeClassOf(expert.native) },
    isAskAutomatic: isPricing,
  };
}

/** Opens and adds experts side by side; one that cannot be opened is left out with a sentence. */
export async function addExperts(running: RunningMarket, experts: readonly CatalogueExpert[]): Promise<void> {
  const { market, models, options, log, signal } = running;
  await Promise.all(
    experts.map(async (expert) => {
      try {
        await market.experts.add(await openExpert(models, expert, options.hasPricing));
      } catch (error) {
        if (signal.aborted) return;
        log.say(`${expert.name} is left out: ${messageOf(error)}`, {
          event: 'expert-failed',
          name: expert.name,
          reason: messageOf(error),
        });
      }
    }),
  );
}
