import type { SimulatedExpert } from '../population/expert.ts';
import type { Accounts } from '../state/accounts.ts';
import type { DecidedJob } from '../state/decided-job.ts';
import type { GroupResult } from './result.ts';
import { rounded } from './statistics.ts';

const zero = { seats: 0, wins: 0, calls: 0, called: 0, calledWins: 0, late: 0, moves: 0 };

/** What each group of experts did, counted. */
export class GroupCounts {
  readonly #groups: (typeof zero)[];

  constructor(groups: number) {
    this.#groups = Array.from({ length: groups }, () => ({ ...zero }));
  }

  take({ sealed, members, winner }: DecidedJob): void {
    for (const [index, seat] of sealed.seats.entries()) {
      if (seat.onProbation) continue;
      const principal = this.#groups[seat.principal.group]!;
      principal.seats += 1;
      if (seat.worker !== undefined && seat.worker !== seat.principal) {
        principal.calls += 1;
        this.#groups[seat.worker.group]!.called += 1;
        if (seat === winner) this.#groups[seat.worker.group]!.calledWins += 1;
      }
      if (seat === winner) principal.wins += 1;
      const outcome = members[index]?.outcome;
      if (outcome === 'late') this.#groups[(seat.worker ?? seat.principal).group]!.late += 1;
    }
  }

  moved({ group }: SimulatedExpert): void {
    this.#groups[group]!.moves += 1;
  }

  result(name: string, group: number, experts: readonly SimulatedExpert[], accounts: Accounts): GroupResult {
    const sum = (of: (expert: SimulatedExpert) => number): number =>
      experts.reduce((total, expert) => total + of(expert), 0) / 1_000_000;
    const net = sum((expert) => accounts.netMicro(expert));
    const staked = experts.reduce((total, { settings }) => total + settings.stakeCredits, 0);
    return {
      name,
      experts: experts.length,
      strategy: experts[0]!.settings.strategy,
      ...this.#groups[group]!,
      earnedOwn: sum(({ index }) => accounts.ownMicro[index]!),
      earnedAsPrincipal: sum(({ index }) => accounts.principalMicro[index]!),
      earnedAsFriend: sum(({ index }) => accounts.calledMicro[index]!),
      slashed: sum(({ index }) => accounts.slashedMicro[index]!),
      cost: sum(({ index }) => accounts.costMicro[index]!),
      net,
      netPerExpert: rounded(net / experts.length),
      netPerStake: rounded((100 * net) / staked),
      askBps: Math.round(experts.reduce((total, { askBps }) => total + askBps, 0) / experts.length),
    };
  }
}
