import { encode } from '@market-of-experts/core';
import { signConsent } from '@market-of-experts/protocol';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { virtualClock } from '@market-of-experts/testing/virtual-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { type EpochKeeper, epochKeeper } from '../../src/coordinator/epoch-keeper.ts';
import type { TextRequest } from '../../src/coordinator/text-request.ts';

const validatorCount = 6;
const minuteMs = 60_000;
const dayMs = 86_400_000;

let market: LedgerMarket;
let keeper: EpochKeeper;
/** What somebody has set the machine's clock forward by. */
let clockIsAheadMs = 0;

async function open(): Promise<void> {
  clockIsAheadMs = 0;
  const time = virtualClock();
  const clock = { ...time, nowMs: () => time.nowMs() + clockIsAheadMs };
  market = await ledgerMarket({
    clock,
    validators: validatorCount,
    funded: ['stranger'],
    rules: { epochMs: 10 * minuteMs, answerMs: 30_000, seatEpochs: 3 },
  });
  startKeeper();
}
function startKeeper(acceptClock = false): void {
  keeper = epochKeeper({
    ledger: market.ledger,
    transport: market.gateway,
    keys: market.ownerOf('treasury'),
    rollCaller: market.rollCaller,
    clock: market.clock,
    acceptClock,
    onWarning: (message) => (market.warnings as string[]).push(message),
  });
}
afterEach(async () => {
  await keeper.close();
  await market.close();
});

const settings = () => market.ledger.settings();
const settledOrders = () => market.ledger.market(market.market)!.settledOrders;
const pass = (ms: number) => market.clock.sleep(ms);
/** The least time, to five seconds, until this holds; fails when it is more than `atMostMs`. */
async function until(what: string, atMostMs: number, holds: () => boolean): Promise<void> {
  const startMs = market.clock.steadyMs();
  while (!holds()) {
    if (market.clock.steadyMs() - startMs > atMostMs)
      throw new Error(`${what}: not within ${atMostMs} ms. ${market.warnings.join(' | ')}`);
    await pass(5_000);
  }
}
let texts = 1_000;
const request = (): TextRequest => {
  texts += 1;
  return {
    account: market.clients[0]!,
    text: textAbout(texts),
    mode: 'shard',
    maxFeeMicro: undefined,
    kind: 'client',
    isTextPublic: false,
    signal: new AbortController().signal,
  };
};
/** A client's text, tried again as the answer says, until somebody answers. */
async function embed(): Promise<void> {
  for (let attempt = 0; ; attempt += 1)
    try {
      await market.coordinator.serve(request());
      return;
    } catch (error) {
      if (attempt > 100) throw error;
      await pass(10_000);
    }
}
const settlesOne = async (atMostMs: number): Promise<void> => {
  const before = settledOrders();
  await embed();
  await until('a settlement', atMostMs, () => settledOrders() > before);
};
const epochEnds = async (atMostMs: number): Promise<void> => {
  const { epoch } = settings();
  await until('the end of an epoch', atMostMs, () => settings().epoch > epoch);
};

describe('validators that die in mid-epoch', () => {
  const rules = () => settings().rules;
  /** From the first thing that lacks them until they are left out. */
  const outageMs = () => 2 * rules().answerMs + minuteMs;
  /** … and until a job is void that lacked them when its experts were at work. */
  const heldUpMs = 2 * minuteMs;

  it.each([
    ['a third', 2],
    ['half', 3],
  ])('%s of the stake: jobs, settlements and epochs go on; back again, they count', async (_, dying) => {
    await open();
    await settlesOne(minuteMs);
    const dead = Array.from({ length: dying }, (_, index) => validatorCount - 1 - index);
    for (const index of dead) await market.stopValidator(index);
    await settlesOne(outageMs() + heldUpMs);
    await epochEnds(rules().epochMs + outageMs());
    await epochEnds(rules().epochMs + outageMs());
    await until('all of the dead to be known', 4 * rules().epochMs, () =>
      dead.every((index) => market.ledger.validator(market.validators[index]!)!.absent !== undefined),
    );
    // Nobody who is absent is drawn: no job waits or fails for it.
    for (const { node } of market.view.current().roster.validators)
      expect(dead.map((index) => market.validators[index])).not.toContain(node);
    expect(market.warnings.join(' ')).toContain(`Validator validator-${validatorCount - 1}, with`);

    for (const index of dead) await market.restartValidator(index);
    for (const node of market.validators) expect(market.ledger.validator(node)).not.toHaveProperty('absent');
    await settlesOne(minuteMs);
    await epochEnds(rules().epochMs + minuteMs);
  });

  it('all but one: epochs go on, it is said who must come back, and the last one settles when they lost their seats', async () => {
    await open();
    for (let index = 1; index < validatorCount; index += 1) await market.stopValidator(index);
    // Nobody works for what could not be settled.
    await expect(market.coordinator.serve(request())).rejects.toThrow(/Too few validators|no ticket/);
    await epochEnds(rules().epochMs + outageMs());
    await pass(outageMs());
    expect(market.warnings.join(' ')).toMatch(/waited for no more.*more than a third must agree/);
    await expect(market.coordinator.serve(request())).rejects.toThrow(/Too few validators|no ticket/);
    expect(settledOrders()).toBe(0);
    while (settings().epoch <= rules().seatEpochs) await epochEnds(rules().epochMs + outageMs());
    await settlesOne(outageMs());
    expect(settings().epoch).toBeGreaterThan(rules().seatEpochs);
  });

  it('all: epochs go on by the treasury alone, and one that comes back is enough', async () => {
    await open();
    for (let index = 0; index < validatorCount; index += 1) await market.stopValidator(index);
    await epochEnds(rules().epochMs + outageMs());
    await epochEnds(rules().epochMs + outageMs());
    for (let index = 0; index < 3; index += 1) await market.restartValidator(index);
    await settlesOne(minuteMs);
  });
});

it.each([1_500, 3_000, 30_000])(
  'stake of %s beside 6,000 that was registered and never started holds up nothing',
  async (stake) => {
    await open();
    const { keysOf, ownerOf, ledger } = market;
    const keys = keysOf('idle');
    await ledger.transact(ownerOf('stranger'), {
      kind: 'registerValidator',
      node: keys.publicKey as never,
      name: 'idle',
      stakeMicro: BigInt(stake),
      consent: signConsent(keys, ledger.network, ownerOf('stranger').address),
      ticketRoot: 'a'.repeat(64) as never,
    });
    await settlesOne(minuteMs);
    await epochEnds(settings().rules.epochMs + minuteMs);
    await settlesOne(minuteMs);
    expect(settings().rollCall.number).toBe(0);
    expect(market.warnings).toEqual([]);
  },
);

describe('a validator that answers with nonsense', () => {
  it('cannot have the whole end of an epoch refused', async () => {
    await open();
    await market.stopValidator(5);
    const liar = market.connect(market.validators[5]!);
    liar.handle('moe/epoch-end/1', async () =>
      encode({ signature: { node: market.validators[5]!, signature: new Uint8Array(64) } }),
    );
    await epochEnds(settings().rules.epochMs + minuteMs);
    await liar.close();
  });
});

describe('a clock that is set while the market runs', () => {
  const epochMs = () => settings().rules.epochMs;

  it('forward by ten years ends no epoch: it says so, and goes on when the clock is right again', async () => {
    await open();
    await epochEnds(epochMs() + minuteMs);
    const { epoch } = settings();
    clockIsAheadMs = 3_650 * dayMs;
    await pass(3 * epochMs());
    expect(settings().epoch).toBe(epoch);
    expect(market.warnings.join(' ')).toMatch(/clock says 2033-.*last time is 2023-.*more than 30 days/);
    clockIsAheadMs = 0;
    await epochEnds(epochMs() + minuteMs);
  });

  it('forward by days ends one epoch, not a hundred; back again, the next is not late', async () => {
    await open();
    const { epoch } = settings();
    clockIsAheadMs = 20 * dayMs;
    await epochEnds(2 * minuteMs);
    await pass(epochMs() / 2);
    expect(settings().epoch).toBe(epoch + 1);
    clockIsAheadMs = 0;
    await epochEnds(epochMs());
    expect(settings().epochStartedMs).toBeLessThanOrEqual(market.clock.nowMs());
    await epochEnds(epochMs() + minuteMs);
  });
});

describe('a market that is started with a clock far from the ledger’s time', () => {
  const restart = async (acceptClock: boolean): Promise<void> => {
    await keeper.close();
    startKeeper(acceptClock);
  };

  it.each([
    ['in its past', -400 * dayMs, /which lies in its future/],
    ['90 days later', 90 * dayMs, /more than 30 days before/],
  ])('%s: ends no epoch before the operator says that the clock is right', async (_, byMs, warning) => {
    await open();
    const { epoch, rules } = settings();
    await keeper.close();
    clockIsAheadMs = byMs;
    await restart(false);
    await pass(3 * rules.epochMs);
    expect(settings().epoch).toBe(epoch);
    expect(market.warnings.join(' ')).toMatch(warning);
    expect(market.warnings.join(' ')).toContain('--accept-clock');
    await restart(true);
    await epochEnds(minuteMs);
    await epochEnds(rules.epochMs + minuteMs);
  });

  it('the operator’s word is for this clock: one that is set afterwards is not believed', async () => {
    await open();
    clockIsAheadMs = 90 * dayMs;
    await restart(true);
    await epochEnds(2 * minuteMs);
    const { epoch, rules } = settings();
    clockIsAheadMs = 3_650 * dayMs;
    await pass(3 * rules.epochMs);
    expect(settings().epoch).toBe(epoch);
  });
});
