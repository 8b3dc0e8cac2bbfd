import { type AccountId, decode, MoeError, type OwnerKey, systemRandom } from '@market-of-experts/core';
import { jobIdOf } from '@market-of-experts/protocol';
import type { ReceiptRecord } from '@market-of-experts/receipts/receipt-record';
import { type FixedMarket, fixedMarket } from '@market-of-experts/testing/fixed-market';
import { sequenceSkill, sequenceTask } from '@market-of-experts/testing/sequence-task';
import { smallParameters } from '@market-of-experts/testing/small-market';
import { testKeys } from '@market-of-experts/testing/test-keys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExaminedText, QueuedText } from '../../src/coordinator/batch-queue.ts';
import { type CompetitionComponents, compete } from '../../src/coordinator/competition.ts';
import { reserveOf } from '../../src/coordinator/reserve.ts';
import { noteRequestSchema, protocols } from '../../src/messages/protocols.ts';

const { ownerOf } = testKeys('competition');
const owners = new Map<AccountId, OwnerKey>();
const accountOf = (name: string): AccountId => {
  const owner = ownerOf(name);
  owners.set(owner.address, owner);
  return owner.address;
};
let market: FixedMarket;
let kept: { readonly id: string; readonly record: ReceiptRecord }[];
let voided: AccountId[];
let decided: { readonly client: AccountId; readonly feeMicro: bigint }[];
beforeEach(() => {
  market = fixedMarket({
    parameters: { ...smallParameters, shardSize: 5 },
    experts: 6,
    validators: 1,
    kind: {
      task: sequenceTask,
      skill: (index) => sequenceSkill((begins) => (begins + 5 * index) % 7),
    },
  });
  kept = [];
  voided = [];
  decided = [];
});
afterEach(() => market.close());

const poor = accountOf('poor');
function components(changes: Partial<CompetitionComponents> = {}): CompetitionComponents {
  const numbers = new Map<AccountId, number>();
  return {
    keys: market.coordinator.keys,
    market: market.roster.market,
    transport: market.coordinator.transport,
    view: { ...market.view, observeStage: () => undefined },
    ledger: { network: market.roster.network },
    orders: {
      take(client: AccountId) {
        if (client === poor) throw new MoeError('insufficient-funds', 'Nothing is left.');
        const clientSeq = numbers.get(client) ?? 0;
        numbers.set(client, clientSeq + 1);
        return { client, clientSeq, keys: owners.get(client)! };
      },
      balance: () => ({ availableMicro: 1_000_000n }),
      decide: ({ client }: { client: AccountId }, feeMicro: bigint) => decided.push({ client, feeMicro }),
    },
    records: {
      keep: async (id: string, record: ReceiptRecord) => void kept.push({ id, record }),
      keepVoid: async ({ client }: { client: AccountId }) => void voided.push(client),
    },
    clock: market.clock,
    random: systemRandom,
    countTokens: (text: string) => text.split(' ').length,
    keepRoster: () => undefined,
    ...changes,
  } as unknown as CompetitionComponents;
}

/** What each of some texts got, by its client's name: an answer, or why there is none. */
async function served(
  texts: Readonly<Record<string, string>>,
  changes?: Partial<CompetitionComponents>,
): Promise<Map<string, ExaminedText | string>> {
  const results = new Map<string, ExaminedText | string>();
  const batch = Object.entries(texts).map(([name, text]): QueuedText => {
    const request = {
      account: accountOf(name),
      text,
      mode: 'shard',
      kind: 'client',
      isTextPublic: false,
      maxFeeMicro: undefined,
      signal: new AbortController().signal,
    } as const;
    return {
      request,
      bytes: Buffer.byteLength(text),
      answer: (answer) => results.set(name, answer),
      fail: (error) => results.has(name) || results.set(name, (error as Error).message),
      isOver: () => results.has(name),
    };
  });
  const once = components(changes);
  for (const each of await compete(once, batch)) expect(await compete(once, [each])).toEqual([]);
  return results;
}
const isExamined = (result: ExaminedText | string | undefined): boolean => typeof result === 'object';

describe('texts of several clients in one job', () => {
  it('are answered, paid and kept each by itself', async () => {
    const results = await served({ alice: '1 2 3 4', bob: '2 4 6 8', carol: '3 6 9 12' });
    expect([...results.values()].map(isExamined)).toEqual([true, true, true]);
    expect(kept).toHaveLength(3);
    const jobs = kept.map(
      ({ record: { proof } }) => proof.kind === 'certificate' && proof.certificate.body.job,
    );
    expect(new Set(jobs).size).toBe(1);
    for (const [name, result] of results) {
      const { receiptId, feeMicro } = result as ExaminedText;
      const { effects, salts } = kept.find(({ id }) => id === receiptId)!.record;
      expect(effects.client).toBe(accountOf(name));
      expect(effects.deltas.find(({ account }) => account === effects.client)!.deltaMicro).toBe(-feeMicro);
      expect(salts).toHaveLength(1);
      expect(decided).toContainEqual({ client: effects.client, feeMicro });
    }
  });

  it('do not wait for one that cannot pay', async () => {
    const results = await served({ alice: '1 2 3 4', poor: '2 4 6 8' });
    expect(results.get('poor')).toBe('Nothing is left.');
    expect(isExamined(results.get('alice'))).toBe(true);
    expect(kept).toHaveLength(1);
  });

  it('do not suffer from one that cannot be asked about', async () => {
    const results = await served({ alice: '1 2 3 4', bob: '1 2', carol: '3 6 9 12' });
    expect(results.get('bob')).toBe('Three numbers at least.');
    expect([isExamined(results.get('alice')), isExamined(results.get('carol'))]).toEqual([true, true]);
    expect(kept).toHaveLength(2);
    // Those of the job that was not, and the text alone.
    expect(voided).toHaveLength(4);
  });

  describe('of which some are of clients who take their money out once the job has begun', () => {
    const thieves = ['mallory', 'oscar', 'trudy'];
    /** Jobs are refused once one of them has left; in each job another does. */
    const attacked = (isSeen: boolean): Partial<CompetitionComponents> => {
      const left = [...thieves];
      const gone: AccountId[] = [];
      const { transport } = market.coordinator;
      const request = transport.request.bind(transport);
      const seen = new Set<string>();
      transport.request = async (to, protocol, bytes, options) => {
        if (protocol !== protocols.note) return request(to, protocol, bytes, options);
        const { orders } = decode(bytes, noteRequestSchema);
        const clients = orders.map(({ body }) => body.client);
        const isNew = seen.size < seen.add(jobIdOf(orders.map(({ body }) => body))).size;
        if (isNew && left.length > 0 && clients.includes(accountOf(left[0]!)))
          gone.push(accountOf(left.shift()!));
        if (!clients.some((client) => gone.includes(client))) return request(to, protocol, bytes, options);
        throw new Error('The client has less money locked than its open orders cost.');
      };
      const whole = components();
      const balance = (client: AccountId) => ({
        availableMicro: isSeen && gone.includes(client) ? 0n : 1_000_000n,
      });
      return { orders: { ...whole.orders, balance } as CompetitionComponents['orders'] };
    };
    const texts = {
      alice: '1 2 3 4',
      bob: '2 4 6 8',
      mallory: '1 3 5 7',
      oscar: '2 3 4 5',
      trudy: '3 4 5 6',
    };

    it('cost the others a try each, and the others stay together, where the ledger shows it', async () => {
      const results = await served(texts, attacked(true));
      expect([isExamined(results.get('alice')), isExamined(results.get('bob'))]).toEqual([true, true]);
      for (const thief of thieves) expect(isExamined(results.get(thief))).toBe(false);
      // Three jobs of several, of which the last fails for the third thief; then each text alone.
      expect(voided.filter((client) => client === accountOf('alice'))).toHaveLength(3);
    });

    it('cost the others one try where nobody can tell who it was', async () => {
      const results = await served(texts, attacked(false));
      expect([isExamined(results.get('alice')), isExamined(results.get('bob'))]).toEqual([true, true]);
      expect(voided.filter((client) => client === accountOf('alice'))).toHaveLength(1);
    });
  });

  it('are asked among texts of the reserve, each used once', async () => {
    const reserve = reserveOf(['10 20 30', '7 8 9']);
    await served({ alice: '1 2 3 4' }, { reserve });
    const { transcript } = kept[0]!.record;
    expect(transcript!.question.second).toHaveLength(4);
    expect(reserve.take(9, 1_000)).toEqual([]);
  });

  it('use up no text of the reserve in a job that is not drawn', async () => {
    const reserve = reserveOf(['10 20 30']);
    market.coordinator.transport.request = async () => Promise.reject(new Error('unreachable'));
    await served({ alice: '1 2 3 4', bob: '2 4 6 8' }, { reserve });
    expect(reserve.take(9, 1_000)).toEqual(['10 20 30']);
  });

  it('are ordered no second time where experts have shown their work: witnesses may have it paid yet', async () => {
    const { transport } = market.coordinator;
    const request = transport.request.bind(transport);
    let drawn = 0;
    transport.request = async (to, protocol, bytes, options) => {
      if (protocol === protocols.ticket) drawn += 1;
      if (protocol === protocols.certify) throw new Error('unreachable');
      return request(to, protocol, bytes, options);
    };
    const results = await served({ alice: '1 2 3 4', bob: '2 4 6 8' });
    for (const why of results.values()) expect(why).toMatch(/charged only if they do so later/);
    expect(drawn).toBe(1);
    expect(voided).toHaveLength(2);
  });

  it('cost nothing, and fail all alike, where nobody can certify them', async () => {
    const { transport } = market.coordinator;
    transport.request = async () => Promise.reject(new Error('unreachable'));
    const results = await served({ alice: '1 2 3 4', bob: '2 4 6 8' });
    for (const why of results.values()) expect(why).toMatch(/no ticket/);
    expect(kept).toEqual([]);
    // One attempt together, three of each alone.
    expect(voided).toHaveLength(8);
  });
});
