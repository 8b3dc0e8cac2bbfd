import type { EpochResult } from '@market-of-experts/protocol';
import { castOf, houses, models } from './cast.ts';
import { measure, qualityOf, renewExperts, stakesOf } from './epoch-world.ts';
import { gaussians } from './gaussians.ts';
import { consensusIn, type Method, rank, type WeightsInForce } from './rank.ts';
import type { Weigh } from './strategies.ts';
import { type Outcome, shareTally } from './tally.ts';
import { qualityWalk, type World } from './world.ts';

export interface Game {
  readonly method: Method;
  readonly cabalStake: number;
  readonly seed: number;
  readonly world: World;
  readonly weigh: Weigh;
  /** Epochs in which all are honest, so that bonds are as in a market that has run for a while. */
  readonly warmUpEpochs: number;
  /** Epochs of the attack; they count from the first that ranks its weights. */
  readonly attackEpochs: number;
}

/** Plays a market from its beginning to the end of the attack. The same game has the same outcome. */
export function play({ method, cabalStake, seed, world, weigh, warmUpEpochs, attackEpochs }: Game): Outcome {
  const epochs = warmUpEpochs + attackEpochs;
  const cast = castOf(cabalStake, world.splits, gaussians(houses, 0xca57, seed));
  const { experts, validators } = cast;
  const walk = qualityWalk(models, world.drift, gaussians((epochs + 2) * models, 0x9a11, seed));
  const registered = new Array<number>(experts).fill(0);
  const isTaken = new Array<boolean>(experts).fill(false);
  const committed: (Float64Array | undefined)[] = new Array(validators);
  const records: Float64Array[] = [];
  const queue: Commits[] = [];
  const inForce: WeightsInForce[] = Array.from({ length: validators }, () => ({
    epoch: 0,
    weights: undefined,
  }));
  let last: EpochResult | undefined;
  const tally = shareTally(
    cast,
    (expert) => cast.isCabalExpert[expert]! || (isTaken[expert]! && world.takersAreCabal),
  );

  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const attackEpoch = epoch - warmUpEpochs - 1;
    const isAttack = attackEpoch >= 0;
    renewExperts(cast, world, epoch, isAttack, registered, isTaken);
    const quality = qualityOf(cast, world, walk(epoch), epoch, isTaken);
    const stakes = stakesOf(cast, world, isAttack);

    const measuredBy = (validator: number): Float64Array => {
      const seen = measure(quality, cast, world, seed, epoch, validator, registered);
      const record = records[validator] ?? Float64Array.from(quality);
      records[validator] = seen.map((value, expert) => {
        const kept = registered[expert] === epoch ? 0 : world.recordKept * record[expert]!;
        return kept + (1 - world.recordKept) * value;
      });
      return records[validator];
    };
    const sightOf = (validator: number, measured: Float64Array, consensus: readonly number[]) => ({
      cast,
      epoch,
      attackEpoch,
      measured,
      consensus,
      before: committed[validator],
      registered,
    });
    const commit = (consensusOf: (measured: readonly Float64Array[]) => readonly number[]): void => {
      const measured = Array.from({ length: validators }, (_, validator) => measuredBy(validator));
      const consensus = consensusOf(measured);
      const rows = measured.map((row, validator) => {
        if (!isAttack || !cast.isCabalValidator[validator]) return row;
        const chosen = weigh(sightOf(validator, row, consensus));
        return chosen?.every((weight) => !(weight > 0)) === true ? row : chosen;
      });
      rows.forEach((row, validator) => {
        if (row !== undefined) committed[validator] = row;
      });
      queue.push({ epoch, rows });
    };

    if (world.revealDelay === 0)
      commit((measured) => {
        if (!isAttack) return [];
        const rows = measured.map((row, validator) => (cast.isCabalValidator[validator] ? undefined : row));
        return consensusIn(
          rank(
            cast,
            method,
            world,
            epoch,
            stakes,
            rows.map((weights) => ({ epoch, weights })),
            registered,
            last,
          ),
          method,
        );
      });
    // Ranked at the end of this epoch: what was committed `revealDelay` epochs ago and is revealed now.
    while (queue[0] !== undefined && queue[0].epoch <= Math.max(1, epoch - world.revealDelay)) {
      const { epoch: from, rows } = queue.shift()!;
      rows.forEach((weights, validator) => {
        if (weights !== undefined) inForce[validator] = { epoch: from, weights };
      });
    }
    last = rank(cast, method, world, epoch, stakes, inForce, registered, last);
    if (world.revealDelay > 0) {
      const ranked = last;
      commit(() => consensusIn(ranked, method));
    }
    // Before, the weights of the last honest epoch are still ranked.
    if (attackEpoch >= world.revealDelay) tally.add(last, inForce);
  }
  return tally.outcome();
}

interface Commits {
  readonly epoch: number;
  readonly rows: readonly (Float64Array | undefined)[];
}
