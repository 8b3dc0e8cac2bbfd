import type { NodeId } from '@market-of-experts/core';
import type { Edition, EditionPart } from '../editions/edition.ts';
import type { Fraction } from '../scoring/fraction.ts';

/** What in the lists of a question belongs to one datum, by the places of the entries. */
export interface AssignedEntries {
  readonly first: number;
  /** One or more, in the order of the datum. */
  readonly second: readonly number[];
  /** Of the second list, what is wrong for it for sure: what it may be compared with. */
  readonly wrong: readonly number[];
}

/** The data of a job, cut by its seed into two lists of texts: the second stays hidden until everyone has answered the first. */
export interface Question {
  readonly first: readonly string[];
  readonly second: readonly string[];
  /** One for each datum, in the order of the data. Members learn it last. */
  readonly assignment: readonly AssignedEntries[];
}

/** A question as those know it who see no text: how long its lists are, and what belongs to which datum. */
export interface QuestionShape extends Pick<Question, 'assignment'> {
  readonly first: { readonly length: number };
  readonly second: { readonly length: number };
  /** Where the entries of the first list lie; empty in a market whose members say it by their answers. */
  readonly positions: readonly Uint8Array[];
}

/** What one member answers in a job, a byte string for each entry. Which bytes are an answer is the task's to say. */
export interface Answer {
  /** Sealed before the second list was shown. */
  readonly first: readonly Uint8Array[];
  readonly second: readonly Uint8Array[];
}

/** One seat of a job whose member opened both of its seals. */
export interface OpenedSeat<Opened> {
  readonly worker: NodeId;
  readonly opened: Opened;
  /** Newcomers are judged but do not judge. */
  readonly isJudge: boolean;
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

/** Where the data of a job seem to lie by one member's answers: for beliefs, not for what is certified. */
export interface DatumPoint {
  readonly place: number;
  /** In the market's space: as many numbers as that has dimensions. */
  readonly point: Int16Array;
}

/** How the space of one market is divided, in which its data lie. */
export interface DividedSpace {
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
 * The rules of one kind of market: pure, the same bits on every machine. `Parameters` are the
 * task's group of the market's.
 */
export interface TaskRules<Parameters, Opened = unknown> {
  /** Bounds of the task's own parameters, each by itself … */
  readonly ranges: readonly TermRange<TaskTerms<Parameters>>[];
  /** … and what does not fit together, in a sentence that says what would do. Asked within the bounds. */
  problemOf(terms: TaskTerms<Parameters>): string | undefined;
  /**
   * Undefined where a datum is {@link tooShort} to be cut (it can be routed, but experts cannot compete for it), or there are more of
   * them than {@link mostData}. Texts of the reserve stand among them as further wrong answers, as far as the task uses them.
   */
  question(
    data: readonly string[],
    seed: string,
    parameters: Parameters,
    reserve: readonly string[],
  ): Question | undefined;
  /** Why there is no {@link question} about it, in a sentence; undefined where there is one. Cheaper than to cut it. */
  tooShort(datum: string, parameters: Parameters): string | undefined;
  /** Data of a job, and entries of its second list, at most. */
  mostData(parameters: Parameters): number;
  mostEntries(parameters: Parameters): number;
  /** Texts of the reserve that a question uses at most … */
  mostReserveTexts(parameters: Parameters): number;
  /** … and what of them stands in one list: nobody pays for it, so it is little. */
  mostReserveBytes(parameters: Parameters): number;
  /**
   * Whether a list of a {@link question} can look like this, the first one with its positions: anything else takes longer than what was
   * ordered, or cannot be answered at all. Never throws.
   */
  isList(
    list: 'first' | 'second',
    entries: readonly string[],
    positions: readonly Uint8Array[],
    parameters: Parameters,
  ): boolean;
  /**
   * Whether a {@link question} about so many data can have this form. Never throws. Nobody opens a seal for another: what cannot be
   * answered rightly would be a wrong answer of all who were asked.
   */
  isQuestion(question: QuestionShape, parameters: Parameters): boolean;
  /** Undefined for what is no answer to this question. Never throws: anybody may have sent it. */
  open(answer: Answer, question: QuestionShape, parameters: Parameters): Opened | undefined;
  /** Whether an expert can have answered this to a datum as a part of an edition. Never throws. */
  isPart(answer: Uint8Array, part: EditionPart): boolean;
  /** Whether an {@link isPart} answer has nothing to say to its datum: it is delivered, and nobody is paid for it. */
  isNothing(answer: Uint8Array): boolean;
  /** The vector by which such an answer is stated, int16; undefined for bytes that are no answer of any part. Never throws. */
  statedVector(answer: Uint8Array): Uint8Array | undefined;
  /**
   * What an edition delivers of the answers of its parts, each {@link isPart} or missing: its rule makes up for those. The same
   * bits on every machine.
   */
  mix(edition: Edition, answers: readonly (Uint8Array | undefined)[]): Uint8Array;
}

/** The same with the divided space of one market: a job of the market can be judged. */
export interface Task<Parameters, Opened = unknown> extends TaskRules<Parameters, Opened> {
  /**
   * A score for each seat. Nobody's loss depends on its own judgement. Undefined
   * where too few judges agree with one another to judge anybody.
   */
  score(
    seats: readonly OpenedSeat<Opened>[],
    question: QuestionShape,
    seed: string,
    parameters: Parameters,
  ): readonly SeatScore[] | undefined;
  /** By answers to a first list, or by where its entries are said to lie. */
  locate(first: Answer['first'], positions: readonly Uint8Array[]): DatumPoint;
  /** By the answers of the judges, one or more. */
  placeOf(judges: readonly Opened[], question: QuestionShape, parameters: Parameters): DatumPlace;
}
