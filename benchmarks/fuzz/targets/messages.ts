import { decode, encode, verifyBody } from '@market-of-experts/core';
import {
  arrivalSchema,
  certificateBodySchema,
  claimSchema,
  commitSchema,
  cutSchema,
  effectsSchema,
  findingOf,
  misconductSchema,
  orderSchema,
  parseSettlementDetail,
  recordSchemas,
  rosterSchema,
  settlementBodySchema,
  shownCertificateSchema,
  signedCertificateBodySchema,
  statementSchema,
  tableNames,
  transactionSchema,
  transcriptSchema,
  verifyAccountProof,
} from '@market-of-experts/protocol';
import { replayTranscript } from '@market-of-experts/protocol/job/replay';
import * as receipts from '@market-of-experts/receipts/receipt-record';
import { settlementProofSchema } from '@market-of-experts/receipts/settlement-proof';
import * as messages from '@market-of-experts/roles/messages/protocols';
import { epochEndResponseSchema } from '@market-of-experts/roles/messages/protocols';
import {
  settlementRequestSchema,
  settlementResponseSchema,
} from '@market-of-experts/roles/messages/settlement-request';
import { z } from 'zod';
import { fixtureJob, roster } from '../../../packages/protocol/test/job/job-fixture.ts';
import { looseCbor } from '../loose-cbor.ts';
import { mutateValue } from '../mutate.ts';
import { cborTarget, type Target } from '../target.ts';

/** Every message between nodes: whatever is exported there as a schema. */
const betweenNodes = Object.entries<unknown>(messages)
  .filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType)
  .map(([name, schema]) => cborTarget(`message ${name.replace(/Schema$/, '')}`, schema));

const parts: Record<string, z.ZodType> = {
  order: orderSchema,
  claim: claimSchema,
  commit: commitSchema,
  cut: cutSchema,
  arrival: arrivalSchema,
  statement: statementSchema,
  'certificate body': certificateBodySchema,
  'signed certificate body': signedCertificateBodySchema,
  'shown certificate': shownCertificateSchema,
  transcript: transcriptSchema,
  roster: rosterSchema,
  effects: effectsSchema,
  transaction: transactionSchema,
  'settlement body': settlementBodySchema,
  'settlement proof': settlementProofSchema as unknown as z.ZodType,
  'settlement request': settlementRequestSchema as unknown as z.ZodType,
  'settlement response': settlementResponseSchema,
  'epoch end response': epochEndResponseSchema,
};

const stored = tableNames.map((table) =>
  cborTarget(`ledger record ${table}`, recordSchemas[table] as unknown as z.ZodType),
);

/** A whole job as its members signed it, and replayed after the change. */
function replayTarget(): Target {
  const jobs = ['one', 'two'].map((name) => fixtureJob(name).transcript());
  return {
    name: 'transcript, replayed',
    weight: 0.3,
    example: (random) => encode(random.of(jobs)),
    mutant: (random) => looseCbor(mutateValue(random.of(jobs), random), random, 4_000),
    read: (bytes) => {
      const transcript = decode(bytes, transcriptSchema);
      replayTranscript(transcript, roster);
      return encode(transcript);
    },
  };
}

export function messageTargets(): readonly Target[] {
  const detail = z.array(effectsSchema).max(4);
  const proofSchema = z.strictObject({
    account: z.string(),
    siblings: z.instanceof(Uint8Array),
    neighbour: z.instanceof(Uint8Array).optional(),
  });
  return [
    ...betweenNodes,
    ...Object.entries(parts).map(([name, schema]) => cborTarget(name, schema)),
    ...stored,
    cborTarget('anything', z.unknown()),
    cborTarget('settlement detail', detail, parseSettlementDetail),
    cborTarget('receipt', receipts.recordSchema as unknown as z.ZodType, receipts.decodeRecord),
    cborTarget('batch', receipts.batchSchema, receipts.decodeBatch),
    cborTarget('evidence', misconductSchema as unknown as z.ZodType, (bytes) => {
      const proof = decode(bytes, misconductSchema);
      findingOf(proof, 'text-embedding' as never, 'text-embedding');
      return proof;
    }),
    cborTarget('signed order, verified', orderSchema as unknown as z.ZodType, (bytes) => {
      const order = decode(bytes, orderSchema);
      verifyBody('moe/job-order/1', order);
      return order;
    }),
    cborTarget('account proof', proofSchema, (bytes) => {
      const proof = decode(bytes, proofSchema);
      verifyAccountProof('3f9c'.repeat(16) as never, proof as never);
      return proof;
    }),
    replayTarget(),
  ];
}
