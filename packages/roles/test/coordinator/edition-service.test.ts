import type { ServedText } from '@market-of-experts/api/market-service';
import { decode, encode, MoeError, type NodeId } from '@market-of-experts/core';
import { editionBytes, float32Bytes, float32FromBytes } from '@market-of-experts/protocol';
import { editionReceiptParts } from '@market-of-experts/receipts/receipt-id';
import { encoderBackend, wordEncode } from '@market-of-experts/testing/encoders';
import {
  type LedgerMarket,
  type LedgerMarketInit,
  ledgerMarket,
} from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, describe, expect, it } from 'vitest';
import type { TextRequest } from '../../src/coordinator/text-request.ts';
import { protocols, routeRequestSchema, routeResponseSchema } from '../../src/messages/protocols.ts';
import { resigned, textsOf } from './statements/resigned.ts';

let market: LedgerMarket;
afterEach(() => market.close());

/** Each part has a space of its own, of its own dimension. */
const dimensionsOf = [24, 7, 100];
const own = (index: number) => {
  const dimensions = dimensionsOf[index];
  if (dimensions === undefined) return undefined;
  return encoderBackend(`own-${index}`, dimensions, wordEncode(dimensions, `own-${index}`, 0));
};
const open = async (init: LedgerMarketInit = {}): Promise<void> => {
  market = await ledgerMarket({ parts: [0, 1, 2], own, parameters: { auditBps: 0 }, ...init });
};
const short = 'a short text';
const embed = (changes: Partial<TextRequest> = {}): Promise<ServedText> =>
  market.coordinator.serve({
    account: market.clients[0]!,
    text: short,
    mode: 'auto',
    maxFeeMicro: undefined,
    kind: 'client',
    isTextPublic: false,
    signal: new AbortController().signal,
    ...changes,
  });
const finish = async (): Promise<void> => {
  await market.coordinator.close();
  await market.settler.close();
};
const lockedMicro = (): bigint => market.ledger.prepaid(market.clients[0]!, market.market)!.lockedMicro;
const proofs = (): string[] => market.records.map(({ proof }) => proof.kind).sort();
const paidWorkers = (): NodeId[] =>
  market.records.flatMap(({ proof }) => (proof.kind === 'tally' ? [proof.tally.worker.by as NodeId] : []));

/** Changes what one expert answers, and signs, when it serves. */
function changeAnswers(index: number, change: (vector: Uint8Array) => Uint8Array): void {
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, asked, message, ...rest) => {
    const answer = await request(to, asked, message, ...rest);
    if (asked !== protocols.route || to !== market.experts[index]) return answer;
    const response = decode(answer, routeResponseSchema);
    const changed = { ...response, vectors: response.vectors.map(change) };
    return encode(resigned(market, index, changed, textsOf(message)));
  };
}

/** Has one expert answer as the given handler does, when it serves. */
function changeRoute(
  index: number,
  route: (
    answer: () => Promise<Uint8Array>,
    options: { readonly signal?: AbortSignal },
    message: Uint8Array,
  ) => Promise<Uint8Array>,
): void {
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, asked, message, options) => {
    const answer = () => request(to, asked, message, options);
    return asked === protocols.route && to === market.experts[index]
      ? route(answer, options, message)
      : answer();
  };
}
const isAway = new MoeError('peer-unreachable', 'It is away.');

/** Length of each part of a vector. */
const lengthsOf = ({ answer }: ServedText): number[] => {
  const vector = float32FromBytes(answer);
  let offset = 0;
  return dimensionsOf.map((dimensions) => {
    offset += dimensions;
    return Math.hypot(...vector.subarray(offset - dimensions, offset));
  });
};
const third = Math.sqrt(1 / 3);

describe('a text served by an edition', () => {
  it('has the vectors of all its experts side by side, each in its own space, and is paid to each of them', async () => {
    await open();
    const before = lockedMicro();
    const answers = await Promise.all([embed(), embed({ text: 'another one' }), embed()]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ edition: 1, missing: [], isExamined: false });
      expect(float32FromBytes(answer.answer)).toHaveLength(131);
      for (const length of lengthsOf(answer)) expect(length).toBeCloseTo(third, 5);
      expect(editionReceiptParts(answer.receiptId)!.receipts).toHaveLength(3);
    }
    expect(answers[2]!.answer).toEqual(answers[0]!.answer);
    expect(answers[1]!.answer).not.toEqual(answers[0]!.answer);
    await finish();
    // Three texts of one client are one tally of each expert.
    expect(proofs()).toEqual(['tally', 'tally', 'tally']);
    expect(new Set(paidWorkers())).toEqual(new Set(market.experts.slice(0, 3)));
    const paidMicro = answers.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
    expect(before - lockedMicro()).toBe(paidMicro);
    expect(answers[0]!.feeMicro % 3n).toBe(0n);
    expect(market.warnings).toEqual([]);
  });

  /** Publishes the edition, and what its parts get. */
  const publishShares = async (millionths: number[]): Promise<void> => {
    const keys = market.ownerOf('market-owner');
    const edition = market.view.edition()!;
    await market.ledger.transact(keys, {
      kind: 'publishEdition',
      market: market.market,
      edition: editionBytes(edition),
    });
    await market.ledger.transact(keys, {
      kind: 'publishShares',
      market: market.market,
      edition: edition.number,
      epoch: market.ledger.settings().epoch,
      millionths,
      exams: { root: edition.evidence, fromBatch: 0, toBatch: 0, texts: 600 },
    });
  };
  /** What the experts of the edition, the market's owner, and the client got in all settlements. */
  const settledMicro = async () => {
    const settlements = (await market.ledger.entries(0, market.ledger.height())).flatMap(({ transaction }) =>
      transaction.kind === 'settle' ? [transaction.settlement] : [],
    );
    const earned = (node: NodeId): bigint =>
      settlements
        .flatMap(({ earnings }) => earnings)
        .reduce((sum, { node: by, amountMicro }) => (by === node ? sum + amountMicro : sum), 0n);
    return {
      experts: market.experts.slice(0, 3).map(earned),
      owner: settlements
        .flatMap(({ credits }) => credits)
        .reduce((sum, { amountMicro }) => sum + amountMicro, 0n),
      charged: settlements
        .flatMap(({ orders }) => orders)
        .reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n),
    };
  };

  it('is paid by what each expert adds: where every micro-credit of a client goes', async () => {
    await open({ parameters: { auditBps: 0, feeBps: 200 } });
    await publishShares([550_000, 250_000, 200_000]);
    const before = lockedMicro();
    // 100 bytes at 1,000 micro-credits a kilobyte: 98 for each of three parts.
    const text = 'x'.repeat(100);
    const answers = await Promise.all(Array.from({ length: 100 }, () => embed({ text })));
    for (const { feeMicro } of answers) expect(feeMicro).toBe(3n * 98n);
    await finish();
    const { experts, owner, charged } = await settledMicro();
    expect(before - lockedMicro()).toBe(29_400n);
    expect(charged).toBe(29_400n);
    // 2 % of each tally for the market's owner, rounded down; the rest 55 : 25 : 20.
    expect(owner).toBe(323n + 147n + 117n);
    expect(experts).toEqual([16_170n - 323n, 7_350n - 147n, 5_880n - 117n]);
    expect(owner + experts.reduce((sum, micro) => sum + micro, 0n)).toBe(charged);
    expect(market.warnings).toEqual([]);
  });

  it('is answered by an expert that adds nothing, for nothing; who is away costs nothing', async () => {
    await open();
    await publishShares([600_000, 400_000, 0]);
    const [first, second] = [await embed(), await embed()];
    expect(first.missing).toEqual([]);
    expect(first.feeMicro).toBe(second.feeMicro);
    market.presence.leave(market.experts[1]!);
    const without = await embed();
    expect(without.missing).toEqual([market.experts[1]]);
    expect(without.feeMicro < first.feeMicro).toBe(true);
    await finish();
    const { experts, charged, owner } = await settledMicro();
    expect(charged).toBe(first.feeMicro + second.feeMicro + without.feeMicro);
    expect(experts[2]).toBe(0n);
    expect(owner + experts[0]! + experts[1]!).toBe(charged);
  });

  it.each([
    ['another dimension', (vector: Uint8Array) => vector.slice(4)],
    ['no bytes', () => new Uint8Array()],
    ['NaN', (vector: Uint8Array) => new Uint8Array(vector.length).fill(0xff)],
    [
      'a vector that is too long',
      (vector: Uint8Array) => float32Bytes(float32FromBytes(vector).map((value) => 2 * value)),
    ],
  ])('goes without an expert that answers %s: that is said, and not paid', async (_, change) => {
    await open();
    changeAnswers(1, change);
    const before = lockedMicro();
    const answer = await embed();
    expect(answer.missing).toEqual([market.experts[1]]);
    // The others have its weight.
    expect(lengthsOf(answer).map((length) => Math.fround(length))).toEqual([
      expect.closeTo(Math.SQRT1_2, 5),
      0,
      expect.closeTo(Math.SQRT1_2, 5),
    ]);
    await finish();
    expect(new Set(paidWorkers())).toEqual(new Set([market.experts[0], market.experts[2]]));
    expect(before - lockedMicro()).toBe(answer.feeMicro);
    expect(answer.feeMicro % 2n).toBe(0n);
  });

  it('names who is away, before anybody works where a part must not be missing, and says so when all are', async () => {
    await open();
    const away = market.experts[2]!;
    market.presence.leave(away);
    expect((await embed()).missing).toEqual([away]);
    const sent: string[] = [];
    const request = market.gateway.request.bind(market.gateway);
    market.gateway.request = async (to, asked, ...rest) => {
      sent.push(asked);
      return request(to, asked, ...rest);
    };
    await expect(embed({ isStrict: true })).rejects.toMatchObject({
      code: 'edition-incomplete',
      isRetryable: true,
      message: expect.stringContaining('expert-2'),
    });
    expect(sent).not.toContain(protocols.route);
    for (const node of market.experts) market.presence.leave(node);
    await expect(embed()).rejects.toMatchObject({ code: 'no-quorum', isRetryable: true });
    await finish();
  });

  it('has the part of an expert that takes part in no exam for a while, and pays it', async () => {
    await open();
    await embed();
    const pausing = market.experts[1]!;
    market.presence.enter(pausing, () => true);
    market.presence.paused(pausing);
    expect(market.view.current().roster.experts.map(({ node }) => node)).not.toContain(pausing);
    await market.clock.sleep(1_000);
    expect((await embed({ text: 'another one' })).missing).toEqual([]);
    await finish();
    expect(paidWorkers().filter((node) => node === pausing)).toHaveLength(2);
    expect(market.settler.pending()).toBe(0);
  });

  it('goes without a part that dies while it works, and a strict one is refused', async () => {
    await open();
    const { gateway } = market;
    const request = gateway.request.bind(gateway);
    gateway.request = async (to, asked, ...rest) => {
      if (asked === protocols.route && to === market.experts[0])
        market.network.inject.partition([[market.experts[0]!]]);
      return request(to, asked, ...rest);
    };
    expect((await embed()).missing).toEqual([market.experts[0]]);
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    await finish();
    expect(market.orders.balance(market.clients[0]!).reservedMicro).toBe(0n);
  });

  it('is not begun with money for two of three parts', async () => {
    await open();
    const client = market.clients[0]!;
    const { feeMicro } = await embed();
    const partMicro = feeMicro / 3n;
    const hold = market.orders.hold(client, market.orders.balance(client).availableMicro - 2n * partMicro);
    const sent: string[] = [];
    const request = market.gateway.request.bind(market.gateway);
    market.gateway.request = async (to, asked, ...rest) => {
      sent.push(asked);
      return request(to, asked, ...rest);
    };
    await expect(embed()).rejects.toMatchObject({ code: 'insufficient-funds' });
    expect(sent).not.toContain(protocols.route);
    // For exactly three it is served, and a second one at the same time is not.
    hold.release(partMicro);
    const [first, second] = await Promise.allSettled([embed(), embed()]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { missing: [] } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'insufficient-funds' } });
    hold.release(10n ** 12n);
    await finish();
    expect(market.orders.balance(client).reservedMicro).toBe(0n);
  });

  it('costs at most what the client allows for all its parts, and an exam that he asks for', async () => {
    await open();
    const text = textAbout(7);
    const { feeMicro } = await embed({ text });
    const withExamMicro = (feeMicro * 4n) / 3n;
    expect((await embed({ text, maxFeeMicro: feeMicro })).feeMicro).toBe(feeMicro);
    await expect(embed({ text, maxFeeMicro: feeMicro - 1n })).rejects.toMatchObject({ code: 'fee-too-low' });
    await expect(embed({ text, mode: 'shard', maxFeeMicro: withExamMicro - 1n })).rejects.toMatchObject({
      code: 'fee-too-low',
    });
    const examined = await embed({ text, mode: 'shard', maxFeeMicro: withExamMicro });
    expect(examined).toMatchObject({ isExamined: true, feeMicro: withExamMicro, missing: [] });
    expect(editionReceiptParts(examined.receiptId)!.receipts).toHaveLength(4);
    await finish();
  });

  it('has the same vector whether experts are examined on it or not', async () => {
    await open();
    const text = textAbout(8);
    const served = await embed({ text });
    expect((await embed({ text, mode: 'shard' })).answer).toEqual(served.answer);
    await finish();
    expect(proofs().filter((kind) => kind === 'certificate')).toHaveLength(1);
  });

  it('is examined by chance where its client can pay for that, before it is served, and served all the same where the exam fails', async () => {
    await open({ parameters: { auditBps: 10_000 } });
    const text = textAbout(9);
    const sent: string[] = [];
    const request = market.gateway.request.bind(market.gateway);
    market.gateway.request = async (to, asked, ...rest) => {
      sent.push(asked);
      return request(to, asked, ...rest);
    };
    const audited = await embed({ text });
    expect(audited).toMatchObject({ isExamined: true, missing: [] });
    expect(sent.indexOf(protocols.route)).toBeGreaterThan(sent.lastIndexOf(protocols.reveal));
    const feeMicro = (audited.feeMicro * 3n) / 4n;
    expect(await embed({ text, maxFeeMicro: feeMicro })).toMatchObject({ isExamined: false, feeMicro });
    expect(await embed()).toMatchObject({ isExamined: false });
    for (const [index, validator] of market.validators.entries()) {
      await market.stopValidator(index);
      expect(validator).toBeDefined();
    }
    expect(await embed({ text })).toMatchObject({ isExamined: false, missing: [] });
    await expect(embed({ text, mode: 'shard' })).rejects.toMatchObject({ isRetryable: true });
    await market.coordinator.close();
  });

  it('is not examined by chance with money that the other texts of its request need', async () => {
    await open({ parameters: { auditBps: 10_000 } });
    const client = market.clients[0]!;
    const text = textAbout(10);
    const bytes = Buffer.byteLength(text);
    const serviceMicro = ((await embed({ text })).feeMicro * 3n) / 4n;
    // For two texts and one exam: the other text may be a little dearer, since each price is rounded up.
    const neededMicro = (serviceMicro * 7n) / 3n;
    const hold = market.orders.hold(client, market.orders.balance(client).availableMicro - neededMicro);
    expect(await embed({ text, waiting: () => ({ texts: 1, bytes }) })).toMatchObject({ isExamined: false });
    expect(await embed({ text, waiting: () => ({ texts: 0, bytes: 0 }) })).toMatchObject({
      isExamined: true,
    });
    hold.release(10n ** 12n);
    await finish();
  });

  it('has a part of zeros where an expert has nothing to say, for which it is not paid', async () => {
    await open();
    const before = lockedMicro();
    const priceMicro = (await embed()).feeMicro / 3n;
    changeAnswers(1, (vector) => float32Bytes(float32FromBytes(vector).map(() => -0)));
    const answer = await embed({ text: 'a later text' });
    expect(answer).toMatchObject({ missing: [], feeMicro: 2n * priceMicro });
    expect(lengthsOf(answer)[1]).toBe(0);
    expect(editionReceiptParts(answer.receiptId)!.receipts).toHaveLength(2);
    await finish();
    expect(before - lockedMicro()).toBe(5n * priceMicro);
    expect(paidWorkers().filter((node) => node === market.experts[1])).toHaveLength(1);
    expect(market.orders.balance(market.clients[0]!).reservedMicro).toBe(0n);
  });

  it('costs nothing where no part has anything to say', async () => {
    await open();
    for (const index of [0, 1, 2]) changeAnswers(index, (vector) => new Uint8Array(vector.length));
    const answer = await embed({ isStrict: true });
    expect(answer).toMatchObject({ missing: [], feeMicro: 0n });
    expect(editionReceiptParts(answer.receiptId)).toMatchObject({ receipts: [] });
    await finish();
    expect(paidWorkers()).toEqual([]);
  });

  it('is paid once by who tries again because a part was missing, also with no money for more', async () => {
    await open();
    const client = market.clients[0]!;
    const whole = await embed({ text: 'a first text' });
    const priceMicro = whole.feeMicro / 3n;
    const before = market.orders.balance(client).availableMicro;
    const spentMicro = (): bigint => before - market.orders.balance(client).availableMicro;
    let away = true;
    const asked: number[] = [];
    for (const index of [0, 1, 2])
      changeRoute(index, async (answer) => {
        asked.push(index);
        if (index === 1 && away) throw isAway;
        return answer();
      });
    for (const _ of [1, 2])
      await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    expect(asked.filter((index) => index !== 1)).toEqual([0, 2]);
    expect(spentMicro()).toBe(2n * priceMicro);
    // Others, and other texts, have nothing of it.
    await expect(embed({ isStrict: true, isTextPublic: true })).rejects.toMatchObject({
      code: 'edition-incomplete',
    });
    expect(spentMicro()).toBe(4n * priceMicro);
    away = false;
    const hold = market.orders.hold(client, market.orders.balance(client).availableMicro - priceMicro);
    const served = await embed({ isStrict: true, maxFeeMicro: priceMicro });
    expect(served).toMatchObject({ missing: [], feeMicro: priceMicro });
    hold.end();
    expect(spentMicro()).toBe(5n * priceMicro);
    // It has been delivered: the next one is new work.
    const again = await embed();
    expect(again.feeMicro).toBe(3n * priceMicro);
    expect(again.answer).toEqual(served.answer);
    await finish();
  });

  it('is paid by one of two who try again at once, and never above what is allowed', async () => {
    await open();
    let away = true;
    changeRoute(1, async (answer) => {
      if (away) throw isAway;
      return answer();
    });
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    away = false;
    const priceMicro = (await embed({ text: 'a first text' })).feeMicro / 3n;
    const tries = () => embed({ isStrict: true, maxFeeMicro: priceMicro });
    const [first, second] = await Promise.allSettled([tries(), tries()]);
    expect(first).toMatchObject({ status: 'fulfilled', value: { feeMicro: priceMicro } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'fee-too-low' } });
    // A refusal before anybody is asked leaves what is paid for the next try.
    away = true;
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    await expect(embed({ isStrict: true, maxFeeMicro: 0n })).rejects.toMatchObject({ code: 'fee-too-low' });
    away = false;
    expect((await embed({ isStrict: true })).feeMicro).toBe(priceMicro);
    await finish();
  });

  it('is served to whoever tries again from what is paid where that part is away meanwhile, for ten minutes', async () => {
    await open();
    let away = true;
    changeRoute(1, async (answer) => {
      if (away) throw isAway;
      return answer();
    });
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    away = false;
    market.presence.leave(market.experts[0]!);
    expect((await embed({ isStrict: true })).missing).toEqual([]);
    away = true;
    market.presence.enter(market.experts[0]!, () => true);
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    await market.clock.sleep(10 * 60_000);
    away = false;
    const { feeMicro } = await embed({ text: 'a first text' });
    expect((await embed({ isStrict: true })).feeMicro).toBe(feeMicro);
    await finish();
  });

  it('keeps its money when it is sent again alone', async () => {
    await open();
    const client = market.clients[0]!;
    const texts = [1, 2, 3, 4, 5, 6].map((number) => `text ${number}`);
    const { feeMicro } = await embed({ text: texts[0]! });
    const { availableMicro } = market.orders.balance(client);
    const rest = market.orders.hold(client, availableMicro - 6n * feeMicro);
    const sizes: number[] = [];
    let found = 0;
    changeRoute(0, async (answer, _, message) => {
      const { texts: sent } = decode(message, routeRequestSchema);
      sizes.push(sent.length);
      if (sent.length > 1) throw new MoeError('backend-invalid-output', 'One of the texts was too much.');
      // Four are under way, two wait: whoever wants money now finds none.
      await market.clock.sleep(1);
      if (market.orders.balance(client).availableMicro > 0n) found += 1;
      return answer();
    });
    const answers = await Promise.all(texts.map((text) => embed({ text })));
    expect(sizes).toEqual([6, 1, 1, 1, 1, 1, 1]);
    expect(found).toBe(0);
    for (const { missing } of answers) expect(missing).toEqual([]);
    rest.end();
    await finish();
    expect(market.orders.balance(client).reservedMicro).toBe(0n);
  });

  it('does without an expert that hangs, for a minute after a few messages without an answer; then that is asked again', async () => {
    await open();
    const client = market.clients[0]!;
    const priceMicro = (await embed()).feeMicro / 3n;
    let hangs = true;
    let asked = 0;
    changeRoute(1, async (answer, { signal }) => {
      asked += 1;
      if (!hangs) return answer();
      await market.clock.sleep(30_000, signal);
      throw new MoeError('request-timeout', 'No answer.');
    });
    const took = async (serving: Promise<unknown>): Promise<number> => {
      const startMs = market.clock.nowMs();
      await serving.catch(() => undefined);
      return market.clock.nowMs() - startMs;
    };
    for (const number of [1, 2, 3]) expect(await took(embed({ text: `text ${number}` }))).toBe(30_000);
    expect(await took(embed())).toBeLessThan(1_000);
    expect(await embed()).toMatchObject({ missing: [market.experts[1]], feeMicro: 2n * priceMicro });
    const before = market.orders.balance(client).availableMicro;
    await expect(embed({ isStrict: true })).rejects.toMatchObject({ code: 'edition-incomplete' });
    expect(market.orders.balance(client).availableMicro).toBe(before);
    expect(asked).toBe(3);
    await market.clock.sleep(60_000);
    // One message tries it, and the others do not wait.
    const trial = took(embed({ text: 'trial' }));
    await market.clock.sleep(1);
    expect(await took(embed())).toBeLessThan(1_000);
    expect(await trial).toBe(30_000);
    expect(await took(embed())).toBeLessThan(1_000);
    expect(asked).toBe(4);
    hangs = false;
    await market.clock.sleep(60_000);
    expect((await embed()).missing).toEqual([]);
    expect((await embed({ isStrict: true })).missing).toEqual([]);
    await finish();
    expect(market.orders.balance(client).reservedMicro).toBe(0n);
  });

  it('of another number is refused', async () => {
    await open();
    expect((await embed({ edition: 1 })).edition).toBe(1);
    await expect(embed({ edition: 2 })).rejects.toMatchObject({ code: 'unknown-edition' });
    await finish();
  });
});
