import { describe, expect, it } from 'vitest';
import { faultyEpochs } from '../../../src/ledger/settlement/faults.ts';
import { idOf, MARKET, nodeOf, settle, settlementBody } from '../ledger-fixture.ts';
import { addExperts, addValidators, play } from '../play-fixture.ts';

describe('faulty epochs', () => {
  const game = () => {
    const g = play();
    addValidators(g, { v: 1_000n });
    addExperts(g, ['late', 'good']);
    g.must('alice', { kind: 'lock', market: MARKET, gateway: nodeOf('gateway'), amountMicro: 10_000n });
    const fault = (amountMicro = 1n): void =>
      g.must(
        'bob',
        settle(
          settlementBody(g.state, {
            client: 'alice',
            gateway: 'gateway',
            to: 'carol',
            orders: 1,
            chargeMicro: 10n,
            slashes: [{ node: nodeOf('late'), amountMicro }],
          }),
          'v',
        ),
      );
    const count = (name = 'late'): number => faultyEpochs(g.expert(name), g.network().epoch);
    return { g, fault, count };
  };

  it('count once an epoch, from the next one on, however often a machine stumbles in it', () => {
    const { g, fault, count } = game();
    expect(idOf('alice')).not.toBe(idOf('bob'));
    for (let times = 0; times < 5; times += 1) fault();
    expect(count()).toBe(0);
    g.endEpoch('v');
    expect(count()).toBe(1);
    expect(count('good')).toBe(0);
    fault();
    expect(count()).toBe(1);
    g.endEpoch('v');
    fault();
    expect(count()).toBe(2);
  });

  it('are halved by each epoch without', () => {
    const { g, fault, count } = game();
    for (let epoch = 0; epoch < 8; epoch += 1) {
      fault();
      g.endEpoch('v');
    }
    const seen = [count()];
    for (let quiet = 0; quiet < 4; quiet += 1) {
      g.endEpoch('v');
      seen.push(count());
    }
    expect(seen).toEqual([8, 4, 2, 1, 0]);
    fault();
    expect(count()).toBe(0);
  });

  it('do not come of a penalty of nothing', () => {
    const { g, fault, count } = game();
    fault(0n);
    g.endEpoch('v');
    expect(count()).toBe(0);
  });
});
