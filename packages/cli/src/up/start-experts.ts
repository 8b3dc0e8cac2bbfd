import { MoeError, messageOf } from '@market-of-experts/core';
import type { ExpertSpec } from '@market-of-experts/host/house/expert-pool';
import {
  type MarketExpert,
  type ModelHost,
  marketExperts,
  marketSpec,
  readAlignment,
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

/** Opens an expert in the market's space; `isPricing`: its ask for being called follows demand. */
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
