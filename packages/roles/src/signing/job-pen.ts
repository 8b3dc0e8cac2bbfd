import {
  encode,
  type Hash,
  hashBytes,
  type JobId,
  type KeyPair,
  MoeError,
  type NodeId,
  type Signed,
} from '@market-of-experts/core';
import {
  type Reveal,
  type RevealBody,
  revealDomain,
  type SaidOnce,
  type SaidOnceDomain,
  saidOncePlaces,
} from '@market-of-experts/protocol';

/** Signs what one node says in one job: each thing once, and nothing before the guard has noted the job for good. */
export interface JobPen {
  readonly job: JobId;
  /** The same again gets the same signature. Rejects with `signed-already` for another, and with what the guard rejects. */
  sign<Domain extends Exclude<SaidOnceDomain, typeof revealDomain>>(
    domain: Domain,
    body: SaidOnce[Domain],
  ): Promise<Signed<SaidOnce[Domain]>>;
  /** The same for a reveal, which has a form of its own. */
  reveal(body: RevealBody): Promise<Reveal>;
}

/** Statements of one job: stages, claims, and answers to those of others. */
const maxSaid = 256;

export function jobPen(keys: KeyPair, job: JobId, noted: Promise<void>): JobPen {
  const said = new Map<string, Hash>();
  // Whoever signs waits for it; nobody may be left to sign.
  noted.catch(() => undefined);
  /** The signature of `[domain, body]`, after what it says has been entered. */
  const signature = async <Domain extends SaidOnceDomain>(
    domain: Domain,
    body: SaidOnce[Domain],
  ): Promise<Uint8Array> => {
    const bytes = encode([domain, body]);
    const hash = hashBytes(bytes);
    const places = saidOncePlaces(domain, body);
    for (const place of places)
      if ((said.get(place) ?? hash) !== hash)
        throw new MoeError(
          'signed-already',
          `This node has said something else in the job: ${place.slice(0, 80)}.`,
        );
    if (said.size + places.length > maxSaid)
      throw new MoeError('signed-already', 'This node has said all in the job that it will.');
    for (const place of places) said.set(place, hash);
    await noted;
    return keys.sign(bytes);
  };
  return {
    job,
    async sign(domain, body) {
      return { body, by: keys.publicKey as NodeId, signature: await signature(domain, body) };
    },
    reveal: async (body) => ({ ...body, signature: await signature(revealDomain, body) }),
  };
}
