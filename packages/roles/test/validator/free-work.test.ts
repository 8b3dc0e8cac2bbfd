import { decode, encode, type NodeId, signBody } from '@market-of-experts/core';
import {
  cutDomain,
  type Effects,
  netSettlement,
  type TallyBody,
  tallyDomain,
  tallyEffects,
  type VoidBody,
  voidEffects,
} from '@market-of-experts/protocol';
import type { SettlementProof } from '@market-of-experts/receipts/settlement-proof';
import { type LedgerMarket, ledgerMarket } from '@market-of-experts/testing/ledger-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../../src/messages/messaging.ts';
import {
  noteRequestSchema,
  noteResponseSchema,
  protocols,
  voidResponseSchema,
} from '../../src/messages/protocols.ts';
import { settlementResponseSchema } from '../../src/messages/settlement-request.ts';

/** Gateway and client are one, and would have their answers for nothing. */
let market: LedgerMarket;
/** Messages of these protocols their coordinator does not send. */
let withheld: ReadonlySet<string>;
let revealed: number;
/** Notes that it asked for, and got. */
let noted: Uint8Array[];
beforeEach(async () => {
  withheld = new Set([protocols.certify]);
  revealed = 0;
  noted = [];
  market = await ledgerMarket({ validators: 3 });
  const { gateway } = market;
  const request = gateway.request.bind(gateway);
  gateway.request = async (to, protocol, ...rest) => {
    if (withheld.has(protocol)) throw new Error('withheld');
    const answer = await request(to, protocol, ...rest);
    if (protocol === protocols.note) noted.push(rest[0]);
    if (protocol === protocols.reveal) revealed += 1;
    return answer;
  };
});
afterEach(() => market.close());

const served = (topic: number) =>
  market.coordinator.examine({
    text: textAbout(topic),
    account: market.clients[0]!,
    mode: 'shard',
    kind: 'client',
    maxFeeMicro: undefined,
    isTextPublic: false,
    signal: new AbortController().signal,
  });
const place = () => ({ network: market.ledger.network, market: market.market });
const client = () => market.clients[0]!;
const voided = (clientSeq: number): [Effects, SettlementProof] => {
  const body: VoidBody = { ...place(), client: client(), clientSeq, reason: 'It came to nothing.' };
  return [voidEffects(body), { kind: 'void', body }];
};
/** Routed work that an expert who is in it with them says that he did under the number, for next to nothing. */
const tallied = (clientSeq: number): [Effects, SettlementProof] => {
  const { roster, hash } = market.view.current();
  const friend = market.keysOf('expert-0');
  const body: TallyBody = {
    ...place(),
    client: client(),
    clientSeq,
    worker: friend.publicKey as NodeId,
    requests: 1,
    bytes: 1,
    feeMicro: 1n,
    items: '0'.repeat(64) as never,
  };
  const tally = {
    client: signBody(market.ownerOf('client-0'), tallyDomain, body),
    worker: signBody(friend, tallyDomain, body),
  };
  return [tallyEffects(body, roster), { kind: 'tally', tally, roster: hash }];
};
/** How many validators sign this way of settling the client's next order. */
const signatures = async ([effects, proof]: [Effects, SettlementProof]): Promise<number> => {
  const settlement = netSettlement([effects], {
    ...place(),
    batch: market.ledger.market(market.market)!.nextBatch,
    gateway: market.gateway.self,
    by: market.gateway.self,
    nextOrderSeq: () => effects.clientSeq,
  });
  const answers = await Promise.allSettled(
    market.validators.map((node) =>
      call(
        market.gateway,
        node,
        protocols.settle,
        encode({ settlement, proofs: [proof] }),
        settlementResponseSchema,
        { timeoutMs: 5_000 },
      ),
    ),
  );
  return answers.filter(({ status }) => status === 'fulfilled').length;
};
const voidedBy = async (clientSeq: number): Promise<number> => {
  const request = encode({ client: client(), clientSeq });
  const answers = await Promise.allSettled(
    market.validators.map((node) =>
      call(market.gateway, node, protocols.void, request, voidResponseSchema, { timeoutMs: 5_000 }),
    ),
  );
  return answers.filter(({ status }) => status === 'fulfilled').length;
};

describe('an order whose experts have shown their answers', () => {
  it('is neither void nor a tally, for any validator, also after they were restarted', async () => {
    await expect(served(1)).rejects.toThrow();
    expect(revealed).toBeGreaterThan(0);
    expect(await voidedBy(0)).toBe(0);
    expect(await signatures(voided(0))).toBe(0);
    expect(await signatures(tallied(0))).toBe(0);
    for (const index of market.validators.keys()) await market.restartValidator(index);
    expect(await voidedBy(0)).toBe(0);
    expect(await signatures(voided(0))).toBe(0);
    expect(await signatures(tallied(0))).toBe(0);
  });
});

describe('a job that is noted', () => {
  it('has one cut, for every validator: no experts are shown another', async () => {
    await expect(served(1)).rejects.toThrow();
    const request = decode(noted[0]!, noteRequestSchema);
    const keys = market.keysOf('gateway');
    const commits = request.commits.toReversed();
    const seals = commits.map(({ body }) => body.seal);
    const cut = signBody(keys, cutDomain, { job: request.cut.body.job, seals });
    const asked = await Promise.allSettled(
      market.validators.map((node) =>
        call(market.gateway, node, protocols.note, encode({ ...request, commits, cut }), noteResponseSchema, {
          timeoutMs: 5_000,
        }),
      ),
    );
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

describe('an order that enough validators have said to be void', () => {
  it('gets no answers any more', async () => {
    // A text is ordered anew where that fails, under the next number.
    for (const clientSeq of [0, 1, 2]) expect(await voidedBy(clientSeq)).toBe(3);
    await expect(served(1)).rejects.toThrow();
    expect(revealed).toBe(0);
  });

  it('… nor does one that a third of them has', async () => {
    const request = encode({ client: client(), clientSeq: 0 });
    const [first] = market.validators;
    await call(market.gateway, first!, protocols.void, request, voidResponseSchema, { timeoutMs: 5_000 });
    withheld = new Set();
    // Two thirds have noted it: it is paid, and nothing else.
    await served(1);
    expect(revealed).toBeGreaterThan(0);
    expect(await voidedBy(0)).toBe(1);
    expect(await signatures(voided(0))).toBe(1);
  });
});

describe('an order that fails before its cut', () => {
  it('is void at once: nobody has shown anything', async () => {
    withheld = new Set([protocols.sealed, protocols.arrivals]);
    await expect(served(1)).rejects.toThrow();
    await market.settler.flush();
    expect(market.ledger.nextOrderSeq(client(), market.market)).toBeGreaterThan(0);
    expect(revealed).toBe(0);
  });
});
