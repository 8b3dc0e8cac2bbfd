import type { ServedText } from '@market-of-experts/api/market-service';
import { type Amount, MoeError } from '@market-of-experts/core';
import { type Edition, editionName } from '@market-of-experts/protocol';
import { withExam } from '@market-of-experts/receipts/receipt-id';
import type { BatchQueue, ExaminedText } from './batch-queue.ts';
import type { EditionService, EditionText } from './edition-service.ts';
import { priceOf, type ServingComponents, type TextRequest } from './text-request.ts';

export interface TextComponents extends ServingComponents {
  readonly editions: EditionService;
  readonly exams: BatchQueue;
}

/**
 * Serves a text by an edition. On some texts (`auditBps`, and where the client asks for it) experts are examined first: whoever had been
 * asked for the whole text could no longer be examined on a half of it. The money for all of it is set aside before anybody is asked.
 */
export async function serveText(components: TextComponents, request: TextRequest): Promise<ServedText> {
  const { editions } = components;
  const bytes = bytesOf(components, request);
  const edition = editionOf(components, request);
  editions.assertHere(request, edition);
  const had = editions.paidBefore(request, edition);
  try {
    return await serveBy(components, { request, bytes, edition, had });
  } catch (error) {
    had.keep();
    throw error;
  }
}

async function serveBy(
  components: TextComponents,
  { request, bytes, edition, had }: Omit<EditionText, 'fees' | 'money'>,
): Promise<ServedText> {
  const { view, orders, editions, exams, random } = components;
  const { parameters } = view.current().roster;
  const priceMicro = priceOf(bytes, view);
  const fees = editions.feesOf(edition, had, priceMicro);
  const serviceMicro = fees.reduce((sum, fee) => sum + fee, 0n);
  const withExamMicro = serviceMicro + priceMicro;
  const isDrawn = (): boolean =>
    random.bytes(2).reduce((sum, byte) => sum * 256 + byte, 0) % 10_000 < parameters.auditBps;
  const canBeExamined = view.task.tooShort(request.text, parameters) === undefined;
  const isAsked = canBeExamined && request.mode === 'shard';
  assertAllowed(request, isAsked ? withExamMicro : serviceMicro);
  const isAudited =
    canBeExamined && !isAsked && isDrawn() && withExamMicro <= mostMicro(request, components, edition);
  const money = orders.hold(request.account, isAsked || isAudited ? withExamMicro : serviceMicro);
  const examine = (): Promise<ExaminedText> =>
    exams.examine({ request, bytes, onBegin: () => money.release(priceMicro) });
  try {
    let examined: ExaminedText | undefined;
    if (isAsked) examined = await examine();
    // Nobody asked for this one, so nobody misses it.
    else if (isAudited) examined = await examine().catch(() => undefined);
    const served = await editions.serve({ request, edition, bytes, fees, had, money });
    return {
      ...served,
      ...(examined === undefined
        ? {}
        : {
            receiptId: withExam(served.receiptId, examined.receiptId),
            feeMicro: served.feeMicro + examined.feeMicro,
          }),
      edition: edition.number,
      isExamined: examined !== undefined,
      tokens: components.countTokens(request.text),
    };
  } finally {
    money.end();
  }
}

/** Rejects with `input-too-short` for a text that cannot be cut, `fee-too-low`, and what a job comes to. */
export async function examineText(components: TextComponents, request: TextRequest): Promise<ExaminedText> {
  const { view, exams } = components;
  const bytes = bytesOf(components, request);
  const problem = view.task.tooShort(request.text, view.current().roster.parameters);
  if (problem !== undefined) throw new MoeError('input-too-short', problem);
  assertAllowed(request, priceOf(bytes, view));
  return exams.examine({ request, bytes });
}

/** Throws `input-too-large`. */
function bytesOf({ view }: TextComponents, { text }: TextRequest): number {
  const { maximumTextBytes } = view.current().roster.parameters;
  const bytes = Buffer.byteLength(text);
  if (bytes <= maximumTextBytes) return bytes;
  throw new MoeError(
    'input-too-large',
    `The text has ${bytes} bytes; this market serves texts of at most ${maximumTextBytes}. Split it.`,
  );
}

function editionOf({ view, market }: TextComponents, { edition: number }: TextRequest): Edition {
  const edition = view.edition(number);
  if (edition !== undefined) return edition;
  if (number === undefined) throw new MoeError('no-quorum', `The market "${market}" has no edition yet.`);
  throw new MoeError('unknown-edition', `There is no edition ${editionName({ market, number })} here.`);
}

/** Throws `fee-too-low` for what costs more than the request allows. */
function assertAllowed({ maxFeeMicro }: TextRequest, neededMicro: Amount): void {
  if (maxFeeMicro !== undefined && neededMicro > maxFeeMicro)
    throw new MoeError(
      'fee-too-low',
      `This text costs ${neededMicro} micro-credits; the request allows ${maxFeeMicro}. Raise the limit or send less text.`,
    );
}

/** What an exam that the client has not asked for may raise the cost to: the other texts of the request are served, too. */
function mostMicro(
  { account, maxFeeMicro, waiting }: TextRequest,
  { orders, view }: TextComponents,
  { parts }: Edition,
): Amount {
  const { texts, bytes } = waiting?.() ?? { texts: 0, bytes: 0 };
  // Each text's price is rounded up.
  const othersMicro = (priceOf(bytes, view) + BigInt(texts)) * BigInt(parts.length);
  const freeMicro = orders.balance(account).availableMicro - othersMicro;
  return maxFeeMicro === undefined || maxFeeMicro > freeMicro ? freeMicro : maxFeeMicro;
}
