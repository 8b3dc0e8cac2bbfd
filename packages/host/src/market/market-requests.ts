import type { ServedText, ServeRequest } from '@market-of-experts/api/market-service';
import { type AccountId, type Clock, MoeError } from '@market-of-experts/core';
import type { CoordinatorRole } from '@market-of-experts/roles/coordinator/coordinator-role';
import { createSlots } from '@market-of-experts/roles/coordinator/slots';
import { undelivered } from './undelivered.ts';

const neverAborted = new AbortController().signal;

/** Texts that are in the market's hands at once; the next ones of several requests take turns. */
const maxTexts = 512;
/** Of one request: enough to fill messages and slots, few enough to leave room for others. */
const maxTextsOfRequest = 128;

/** The way into a market, which can be shut. */
export interface MarketRequests {
  /**
   * Answers in the order of the texts, which start in that order, so many at a time. The first text that cannot be served
   * ends the request: no more are begun, those under way are finished, and what was answered and paid for is
   * given, for nothing more, to the request that asks for it again.
   */
  serve(request: ServeRequest): Promise<readonly ServedText[]>;
  /** Has experts examined on texts of the house's, which nobody wants served, together where they fit one exam. Rejects as the first that fails. */
  examine(texts: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Refuses requests from now on with this error; resolves when those under way have their answers. */
  shut(reason: MoeError): Promise<void>;
}

export function marketRequests(
  coordinator: Pick<CoordinatorRole, 'serve' | 'examine'>,
  houseAccount: AccountId,
  clock: Clock,
): MarketRequests {
  const underWay = new Set<Promise<unknown>>();
  const places = createSlots(maxTexts, Number.POSITIVE_INFINITY);
  const unfetched = undelivered(clock);
  let refusal: MoeError | undefined;

  const serveAll = async (request: ServeRequest): Promise<readonly ServedText[]> => {
    const { account, texts, signal = neverAborted } = request;
    const caller = Symbol('request');
    const answers: ServedText[] = new Array(texts.length);
    let next = 0;
    const waiting = {
      texts: texts.length,
      bytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    };
    let failure: { readonly error: unknown } | undefined;
    const begin = (text: string): void => {
      waiting.texts -= 1;
      waiting.bytes -= Buffer.byteLength(text);
    };
    const one = (text: string): Promise<ServedText> => {
      begin(text);
      return coordinator.serve({
        account,
        text,
        mode: request.mode ?? 'auto',
        edition: request.edition,
        isStrict: request.isStrict,
        maxFeeMicro: request.maxFeeMicro,
        kind: account === houseAccount ? 'house' : 'client',
        // Texts of the house come with the program.
        isTextPublic: request.isTextPublic === true || account === houseAccount,
        signal,
        waiting: () => waiting,
        caller,
      });
    };
    const work = async (): Promise<void> => {
      while (next < texts.length && failure === undefined) {
        const index = next;
        next += 1;
        const text = texts[index]!;
        try {
          const kept = unfetched.take(request, text);
          if (kept !== undefined) begin(text);
          answers[index] = kept ?? (await places.run(() => one(text), { signal, caller }));
        } catch (error) {
          failure ??= { error };
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(maxTextsOfRequest, texts.length) }, work));
    if (failure === undefined && !signal.aborted) return answers;
    for (const [index, text] of texts.entries()) {
      const answer = answers[index];
      if (answer !== undefined) unfetched.keep(request, text, answer);
    }
    if (signal.aborted)
      throw new MoeError('request-aborted', 'The client went away.', { cause: failure?.error });
    throw failure!.error;
  };

  /** Shutting waits for it. */
  const followed = <Result>(task: () => Promise<Result>): Promise<Result> => {
    if (refusal !== undefined) throw refusal;
    const running = task();
    const ended: Promise<unknown> = running
      .catch(() => undefined)
      .finally(() => {
        underWay.delete(ended);
      });
    underWay.add(ended);
    return running;
  };

  return {
    serve: async (request) => followed(() => serveAll(request)),
    async examine(texts, signal = neverAborted) {
      await followed(async () => {
        const outcomes = await Promise.allSettled(
          texts.map((text) =>
            coordinator.examine({
              account: houseAccount,
              text,
              mode: 'shard',
              maxFeeMicro: undefined,
              kind: 'house',
              isTextPublic: true,
              signal,
            }),
          ),
        );
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        if (failed !== undefined) throw failed.reason;
      });
    },
    async shut(reason) {
      refusal ??= reason;
      await Promise.all(underWay);
    },
  };
}
