import { hashBytes, hashOf, type MarketId } from '@market-of-experts/core';
import { certificateDomain } from '../../../src/job/certificate.ts';
import { jobIdOf } from '../../../src/job/orders.ts';
import type { Misconduct } from '../../../src/ledger/transaction/misconduct.ts';
import type { SettlementBody } from '../../../src/settlement/settlement-body.ts';
import { answerOf, stated, versionOf } from '../../statements/statement-fixture.ts';
import {
  certificateBody,
  claim,
  orderBody,
  signedIn,
  signedSettlement,
} from '../evidence/evidence-fixture.ts';
import { idOf, keysOf, nodeOf, settlementBody } from '../ledger-fixture.ts';
import type { Play } from '../play-fixture.ts';
import { gateway } from './stake-thief-world.ts';

/** What one proof is made of. */
export interface Crime {
  readonly kind: Misconduct['kind'];
  readonly number: number;
  readonly agesEpochs: number;
}

export function proofOf(
  g: Play,
  node: string,
  market: MarketId,
  { kind, number, agesEpochs }: Crime,
): Misconduct {
  const deadlineMs = Math.max(0, g.network().epochStartedMs - agesEpochs * 1_000);
  const order = orderBody({
    market,
    client: idOf('trudy'),
    clientSeq: number,
    coordinator: nodeOf(gateway),
    deadlineMs,
  });
  const batch = (g.market(market)?.nextBatch ?? 0) - (number % 3);
  const body = (root: number): SettlementBody => ({
    ...settlementBody(g.state, { client: 'trudy', gateway, to: 'trudy', orders: 1, chargeMicro: 1n }),
    market,
    batch: Math.max(0, batch),
    root: hashOf('test/root', root),
  });
  const validator = nodeOf(node);
  switch (kind) {
    case 'statements': {
      const claims = ['f1', 'f2'].map((friend) => claim(order, { worker: nodeOf(friend) }, node));
      return { kind, orders: [order], statements: [claims[0]!, claims[1]!] };
    }
    case 'certificates': {
      const one = certificateBody({ market, job: jobIdOf([order]), client: order.client, clientSeq: number });
      const two = { ...one, place: 1 };
      const certificates = [one, two].map((each) => signedIn(node, certificateDomain, each));
      return { kind, orders: [order], validator, certificates: [certificates[0]!, certificates[1]!] };
    }
    case 'settlements':
      return {
        kind,
        validator,
        settlements: [signedSettlement(node, body(1)), signedSettlement(node, body(2))],
      };
    case 'settlement': {
      const detail = new Uint8Array([0x80]);
      const root = hashBytes(detail);
      return { kind, validator, settlement: signedSettlement(node, { ...body(0), root }), detail };
    }
    case 'contradiction': {
      const epoch = Math.max(0, g.network().epoch - agesEpochs);
      const statements = [1, 2].map((first) =>
        stated([answerOf(`text ${number}`, [first, 0, 0, 0])], 0, { market, epoch }, keysOf(node)),
      );
      return { kind, version: versionOf(), statements: [statements[0]!, statements[1]!] };
    }
  }
}
