import type { Answer, MarketParameters, Question } from '@market-of-experts/protocol';

/**
 * What an expert can do in one kind of market. Data are texts, answers the bytes that the task of the market takes for one; each
 * method rejects with what the model rejects with, and with `backend-invalid-output` for what the market cannot take.
 */
export interface TaskSkill {
  /** Of the model behind it. */
  readonly name: string;
  /** To what is kept of a datum. */
  answerKept(kept: string, parameters: MarketParameters, signal: AbortSignal): Promise<Answer['kept']>;
  /** To its hidden pieces, and to the whole. */
  answerWhole(
    datum: string,
    pieces: Question['pieces'],
    parameters: MarketParameters,
    signal: AbortSignal,
  ): Promise<Pick<Answer, 'pieces' | 'full'>>;
  /** To several data as they are, one answer each. */
  answerAll(
    data: readonly string[],
    parameters: MarketParameters,
    signal: AbortSignal,
  ): Promise<readonly Answer['full'][]>;
  /** To pieces of the calibration set, for all to see: a point of the market's space each, one after the other. */
  publish(pieces: readonly string[], signal: AbortSignal): Promise<Int16Array>;
}
