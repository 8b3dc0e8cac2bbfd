import { MoeError, messageOf } from '@market-of-experts/core';
import type { PartSpec } from '@market-of-experts/host/embedded-market';
import type { ExpertSpec } from '@market-of-experts/host/house/expert-pool';
import {
  type MarketExpert,
  type ModelHost,
  marketExperts,
  marketSpec,
  modelVersionOf,
  readAlignment,
  runtimeClassOf,
} from '@market-of-experts/models';
import { embeddedParameters, leastPaidExperts } from '@market-of-experts/protocol';
import type { RunningMarket } from './running-market.ts';

/** Experts past probation without whom no text can be competed for. */
const leastFounders = leastPaidExperts(embeddedParameters);

/** The catalogue experts to start, the founding one first. Throws `unknown-expert`. */
export function chooseExperts(names: readonly string[] | undefined): readonly MarketExpert[] {
  const known = marketExperts.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new MoeError(
      'unknown-expert',
      `The catalogue has no expert "${unknown}". It has: ${known.join(', ')}.`,
    );
  const chosen = marketExperts.filter(
    ({ name, isFounder }) => isFounder || names === undefined || names.includes(name),
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
export function foundersOf(chosen: readonly MarketExpert[]): readonly string[] {
  const quick = chosen.filter(({ startup }) => startup === 'immediate');
  const slow = chosen.filter(({ startup }) => startup !== 'immediate');
  return [...quick, ...slow.slice(0, Math.max(0, leastFounders - quick.length))].map(({ name }) => name);
}

/** Those without whom nothing is served, and as many others that are quickly there as an exam needs. */
export function firstOf(others: readonly MarketExpert[]): readonly MarketExpert[] {
  const isQuick = ({ startup, speed }: MarketExpert): boolean => startup === 'immediate' && speed !== 'slow';
  const parts = others.filter(({ partWeightSteps }) => partWeightSteps !== undefined);
  const rest = others.filter((expert) => isQuick(expert) && !parts.includes(expert));
  return [...parts, ...rest.slice(0, Math.max(0, leastFounders - 1 - parts.length))];
}

/** The parts of the edition that a new market opens with. */
export function partsOf(chosen: readonly MarketExpert[]): readonly PartSpec[] {
  return chosen.flatMap((expert) => {
    const { name, dimensions, partWeightSteps } = expert;
    if (partWeightSteps === undefined) return [];
    return [{ name, modelVersion: modelVersionOf(expert), dimensions, weightSteps: partWeightSteps }];
  });
}

/** Opens an expert in the market's space, and where it can be a part of an edition also in its own; `isPricing`: its ask for being called follows demand. */
export async function openExpert(
  models: ModelHost,
  expert: MarketExpert,
  isPricing: boolean,
): Promise<ExpertSpec> {
  const spec = marketSpec(expert);
  return {
    name: expert.name,
    description: expert.description,
    backend: await models.open(spec),
    ...(expert.partWeightSteps === undefined ? {} : { own: await models.open(expert.native) }),
    modelVersion: modelVersionOf(expert),
    runtime: { class: runtimeClassOf(expert.native) },
    isAskAutomatic: isPricing,
    ...(spec.kind === 'aligned' ? { alignment: readAlignment(spec.alignmentFile).heldOutCosine } : {}),
  };
}

/** Opens and adds experts side by side; one that cannot be opened is left out with a sentence. */
export async function addExperts(running: RunningMarket, experts: readonly MarketExpert[]): Promise<void> {
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
