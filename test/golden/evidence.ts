import { hashOf } from '@market-of-experts/core';
import {
  certificateDomain,
  claimHash,
  type Misconduct,
  netSettlement,
  type SettlementBody,
  type ShownStatement,
  type Statement,
  settlementDetailBytes,
  stateRoot,
  voidEffects,
} from '@market-of-experts/protocol';
import {
  accusedPlay,
  certificateBody,
  claim,
  evidence,
  grant,
  orderBody,
  refusal,
  sealed,
  signedIn,
  signedSettlement,
} from '../../packages/protocol/test/ledger/evidence/evidence-fixture.ts';
import { idOf, keysOf, MARKET, NETWORK, nodeOf } from '../../packages/protocol/test/ledger/ledger-fixture.ts';
import { answerOf, stated, versionOf } from '../../packages/protocol/test/statements/statement-fixture.ts';
import { type Fingerprints, fingerprintOf } from './recording.ts';

const order = orderBody();
const commit = (seal: number): Statement => ({
  kind: 'commit',
  signed: sealed(order, hashOf('golden/seal', seal)),
});
const statements = (a: Statement, b: Statement): Misconduct => ({
  kind: 'statements',
  orders: [order],
  statements: [a, b],
});
const certified = (feeMicro: bigint) => signedIn('v1', certificateDomain, certificateBody({ feeMicro }));

const answered = (first: number): ShownStatement =>
  stated([answerOf('a text', [first, 0, 0, 0])], 0, { epoch: 1 }, keysOf('star'));

const detail = [0, 1].map((clientSeq) =>
  voidEffects({ network: NETWORK, market: MARKET, client: idOf('carol'), clientSeq, reason: 'golden' }),
);
const settlement = (changes: Partial<SettlementBody> = {}): SettlementBody => ({
  ...netSettlement(detail, {
    network: NETWORK,
    market: MARKET,
    batch: 0,
    gateway: nodeOf('gateway'),
    by: nodeOf('gateway'),
    nextOrderSeq: () => 0,
  }),
  ...changes,
});

const proofs: Readonly<Record<string, Misconduct>> = {
  'two grants': statements(grant(order, 'p1'), grant(order, 'p2')),
  'a grant and a refusal': statements(
    grant(order, 'p1'),
    refusal(claimHash(claim(order, {}, 'p1').signed.body)),
  ),
  'two seals': statements(commit(0), commit(1)),
  'two claims': statements(
    claim(order, { worker: nodeOf('f1') }, 'star'),
    claim(order, { worker: nodeOf('f2') }, 'star'),
  ),
  'two certificates': {
    kind: 'certificates',
    orders: [order],
    validator: nodeOf('v1'),
    certificates: [certified(100n), certified(101n)],
  },
  'two settlements': {
    kind: 'settlements',
    validator: nodeOf('v1'),
    settlements: [
      signedSettlement('v1', settlement()),
      signedSettlement('v1', settlement({ poolMicro: 1n })),
    ],
  },
  'a settlement against its detail': {
    kind: 'settlement',
    validator: nodeOf('v1'),
    settlement: signedSettlement('v1', settlement({ poolMicro: 1n })),
    detail: settlementDetailBytes(detail),
  },
  'two vectors for one text': {
    kind: 'contradiction',
    version: versionOf(),
    statements: [answered(1), answered(2)],
  },
  'one grant twice, which proves nothing': statements(grant(order, 'p1'), grant(order, 'p1')),
};

/** Every kind of proof: its bytes with the signatures in it, what the ledger says to it, and the state after it. */
export function evidenceFingerprints(): Fingerprints {
  return Object.fromEntries(
    Object.entries(proofs).map(([name, proof]) => {
      const game = accusedPlay();
      if (proof.kind === 'contradiction')
        game.must('alice', {
          kind: 'setModelVersion',
          market: MARKET,
          node: nodeOf('star'),
          version: proof.version,
        });
      const outcome = game.act('bob', evidence(proof));
      const verdict = outcome.applied ? 'applied' : outcome.code;
      return [name, [fingerprintOf(proof), verdict, stateRoot(game.state).slice(0, 16)]];
    }),
  );
}
