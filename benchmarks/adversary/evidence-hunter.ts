/** Collects all that honest nodes sign and looks for two statements of one of them that exclude one another. */
import { decode, type MarketId, type NodeId } from '@market-of-experts/core';
import {
  type CertificateBody,
  certificateHash,
  claimHash,
  equivocationOf,
  findingOf,
  type GrantBody,
  jobIdOf,
  type Misconduct,
  type OrderBody,
  type SettlementBody,
  type SignedCertificateBody,
  type Statement,
  signedForm,
} from '@market-of-experts/protocol';
import { z } from 'zod';
import type { Heard } from './wiretap.ts';

export interface EvidenceHunter {
  /** Takes in a message; the proofs that it completes. */
  hear(message: Heard): readonly Misconduct[];
}

interface MarketOfNetwork {
  readonly market: MarketId;
  readonly network: string;
}

/** Statements that are remembered of one author in one job: more than an honest one ever makes. */
const maxStatements = 256;

export function evidenceHunter(where: MarketOfNetwork): EvidenceHunter {
  /** By job. */
  const ordersOf = new Map<string, OrderBody[]>();
  /** By job and author. */
  const statements = new Map<string, Statement[]>();
  const certificates = new Map<string, { body: SignedCertificateBody; signature: Uint8Array }[]>();
  const settlements = new Map<string, { body: SettlementBody; signature: Uint8Array }[]>();
  /** What workers answered to claims, by the claim's hash. */
  const answers = new Map<string, { job?: string; grant?: Statement; refusal?: Statement }>();

  const completes = (proof: Misconduct): Misconduct[] =>
    findingOf(proof, where.market, where.network) === undefined ? [] : [proof];

  const hearStatement = (statement: Statement, job: string): Misconduct[] => {
    const key = `${job}/${statement.signed.by}`;
    const earlier = statements.get(key) ?? [];
    statements.set(key, earlier);
    const id = signatureOf(statement);
    if (earlier.length >= maxStatements || earlier.some((other) => signatureOf(other) === id)) return [];
    const found = earlier.flatMap((other) => {
      const orders = ordersOf.get(job);
      if (orders === undefined || equivocationOf(other, statement) === undefined) return [];
      return completes({ kind: 'statements', orders, statements: [other, statement] });
    });
    earlier.push(statement);
    return found;
  };

  const hearAnswer = (hash: string, said: { job?: string; grant?: Statement; refusal?: Statement }) => {
    const { job, grant, refusal } = { ...answers.get(hash), ...said };
    answers.set(hash, {
      ...(job === undefined ? {} : { job }),
      ...(grant === undefined ? {} : { grant }),
      ...(refusal === undefined ? {} : { refusal }),
    });
    const orders = ordersOf.get(job ?? '');
    return orders === undefined || grant === undefined || refusal === undefined
      ? []
      : completes({ kind: 'statements', orders, statements: [grant, refusal] });
  };

  const hearCertificate = (validator: NodeId, body: CertificateBody, signature: Uint8Array): Misconduct[] => {
    const key = `${body.job}/${validator}`;
    const earlier = certificates.get(key) ?? [];
    certificates.set(key, earlier);
    if (earlier.some((other) => certificateHash(other.body) === certificateHash(body))) return [];
    const said = { body: signedForm(body), signature };
    const orders = ordersOf.get(body.job);
    const found =
      orders === undefined
        ? []
        : earlier.flatMap((other) =>
            completes({ kind: 'certificates', orders, validator, certificates: [other, said] }),
          );
    earlier.push(said);
    return found;
  };

  const hearSettlement = (validator: NodeId, body: SettlementBody, signature: Uint8Array): Misconduct[] => {
    const key = `${body.market}/${body.batch}/${body.gateway}/${body.by}/${validator}`;
    const earlier = settlements.get(key) ?? [];
    settlements.set(key, earlier);
    if (earlier.some((other) => other.body.root === body.root)) return [];
    const said = { body, signature };
    const found = earlier.flatMap((other) =>
      completes({ kind: 'settlements', validator, settlements: [other, said] }),
    );
    earlier.push(said);
    return found;
  };

  /** Signed things anywhere in a message. */
  const walk = (value: unknown): Misconduct[] => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
    if (Array.isArray(value)) return value.flatMap(walk);
    const fields = value as Record<string, unknown>;
    const own: Misconduct[] = [];
    const bodies = orderBodies(fields.orders);
    if (bodies.length > 0) ordersOf.set(jobIdOf(bodies), bodies);
    if (typeof fields.body === 'object' && fields.body !== null && 'by' in fields) {
      const body = fields.body as Record<string, unknown>;
      const signed = fields as never;
      if ('stage' in body && 'seal' in body)
        own.push(...hearStatement({ kind: 'commit', signed }, String(body.job)));
      else if ('askBps' in body && 'claim' in body) {
        const { claim } = body as unknown as GrantBody;
        own.push(...hearStatement({ kind: 'grant', signed }, claim.body.job));
        const grant: Statement = { kind: 'grant', signed };
        own.push(...hearAnswer(claimHash(claim.body), { job: claim.body.job, grant }));
      } else if ('ttlMs' in body) own.push(...hearStatement({ kind: 'claim', signed }, String(body.job)));
      else if ('heldBy' in body)
        own.push(...hearAnswer(String(body.claim), { refusal: { kind: 'refusal', signed } }));
    }
    return [...own, ...Object.values(fields).flatMap(walk)];
  };

  return {
    hear({ kind, from, bytes, request }) {
      let message: unknown;
      try {
        message = decode(bytes, z.unknown());
      } catch {
        return [];
      }
      const found = walk(message);
      if (kind !== 'answer') return found;
      const { body, signature } = message as { body?: CertificateBody; signature?: unknown };
      if (body?.members !== undefined && signature instanceof Uint8Array)
        return [...found, ...hearCertificate(from, body, signature)];
      const { node, signature: signed } = (signature ?? {}) as { node?: NodeId; signature?: Uint8Array };
      if (node === undefined || signed === undefined || request === undefined) return found;
      const { settlement } = decode(request, z.unknown()) as { settlement?: SettlementBody };
      return settlement === undefined ? found : [...found, ...hearSettlement(node, settlement, signed)];
    },
  };
}

function signatureOf({ signed }: Statement): string {
  return Buffer.from(signed.signature).toString('base64');
}

/** Of the orders that open a job; none where it is something else. */
function orderBodies(orders: unknown): OrderBody[] {
  if (!Array.isArray(orders)) return [];
  return orders.flatMap((order: { readonly body?: unknown } | null) => {
    const body = order?.body;
    return typeof body === 'object' && body !== null && 'dataHash' in body ? [body as OrderBody] : [];
  });
}
