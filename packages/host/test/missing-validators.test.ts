import { generateKeyPair, MICRO_PER_CREDIT, type NodeId } from '@market-of-experts/core';
import { attendanceOf, signConsent } from '@market-of-experts/protocol';
import { steppedClock } from '@market-of-experts/testing/stepped-clock';
import {
  embedOne,
  fundedOwner,
  longText,
  settled,
  withTestMarket,
} from '@market-of-experts/testing/test-market';
import { expect, it } from 'vitest';
import { validatorSpecs } from '../src/validators/validators.ts';

it('the stake of a stranger who starts nothing holds up neither settlements nor epochs', () =>
  withTestMarket({ validators: validatorSpecs(3), epochMs: 1_000 }, async ({ market, dataDir }) => {
    const owner = await fundedOwner(market, dataDir, 2_000);
    const keys = generateKeyPair();
    await market.ledger.transact(owner, {
      kind: 'registerValidator',
      node: keys.publicKey as NodeId,
      name: 'idle',
      stakeMicro: 1_000n * MICRO_PER_CREDIT,
      consent: signConsent(keys, market.ledger.network, owner.address),
      ticketRoot: 'a'.repeat(64) as never,
    });
    const { epoch } = market.ledger.settings();
    await embedOne(market, longText(1), 'shard');
    await settled(market, 1);
    await expect.poll(() => market.ledger.settings().epoch).toBeGreaterThan(epoch + 1);
    expect(market.service.status().attendance).toContainEqual(
      expect.stringMatching(/^idle \(1000 credits\) .* has never been started/),
    );
  }));

it('a market that is started with half of its validators leaves the others out and goes on', () => {
  const clock = steppedClock();
  const init = { validators: validatorSpecs(4), epochMs: 60_000, clock };
  return withTestMarket(init, async (test) => {
    await embedOne(test.market, longText(1), 'shard');
    await settled(test.market, 1);
    await test.reopen({ validators: validatorSpecs(2) });
    const { market } = test;
    const { ledger } = market;
    const absent = () =>
      ledger
        .validators()
        .filter((each) => attendanceOf(each) === 'absent')
        .map(({ name }) => name);
    // What the job lacks (a ticket, a witness) or the settlement: whatever it is, it has them looked for.
    const first = embedOne(market, longText(2), 'shard').catch(() => undefined);
    await expect
      .poll(
        () => {
          clock.advance(5_000);
          return absent().sort();
        },
        { interval: 100 },
      )
      .toEqual(['validator-3', 'validator-4']);
    await first;
    await embedOne(market, longText(3), 'shard');
    await expect
      .poll(
        () => {
          clock.advance(1_000);
          return market.service.status().pendingReceipts;
        },
        { interval: 100 },
      )
      .toBe(0);
    expect(test.warnings.join(' ')).toContain(
      'Validator validator-4, with 100 credits, has given no sign of life',
    );

    // Back again, they count.
    await test.reopen();
    await expect
      .poll(() => test.market.ledger.validators().map(attendanceOf))
      .toEqual(['present', 'present', 'present', 'present']);
  });
});
