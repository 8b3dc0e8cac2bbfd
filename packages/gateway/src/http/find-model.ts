import type { EditionListing } from '@market-of-experts/api/editions';
import type { MarketListing } from '@market-of-experts/api/models';
import { MoeError } from '@market-of-experts/core';

/**
 * The market that a `model` names by id or alias, with its edition in force, or that of the number after `@`; without one where it is
 * not served here. Throws `unknown-market` and `unknown-edition`.
 */
export function findModel(
  markets: readonly MarketListing[],
  model: string,
): { readonly market: MarketListing; readonly edition: EditionListing | undefined } {
  const [, name = model, digits] = /^(.*)@(\d{1,15})$/.exec(model) ?? [];
  const market = markets.find((listing) => listing.id === name || listing.aliases.includes(name));
  if (market === undefined)
    throw new MoeError(
      'unknown-market',
      `There is no market "${clip(name)}" here. GET /v1/models lists those that there are.`,
      { metadata: { param: 'model' } },
    );
  const { id, editions } = market;
  if (editions === undefined) return { market, edition: undefined };
  const edition = editions.find(({ number, isInForce }) =>
    digits === undefined ? isInForce : number === Number(digits),
  );
  if (edition !== undefined) return { market, edition };
  throw new MoeError(
    'unknown-edition',
    `The market "${id}" has no edition ${digits ?? 'yet'} here; it has ${editions.map((each) => each.name).join(', ')}.`,
    { metadata: { param: 'model' } },
  );
}

function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
