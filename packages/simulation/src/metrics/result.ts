import type { PlaceResult } from '../state/place-record.ts';

/** Mean losses as only a simulator can know them: what each expert's skill is worth at the jobs' points. */
interface Quality {
  /** Of who worked for the winner. */
  readonly winner: number | null;
  /** Of the edition that clients are served by, at most: the mean of its parts' losses. */
  readonly delivered: number | null;
  /** Of the best expert there is for each job, drawn or not. */
  readonly oracle: number | null;
  /** Of the paid members drawn, each on average: what a random expert would have given. */
  readonly random: number | null;
}

/** One stretch of the run. */
export interface WindowResult extends Quality {
  /** Jobs done at its end. */
  readonly job: number;
  /** Share of the won jobs that a friend won for its principal. */
  readonly called: number | null;
  /** Share of paid seats that were late. */
  readonly late: number | null;
  /** Spearman correlation over the places of demand (jobs) and competition (specialists that know their way). */
  readonly demandCompetition: number;
  /** Mean published ask of those that price themselves. */
  readonly askBps: number | null;
  /** Credits earned in it, by group in the order of the groups. */
  readonly earnedCredits: readonly number[];
}

/** Amounts in credits. */
export interface GroupResult {
  readonly name: string;
  readonly experts: number;
  readonly strategy: string;
  /** Paid seats that were drawn. */
  readonly seats: number;
  /** Jobs won as principal, with or without a friend. */
  readonly wins: number;
  /** Seats in which a friend was called and granted. */
  readonly calls: number;
  /** Claims of the group's members that they granted, and of those the won ones. */
  readonly called: number;
  readonly calledWins: number;
  readonly late: number;
  readonly moves: number;
  readonly earnedOwn: number;
  readonly earnedAsPrincipal: number;
  readonly earnedAsFriend: number;
  readonly slashed: number;
  readonly cost: number;
  readonly net: number;
  readonly netPerExpert: number;
  /** Net for each 100 credits staked at the start. */
  readonly netPerStake: number;
  /** Mean published ask at the end. */
  readonly askBps: number;
}

export interface RunResult {
  readonly jobs: number;
  readonly isComplete: boolean;
  /** Jobs that nobody won: too few answered, or no score. The client got its fee back. */
  readonly refunded: number;
  readonly quality: Quality & {
    /** Mean loss as measured in the jobs, of the winners. */
    readonly winnerMeasured: number | null;
    /** The one expert that would have been best for all jobs. */
    readonly bestSingle: number | null;
    /** Share of the distance from best single to oracle that the winner covers. */
    readonly headroomShare: number | null;
  };
  readonly called: number | null;
  readonly claimsRefused: number;
  readonly gini: number;
  readonly hhi: number;
  readonly clientsPaid: number;
  readonly marketEarned: number;
  readonly slashed: number;
  readonly virtualHours: number;
  readonly groups: readonly GroupResult[];
  readonly windows: readonly WindowResult[];
  readonly places: readonly PlaceResult[];
}
