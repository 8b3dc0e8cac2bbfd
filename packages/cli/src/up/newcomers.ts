import type { EmbeddedMarket } from '@market-of-experts/host/embedded-market';
import { sampleKinds } from '@market-of-experts/training';
import type { House } from './house.ts';

/** House jobs for each newcomer: its 20 of probation, and some in which it may win. */
const newcomerJobs = 32;

/** All newcomers are judged on the same mix: mean losses on different mixes could not be compared. */
export function askForNewcomer(house: House): void {
  house.ask(sampleKinds, newcomerJobs);
}

export function isOnProbation(market: EmbeddedMarket, name: string): boolean {
  return market.service
    .status()
    .experts.some((expert) => expert.name === name && expert.state === 'probation');
}
