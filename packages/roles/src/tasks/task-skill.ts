import type { Answer, MarketParameters } from '@market-of-experts/protocol';

/**
 * What an expert can do in one kind of market. Data are texts, answers the bytes that the task of the market takes for one; each
 * method rejects with what the model rejects with, and with `backend-invalid-output` for what the market cannot take.
 */
export interface TaskSkill {
  /** Of the model behind it. */
  readonly name: string;
  /** To the first list of a question, one answer each. */
  answerFirst(
    list: readonly string[],
    parameters: MarketParameters,
    signal: AbortSignal,
  ): Promise<Answer['first']>;
  /** To the second. */
  answerSecond(
    list: readonly string[],
    parameters: MarketParameters,
    signal: AbortSignal,
  ): Promise<Answer['second']>;
  /** To several data as a part of an edition, one answer each: as the expert's own model answers. */
  answerAll(data: readonly string[], signal: AbortSignal): Promise<readonly Uint8Array[]>;
}
