import type { ServedText } from '@market-of-experts/api/market-service';
import { decode, encode, isMoeError, type NodeId } from '@market-of-experts/core';
import { type Effects, float32FromBytes, type SettlementBody, signReveal } from '@market-of-experts/protocol';
import { decodeRecord } from '@market-of-experts/receipts/receipt-record';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { TextRequest } from '../../src/coordinator/text-request.ts';
import { protocols, revealResponseSchema, tallyResponseSchema } from '../../src/messages/protocols.ts';
import { settlementRequestSchema } from '../../src/messages/settlement-request.ts';

let market: LedgerMarket;
afterEach(() => market.close());

const short = 'too short to compete';
const embed = (changes: Partial<TextRequest> = {}): Promise<ServedText> =>
  market.coordinator.serve({
    account: market.clients[0]!,
    text: textAbout(1_000),
    mode: 'shard',
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

/**
 * Every credit is where the records say, or was burnt as they say; nothing is open. What witnesses have certified without the
 * gateway, others have settled: it is charged besides.
 */
function expectAccounted(
  supplyMicro: bigint,
  prepaidMicro: readonly bigint[],
  standIns: readonly SettlementBody[] = [],
): void {
  const { ledger, records, clients, orders } = market;
  expect(moneyEver()).toBe(supplyMicro);
  expect(market.settler.pending()).toBe(0);
  for (const { effects } of records)
    expect(effects.deltas.reduce((sum, { deltaMicro }) => sum + deltaMicro, 0n)).toBe(0n);
  for (const [index, client] of clients.entries()) {
    const own = records.filter(({ effects }) => effects.client === client);
    const numbers = own.map(({ effects }) => effects.clientSeq).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, number) => number));
    expect(ledger.nextOrderSeq(client, market.market)).toBe(numbers.length);
    const charged = own.reduce(
      (sum, { effects }) =>
        sum + effects.deltas.reduce((of, { deltaMicro }) => of + (deltaMicro < 0n ? -deltaMicro : 0n), 0n),
      0n,
    );
    const { lockedMicro } = ledger.prepaid(client, market.market)!;
    const byOthers = chargedIn(standIns, client);
    const taken = prepaidMicro[index]! - lockedMicro;
    expect(taken >= charged && taken <= charged + byOthers, `${taken}, ${charged} and ${byOthers}`).toBe(
      true,
    );
    expect(orders.balance(client)).toEqual({ availableMicro: lockedMicro, reservedMicro: 0n });
  }
  const slashed = records.reduce(
    (sum, { effects }) => sum + effects.slashes.reduce((of, { amountMicro }) => of + amountMicro, 0n),
    0n,
  );
  expect(ledger.settings().burntMicro).toBe(slashed);
}
const chargedIn = (settlements: readonly SettlementBody[], ofClient?: string): bigint =>
  settlements
    .flatMap(({ orders }) => orders)
    .filter(({ client }) => client === (ofClient ?? client))
    .reduce((sum, { chargeMicro }) => sum + chargeMicro, 0n);
const feeOf = ({ deltas }: Effects): bigint =>
  deltas.reduce((sum, { deltaMicro }) => (deltaMicro < 0n ? sum - deltaMicro : sum), 0n);
const moneyEver = () => market.ledger.totalMicro() + market.ledger.settings().burntMicro;
const lockedMicro = () =>
  market.clients.map((client) => market.ledger.prepaid(client, market.market)!.lockedMicro);

/** Changes what the experts answer, on its way to the coordinator. */
function changeAnswers<Answer>(
  protocol: string,
  schema: z.ZodType<Answer>,
  change: (answer: Answer, from: NodeId) => unknown,
): void {
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, asked, ...rest) => {
    const answer = await request(to, asked, ...rest);
    return asked === protocol ? encode(change(decode(answer, schema), to)) : answer;
  };
}

describe('the coordinator', () => {
  it('competes, routes, settles: the client pays what the receipts say', async () => {
    market = await ledgerMarket();
    const supply = moneyEver();
    const prepaid = lockedMicro();
    const answers = [
      ...(await Promise.all(
        Array.from({ length: 4 }, (_, index) => embed({ text: textAbout(2_000 + index) })),
      )),
      ...(await Promise.all(Array.from({ length: 6 }, () => embed({ text: short })))),
    ];
    for (const { answer } of answers) expect(Math.hypot(...float32FromBytes(answer))).toBeCloseTo(1, 4);
    await finish();
    expectAccounted(supply, prepaid);
    const paid = answers.reduce((sum, { feeMicro }) => sum + feeMicro, 0n);
    expect(prepaid[0]! - lockedMicro()[0]!).toBe(paid);
    // Six routed requests are one order.
    expect(market.records.filter(({ proof }) => proof.kind === 'tally')).toHaveLength(1);
    expect(market.warnings).toEqual([]);
    for (const expert of market.experts.slice(0, -1))
      expect(market.view.jobsOf(expert)).toBeLessThanOrEqual(4);
    expect(market.view.jobsOf(market.experts.at(-1)!)).toBe(4);
  });

  it('takes no order that the account cannot pay, and gives back what a failed one had set aside', async () => {
    market = await ledgerMarket();
    const supply = moneyEver();
    const prepaid = lockedMicro();
    await expect(embed({ maxFeeMicro: 1n })).rejects.toMatchObject({ code: 'fee-too-low' });
    await expect(embed({ account: `0x${'f'.repeat(40)}` as never })).rejects.toMatchObject({
      code: 'unknown-account',
    });
    await expect(embed({ text: 'word '.repeat(20_000) })).rejects.toMatchObject({ code: 'input-too-large' });
    market.network.inject.partition([market.experts]);
    await expect(embed()).rejects.toMatchObject({ code: 'no-quorum', isRetryable: true });
    await expect(embed({ text: short })).rejects.toMatchObject({ code: 'no-quorum' });
    market.network.inject.heal();
    await expect(embed({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    await finish();
    expectAccounted(supply, prepaid);
    expect(lockedMicro()).toEqual(prepaid);
  });

  it('knows of the receipts that it gave out from the answer until their record is kept', async () => {
    market = await ledgerMarket();
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const { gateway } = market;
    const request = gateway.request.bind(gateway);
    gateway.request = async (to, protocol, ...rest) => {
      if (protocol !== protocols.tally) return request(to, protocol, ...rest);
      asked.resolve();
      await goOn.promise;
      return request(to, protocol, ...rest);
    };
    const { receiptId } = await embed({ text: short });
    const knows = () =>
      market.coordinator
        .openSessions()
        .some(({ id, items }) => receiptId.endsWith(`.${id}-${items.length - 1}`));
    expect(knows()).toBe(true);
    await asked.promise;
    expect(market.records).toEqual([]);
    expect(knows()).toBe(true);
    goOn.resolve();
    await finish();
    expect(market.records.map(({ proof }) => proof.kind)).toEqual(['tally']);
    expect(knows()).toBe(false);
  });

  it('is not held up by an expert that signs its tally wrongly: the client is not charged', async () => {
    market = await ledgerMarket();
    const supply = moneyEver();
    const prepaid = lockedMicro();
    changeAnswers(protocols.tally, tallyResponseSchema, ({ tally }) => ({
      tally: { ...tally, signature: new Uint8Array(64) },
    }));
    await embed({ text: short });
    await finish();
    expectAccounted(supply, prepaid);
    expect(market.records.map(({ proof }) => proof.kind)).toEqual(['void']);
    expect(market.ledger.nextOrderSeq(market.clients[0]!, market.market)).toBe(1);
  });

  it('does not let a liar of any length spoil an exam', async () => {
    for (const bytes of [5, 8, 4 * 48]) {
      market = await ledgerMarket();
      const liar = market.keysOf('expert-0');
      changeAnswers(protocols.reveal, revealResponseSchema, ({ reveal: { signature, ...body } }) => ({
        reveal:
          body.worker === liar.publicKey
            ? signReveal(liar, { ...body, second: body.second.map(() => new Uint8Array(bytes).fill(0xff)) })
            : { ...body, signature },
      }));
      const outcomes = new Set<string>();
      for (let topic = 0; !outcomes.has('wrong-reveal'); topic += 1) {
        const vector = float32FromBytes((await embed({ text: textAbout(6_000 + topic) })).answer);
        expect(vector).toHaveLength(48);
        expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
        const { proof } = market.records.at(-1)!;
        if (proof.kind === 'certificate')
          for (const { outcome } of proof.certificate.body.members) outcomes.add(outcome);
      }
      const supply = moneyEver();
      await finish();
      expect(moneyEver()).toBe(supply);
      expect(market.ledger.settings().burntMicro).toBeGreaterThanOrEqual(50_000n);
      await market.close();
    }
  });

  it('voids the numbers that an earlier process lost, so that later orders can be settled', async () => {
    market = await ledgerMarket();
    const client = market.clients[0]!;
    market.coordinator.voidGaps([
      { client, clientSeq: 2 },
      { client, clientSeq: 4 },
    ]);
    await finish();
    expect(market.records.map(({ effects }) => effects.clientSeq).sort()).toEqual([0, 1, 3]);
    // 2 is not there to be settled: the sequence stops before it.
    expect(market.ledger.nextOrderSeq(client, market.market)).toBe(2);
  });

  it('proposes the same settlement again when it did not reach the ledger, whatever was decided since', async () => {
    market = await ledgerMarket();
    const client = market.clients[0]!;
    const { gateway } = market;
    const request = gateway.request.bind(gateway);
    const proposed: SettlementBody[] = [];
    gateway.request = async (to, asked, bytes, ...rest) => {
      if (asked === protocols.settle) {
        proposed.push(decode(bytes, settlementRequestSchema).settlement);
        if (proposed.length === 1) throw new Error('The answer is lost on its way.');
      }
      return request(to, asked, bytes, ...rest);
    };
    market.coordinator.voidGaps([{ client, clientSeq: 1 }]);
    await expect(market.settler.flush()).rejects.toThrow(/lost/);
    market.coordinator.voidGaps([{ client, clientSeq: 3 }]);
    await finish();
    expect(proposed.map(({ batch }) => batch)).toEqual([0, 0, 1]);
    expect(proposed[1]).toEqual(proposed[0]);
    expect(market.ledger.market(market.market)!.nextBatch).toBe(2);
  });

  it.each(['shard', 'auto'] as const)(
    'gives up no order of mode %s whose record could not be stored at first: later ones are settled',
    async (mode) => {
      market = await ledgerMarket();
      const supplyMicro = market.ledger.totalMicro();
      const prepaidMicro = market.clients.map(
        (client) => market.ledger.prepaid(client, market.market)!.lockedMicro,
      );
      const put = market.receipts.put.bind(market.receipts);
      let isFull = true;
      market.receipts.put = async (...record) => {
        if (isFull) throw new Error('The disk is full.');
        return put(...record);
      };
      const text = mode === 'shard' ? textAbout(1) : short;
      // What was delivered is paid, whenever it can be recorded.
      await embed({ mode, text });
      await market.clock.sleep(3_000);
      let exams = 1;
      if (mode === 'shard') {
        // … but not without end: a crash would lose it.
        const more = async (): Promise<void> => {
          for (; exams < 17; exams += 1) await embed({ text: textAbout(100 + exams) });
        };
        await expect(more()).rejects.toThrow('The disk is full.');
        expect(exams).toBeGreaterThan(6);
      }
      isFull = false;
      await market.clock.sleep(3_000);
      await embed({ mode, text: mode === 'shard' ? textAbout(2) : `${short} again` });
      await market.clock.sleep(3_000);
      await finish();
      expectAccounted(supplyMicro, prepaidMicro);
      const kinds = market.records.map(({ proof }) => proof.kind);
      expect(kinds.filter((kind) => kind === 'certificate')).toHaveLength(mode === 'shard' ? exams + 1 : 0);
      expect(kinds.filter((kind) => kind === 'tally').length).toBeGreaterThan(1);
    },
  );

  it.each(['the disk is full once the ledger has it', 'the answer of the ledger is lost'])(
    'counts every settled order, also when %s',
    async (fault) => {
      market = await ledgerMarket();
      const client = market.clients[0]!;
      const { ledger, receipts, settler, view } = market;
      const transact = ledger.transact.bind(ledger);
      const put = receipts.put.bind(receipts);
      let isFull = false;
      ledger.transact = async (...action) => {
        const placed = await transact(...action);
        if (action[1].kind !== 'settle') return placed;
        if (fault.startsWith('the answer')) throw new Error('The disk is full.');
        isFull = true;
        return placed;
      };
      receipts.put = async (...record) => {
        if (isFull) throw new Error('The disk is full.');
        return put(...record);
      };
      market.coordinator.voidGaps([{ client, clientSeq: 2 }]);
      await expect(settler.flush()).rejects.toThrow(/disk is full/);
      expect(settler.failure()).toMatchObject({ message: 'The disk is full.' });
      const { nextBatch } = ledger.market(market.market)!;
      expect(nextBatch).toBe(1);

      isFull = false;
      ledger.transact = transact;
      await settler.flush();
      expect(settler.failure()).toBeUndefined();
      expect(settler.pending()).toBe(0);
      expect(view.standings()).toMatchObject({ batch: 1, totals: { refunded: 2 } });
      for (const { effects } of market.records)
        expect(decodeRecord((await receipts.get(effects.proof))!).batch).toBe(0);
      await finish();
      const { batch, totals } = view.standings();
      expect(totals.certified + totals.routed + totals.refunded).toBe(market.records.length);
      expect(batch).toBe(ledger.market(market.market)!.nextBatch);
    },
  );

  it('conserves every credit over any sequence of faults', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('embed' as const),
          topic: fc.nat(500),
          account: fc.nat(1),
          isShort: fc.boolean(),
          abortAfterMs: fc.option(fc.nat(60), { nil: undefined }),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('loss' as const), rate: fc.constantFrom(0, 0.05, 0.3) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('duplication' as const), rate: fc.constantFrom(0, 0.5, 1) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('latency' as const),
          ms: fc.constantFrom(0, 5, 400),
          jitterMs: fc.nat(50),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('partition' as const),
          nodes: fc.uniqueArray(fc.nat(4), { maxLength: 3 }),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(100, 3_000) }),
      },
    );
    let certified = 0;
    let voided = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 18 }), async (steps) => {
        market = await ledgerMarket();
        try {
          const { inject } = market.network;
          const standIns: SettlementBody[] = [];
          market.ledger.onApplied(({ transaction }) => {
            if (transaction.kind !== 'settle') return;
            const { settlement } = transaction;
            if (settlement.by !== settlement.gateway) standIns.push(settlement);
          });
          const supply = moneyEver();
          const prepaid = lockedMicro();
          const answers: Promise<ServedText | undefined>[] = [];
          // One before anything goes wrong, and one whose client is gone at once: each run has both kinds of order.
          answers.push(Promise.resolve(await embed({ text: textAbout(4_999) })));
          const gone = new AbortController();
          answers.push(
            embed({ account: market.clients[1]!, text: textAbout(4_998), signal: gone.signal }).catch(
              () => undefined,
            ),
          );
          await market.clock.sleep(1);
          gone.abort(new Error('client gone'));
          for (const each of steps) {
            if (each.kind === 'loss') inject.loss(each.rate);
            else if (each.kind === 'duplication') inject.duplication(each.rate);
            else if (each.kind === 'latency') inject.latency(each.ms, each.jitterMs);
            else if (each.kind === 'partition')
              inject.partition([each.nodes.map((node) => market.experts[node]!)]);
            else if (each.kind === 'wait') await market.clock.sleep(each.ms);
            else {
              const controller = new AbortController();
              if (each.abortAfterMs !== undefined)
                void market.clock
                  .sleep(each.abortAfterMs)
                  .then(() => controller.abort(new Error('client gone')));
              const answer = embed({
                account: market.clients[each.account]!,
                text: each.isShort ? short : textAbout(5_000 + each.topic),
                mode: each.topic % 2 === 0 ? 'auto' : 'shard',
                signal: controller.signal,
              });
              answers.push(
                answer.catch((error: unknown) => {
                  if (!controller.signal.aborted) expect(isMoeError(error)).toBe(true);
                  return undefined;
                }),
              );
            }
          }
          const served = (await Promise.all(answers)).filter((answer) => answer !== undefined);
          inject.loss(0);
          inject.duplication(0);
          inject.latency(0);
          inject.heal();
          // Orders whose experts were at work are void when their time is over.
          await market.clock.sleep(120_000);
          await finish();
          expectAccounted(supply, prepaid, standIns);
          const charged = prepaid.reduce((sum, before, index) => sum + before - lockedMicro()[index]!, 0n);
          // Also of texts that could not be served after their exam.
          const exams = market.records
            .filter(({ proof }) => proof.kind === 'certificate')
            .reduce((sum, { effects }) => sum + feeOf(effects), 0n);
          // The edition has one part, which costs as much as an exam.
          const routed = served.reduce(
            (sum, { feeMicro, isExamined }) => sum + (isExamined ? feeMicro / 2n : feeMicro),
            0n,
          );
          // Routed work that the expert did not sign for is free; nobody pays for more than he got.
          expect(charged >= exams && charged <= exams + routed + chargedIn(standIns)).toBe(true);
          certified += market.records.filter(({ proof }) => proof.kind === 'certificate').length;
          voided += market.records.filter(({ proof }) => proof.kind === 'void').length;
        } finally {
          await market.close();
        }
      }),
      { numRuns: 15, interruptAfterTimeLimit: 15_000 },
    );
    // How many there are is chance; that there are both makes the property say something.
    expect(certified).toBeGreaterThan(0);
    expect(voided).toBeGreaterThan(0);
  });
});
