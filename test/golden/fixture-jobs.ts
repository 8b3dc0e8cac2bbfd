import { decode, encode, type NodeId, type Signed, signBody } from '@market-of-experts/core';
import {
  arrivalDomain,
  type Certificate,
  certificateBytes,
  certificateEffects,
  certificateHash,
  certifyJob,
  claimDomain,
  commitDomain,
  cutDomain,
  declineDomain,
  type Effects,
  grantDomain,
  netSettlement,
  noteDomain,
  noteOf,
  replayTranscript,
  settlementDetailBytes,
  signReveal,
  signSettlement,
  type Transcript,
  transcriptHash,
  transcriptSchema,
  verifyTranscriptSignatures,
} from '@market-of-experts/protocol';
import {
  context,
  type FixtureJob,
  fixtureJob,
  keysOf,
  keysOfNode,
  roster,
} from '../../packages/protocol/test/job/job-fixture.ts';
import { fingerprint, fingerprintOf } from './recording.ts';

const validatorKeys = ['v0', 'v1', 'v2', 'v3'].map(keysOf);
const coordinator = keysOf('coordinator').publicKey as NodeId;
for (const keys of validatorKeys) keysOfNode.set(keys.publicKey as NodeId, keys);
keysOfNode.set(coordinator, keysOf('coordinator'));

/** Jobs with everything that can happen in one. All of the same client, one after the other. */
const jobs: Readonly<Record<string, (clientSeq: number) => Transcript>> = {
  plain: (clientSeq) => fixtureJob('plain', { clientSeq }).transcript(),
  'with a tip, a decline and a late member': (clientSeq) => {
    const job = fixtureJob('late', { clientSeq, tipMicro: 777n });
    const [, declining, ...rest] = job.seats as [NodeId, NodeId, ...NodeId[]];
    const arrivals = job.witnesses.map((witness) =>
      job.arrival(witness, { stage: 'sealed', principals: rest }),
    );
    return job.transcript({ declines: [declining], commits: rest.toReversed(), arrivals });
  },
  'with a friend': (clientSeq) => {
    const changes = { clientSeq };
    const plain = fixtureJob('friend', changes);
    const friend = roster.experts.find(({ node }) => !plain.seats.includes(node))!.node;
    return fixtureJob('friend', changes, new Map([[plain.members[0]!, friend]])).transcript();
  },
  'with a member that reveals nothing and one that lies': (clientSeq) => {
    const job = fixtureJob('lie', { clientSeq });
    const [silent, liar, ...others] = job.members as [NodeId, NodeId, ...NodeId[]];
    const arrivals = job.witnesses.map((witness) =>
      job.arrival(witness, { stage: 'reveal', principals: [liar, ...others] }),
    );
    const transcript = job.transcript({ arrivals });
    return {
      ...transcript,
      reveals: transcript.reveals
        .filter(({ principal }) => principal !== silent)
        .map((reveal) =>
          reveal.principal === liar ? job.reveal(liar, { firstSalt: new Uint8Array(16) }) : reveal,
        ),
    };
  },
  'of which nobody is paid': (clientSeq) => {
    const job: FixtureJob = fixtureJob('nobody', { clientSeq });
    return job.transcript({ reveals: job.members.slice(0, 1) });
  },
};

const jobNames: readonly string[] = Object.keys(jobs);

/** What everybody says in each job, as today's code says and signs it. */
export function transcripts(): readonly Uint8Array[] {
  return jobNames.map((name, clientSeq) => encode(jobs[name]!(clientSeq)));
}

/** What follows from recorded transcripts: every message, signed again, and what comes out. */
export async function consequences(
  recorded: readonly Uint8Array[],
): Promise<Record<string, string | readonly string[]>> {
  const all: Record<string, string | readonly string[]> = {};
  const effects: Effects[] = [];
  for (const [index, bytes] of recorded.entries()) {
    const transcript = decode(bytes, transcriptSchema);
    await verifyTranscriptSignatures(transcript);
    const body = certifyJob(replayTranscript(transcript, roster), transcript, context);
    const signatures = validatorKeys.map((keys) => ({
      by: keys.publicKey as NodeId,
      signature: keys.sign(certificateBytes({ body })),
    }));
    const certificate: Certificate = { body, signatures };
    const note = noteOf(transcript.orders, transcript.cut.body);
    const effect = certificateEffects(certificate, 0, roster);
    effects.push(effect);
    const name = jobNames[index]!;
    all[`${name}: messages`] = signedAgain(transcript).map(fingerprintOf);
    all[`${name}: transcript`] = transcriptHash(transcript);
    all[`${name}: certificate`] = [certificateHash(body), fingerprintOf(certificate)];
    all[`${name}: witnesses’ certificate`] = fingerprint(certificateBytes({ body, isOfWitnesses: true }));
    all[`${name}: note`] = fingerprintOf(signBody(validatorKeys[0]!, noteDomain, note));
    all[`${name}: effects`] = fingerprintOf(effect);
  }
  const settlement = netSettlement(effects, {
    network: roster.network,
    market: roster.market,
    batch: roster.batch,
    gateway: coordinator,
    by: coordinator,
    nextOrderSeq: () => 0,
  });
  all['settlement: detail'] = fingerprint(settlementDetailBytes(effects));
  all['settlement: body'] = fingerprintOf(settlement);
  all['settlement: signatures'] = validatorKeys.map((keys) =>
    fingerprintOf(signSettlement(keys, settlement)),
  );
  return all;
}

/** Every message of nodes with the signature that its author's key makes today. */
function signedAgain(transcript: Transcript): unknown[] {
  const again = <Body>(domain: string, { by, body }: Signed<Body>): Signed<Body> =>
    signBody(keysOfNode.get(by as NodeId)!, domain, body);
  return [
    again(cutDomain, transcript.cut),
    ...transcript.commits.map((message) => again(commitDomain, message)),
    ...transcript.grants.map((message) => again(grantDomain, message)),
    ...transcript.grants.map(({ body }) => again(claimDomain, body.claim)),
    ...transcript.declines.map((message) => again(declineDomain, message)),
    ...transcript.fullCommits.map((message) => again(commitDomain, message)),
    ...transcript.reveals.map(({ signature: _, ...body }) => signReveal(keysOfNode.get(body.worker)!, body)),
    ...transcript.arrivals.map((message) => again(arrivalDomain, message)),
  ];
}
