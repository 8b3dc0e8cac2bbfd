import type { EditionListing } from '@market-of-experts/api/editions';
import type { MarketListing } from '@market-of-experts/api/models';
import type { ServedMarket } from '@market-of-experts/api/status';
import type { Ledger } from '@market-of-experts/ledger';
import { basePricePerKilobyte, editionHash, editionName, type Market } from '@market-of-experts/protocol';
import type { MarketHost } from '../market/market-host.ts';
import type { MarketRuntime } from '../market/market-runtime.ts';

/** Besides its id, the first market answers to this. */
const aliasOfFirst = 'moe';

/** All markets of the ledger that are not over, the first one first. */
export function marketListings(host: MarketHost, ledger: Ledger, createdMs: number): MarketListing[] {
  const { epoch } = ledger.settings();
  const first = host.first.market;
  return ledger
    .markets()
    .filter(({ closesAtEpoch }) => closesAtEpoch === undefined || closesAtEpoch > epoch)
    .sort((a, b) => Number(b.market === first) - Number(a.market === first))
    .flatMap((record) => {
      const runtime = host.open().find(({ market }) => market === record.market);
      const reason = host.reasonAgainst(record.market);
      // One that is neither is being opened at this moment.
      return runtime === undefined && reason === undefined
        ? []
        : [listingOf(record, runtime, reason, ledger, createdMs, first)];
    });
}

function listingOf(
  { market, terms, closesAtEpoch }: Market,
  runtime: MarketRuntime | undefined,
  reason: string | undefined,
  ledger: Ledger,
  createdMs: number,
  first: string,
): MarketListing {
  const { parameters } = terms;
  const editions = runtime && editionsOf(runtime);
  return {
    id: market,
    task: terms.task,
    dimensions: editions?.find(({ isInForce }) => isInForce)?.dimensions ?? parameters.dimensions,
    ...(editions === undefined ? {} : { editions }),
    createdMs,
    aliases: market === first ? [market, aliasOfFirst] : [market],
    maxTextBytes: parameters.maximumTextBytes,
    pricePerKilobyteMicro: basePricePerKilobyte(
      runtime?.view.current().roster.experts ?? ledger.experts(market),
    ),
    title: terms.title,
    state: reason !== undefined ? 'not-served' : closesAtEpoch === undefined ? 'serving' : 'closing',
    ...(reason === undefined ? {} : { reason }),
    ...(closesAtEpoch === undefined ? {} : { closesAtEpoch }),
  };
}

function editionsOf({ editions, editionKeeper, experts, nameOf }: MarketRuntime): EditionListing[] {
  const inForce = editions.get();
  return editions.all().map((edition) => ({
    name: editionName(edition),
    number: edition.number,
    hash: editionHash(edition),
    isInForce: edition === inForce,
    dimensions: edition.parts.reduce((sum, { dimensions }) => sum + dimensions, 0),
    parts: edition.parts.map((part, index) => ({
      id: part.node,
      name: nameOf(part.node),
      modelVersion: part.modelVersion,
      dimensions: part.dimensions,
      weight: part.weightSteps / 2,
      isHere: experts.isPartHere(part),
      ...lowersLossOf(editionKeeper?.lowersLoss(edition)?.[index]),
    })),
    projectionSeed: edition.projectionSeed,
    fromEpoch: edition.fromEpoch,
  }));
}

function lowersLossOf(lowersLoss: number | undefined): { readonly lowersLoss?: number } {
  return lowersLoss === undefined ? {} : { lowersLoss };
}

/** What one market has served and settled. */
export function servedMarket(
  { market, experts, view, coordinator, history }: MarketRuntime,
  ledger: Ledger,
): ServedMarket {
  const { calls: _, ...jobs } = view.standings().totals;
  const record = ledger.market(market);
  return {
    id: market,
    state: record?.closesAtEpoch === undefined ? 'serving' : 'closing',
    experts: experts.status(),
    jobs,
    settledMicro: record?.settledMicro ?? 0n,
    pendingReceipts: coordinator.settler.pending(),
    history: { records: history.history.size, bytesPerRecord: history.history.bytesPerRecord },
  };
}
