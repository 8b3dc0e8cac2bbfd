import { MAX_AMOUNT } from '@market-of-experts/core';
import { addToPool } from '../accounts/balances.ts';
import { sortedEntries } from '../state/sorted-records.ts';
import type { StateView } from '../state/state.ts';

/**
 * New money of one epoch for the pools of the markets that the network was founded with, by their weights there, as far as
 * they are open and emit: others could be opened for the sake of it. It halves every so often and ends at the network's
 * cap. What does not divide is not made.
 */
export function mint(view: StateView): void {
  const network = view.network.get('network')!;
  const { perEpochMicro, halvingEpochs, capMicro } = network.rules.mint;
  const markets = sortedEntries(
    view.markets,
    ({ closesAtEpoch, terms, mintWeight }) =>
      mintWeight > 0 && closesAtEpoch === undefined && terms.emission.perEpochMicro > 0n,
  ).map(([, market]) => market);
  const room = [capMicro - network.mintedMicro, MAX_AMOUNT - network.supplyMicro];
  const wanted = halved(perEpochMicro, network.epoch - 1, halvingEpochs);
  const available = room.reduce((least, left) => (left < least ? left : least), wanted);
  const weights = BigInt(markets.reduce((sum, { mintWeight }) => sum + mintWeight, 0));
  if (available <= 0n || weights === 0n) return;
  let mintedMicro = 0n;
  for (const { market, mintWeight } of markets) {
    const partMicro = (available * BigInt(mintWeight)) / weights;
    addToPool(view, market, partMicro);
    mintedMicro += partMicro;
  }
  view.network.set('network', {
    ...network,
    mintedMicro: network.mintedMicro + mintedMicro,
    supplyMicro: network.supplyMicro + mintedMicro,
  });
}

/** `amount` after `epochs` epochs, halved (and rounded down) every `halvingEpochs`. */
export function halved(amountMicro: bigint, epochs: number, halvingEpochs: number): bigint {
  const halvings = Math.floor(epochs / halvingEpochs);
  return halvings >= 64 ? 0n : amountMicro >> BigInt(halvings);
}
