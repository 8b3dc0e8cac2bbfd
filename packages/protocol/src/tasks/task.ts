import type { NodeId } from '@market-of-experts/core';
import type { Fraction } from '../scoring/fraction.ts';

/** A datum cut by the seed of its job: `kept` is shown first, `pieces` stay hidden until everyone has committed. */
export interface Question {
  readonly kept: string;
  /** At least one, in the order of the datum. */
  readonly pieces: readonly string[];
}

/** What one member answers in a job. Which bytes are an answer is the task's to say. */
export interface Answer {
  /** To what was kept, sealed before more was shown. */
  readonly kept: Uint8Array;
  /** To the hidden pieces, one each. */
  readonly pieces: readonly Uint8Array[];
  /** To the whole datum: what is delivered. */
  readonly full: Uint8Array;
}

/** An answer as the task reads it; to everybody else it is as many pieces as were answered. */
export interface OpenedAnswer {
  readonly pieceCount: number;
}

/** One seat of a job whose member opened both of its seals. */
export interface OpenedSeat<Opened extends OpenedAnswer> {
  readonly worker: NodeId;
  readonly opened: Opened;
  /** Newcomers are judged but do not judge. */
  readonly isJudge: boolean;
  /** Pieces of the calibration set of which the worker has published its answers. */
  readonly calibrationCount: number;
}

export interface SeatScore {
  /** For each datum, from 0 (the best) to 1; null where there was nothing to compare. */
  readonly losses: readonly (Fraction | null)[];
  /** What is delivered has nothing to do with what the others deliver: a fault. */
  readonly isOutlier: boolean;
  /** Most judges are against this judge's view of the pieces: it judged nobody and cannot win. */
  readonly isDissenting: boolean;
}

/** Where the data of a job lie in the history of their market. */
export interface DatumPlace {
  /** Cell in which standings are counted. */
  readonly place: number;
  /** Of each datum, what history finds like ones by, as it stands in the certificate: a byte for each dimension of the market's space. */
  readonly vectors: readonly Uint8Array[];
}

/** Where a datum seems to lie by one answer: for beliefs, not for what is certified. */
export interface DatumPoint {
  readonly place: number;
  /** In the market's space: as many numbers as that has dimensions. */
  readonly point: Int16Array;
}

/** What the experts of one market have published, and how it is divided; certified data that every verifier holds. */
export interface PublishedAnswers {
  /** A node's answer to a piece of the calibration set, as a point of the market's space. */
  readonly calibration: (node: NodeId, index: number) => Int16Array;
  /** Place nearest to a sum of points. */
  readonly placeOf: (sum: Int32Array) => number;
}

/** What a number of a market's terms may be, and what it is for where that explains the bound. */
export interface TermRange<Terms> {
  /** As in `parameters.pieces`. */
  readonly name: string;
  readonly of: (terms: Terms) => number | bigint;
  readonly least: number | bigint;
  readonly most: number | bigint;
  readonly because: string;
}

/** The part of a market's terms that its task has a say in. */
export interface TaskTerms<Parameters> {
  readonly parameters: Parameters & { readonly maximumTextBytes: number };
  /** In which the market's data lie. */
  readonly space: { readonly dimensions: number };
}

/**
 * The rules of one kind of market that need nothing published: pure, the same bits on every machine. `Parameters` are the
 * task's group of the market's.
 */
export interface TaskRules<Parameters, Opened extends OpenedAnswer = OpenedAnswer> {
  /** Bounds of the task's own parameters, each by itself … */
  readonly ranges: readonly TermRange<TaskTerms<Parameters>>[];
  /** … and what does not fit together, in a sentence that says what would do. Asked within the bounds. */
  problemOf(terms: TaskTerms<Parameters>): string | undefined;
  /** Undefined for a datum that is {@link tooShort} to be cut: it can be routed, but experts cannot compete for it. */
  question(datum: string, seed: string, parameters: Parameters): Question | undefined;
  /** Why there is no {@link question} about it, in a sentence; undefined where there is one. Cheaper than to cut it. */
  tooShort(datum: string, parameters: Parameters): string | undefined;
  /** Pieces of a datum at most. */
  mostPieces(parameters: Parameters): number;
  /** Undefined for what is no answer in this market. Never throws: anybody may have sent it. */
  open(answer: Answer, parameters: Parameters): Opened | undefined;
  /** Whether an answer to a whole datum could be delivered. Never throws. */
  isAnswer(full: Answer['full'], parameters: Parameters): boolean;
  /**
   * What is delivered of the `full` answers, each with its weight: not negative, 1 together. An answer of weight 0 may be
   * anything, or missing. Not on a money path.
   */
  deliver(
    answers: readonly (Uint8Array | undefined)[],
    weights: readonly number[],
    parameters: Parameters,
  ): Uint8Array;
}

/** The same with what the experts of one market have published: a job of the market can be judged. */
export interface Task<Parameters, Opened extends OpenedAnswer = OpenedAnswer>
  extends TaskRules<Parameters, Opened> {
  /**
   * A score for each seat, all of which answered as many pieces. Nobody's loss depends on its own judgement. Undefined
   * where too few judges agree with one another to judge anybody.
   */
  score(
    seats: readonly OpenedSeat<Opened>[],
    seed: string,
    parameters: Parameters,
  ): readonly SeatScore[] | undefined;
  /** Of an answer to what was kept, or to a whole datum as if all were kept. */
  locate(kept: Answer['kept']): DatumPoint;
  /** By the answers of the judges, one or more. */
  placeOf(judges: readonly Opened[], parameters: Parameters): DatumPlace;
}
