import type { ShownCertificate } from '@market-of-experts/protocol';

/** A certificate as JSON: amounts as decimal strings, bytes as base64. */
export function certificateJson({
  body,
  signatures,
  isOfWitnesses,
}: ShownCertificate): Record<string, unknown> {
  return {
    body: {
      ...body,
      data: body.data.map((datum) => ({
        ...datum,
        feeMicro: String(datum.feeMicro),
        ...('vector' in datum ? { vector: Buffer.from(datum.vector).toString('base64') } : {}),
      })),
      members: body.members.map((member) => ({
        ...member,
        slashMicro: String(member.slashMicro),
        workerSlashMicro: String(member.workerSlashMicro),
      })),
    },
    ...(isOfWitnesses === true ? { isOfWitnesses } : {}),
    signatures: signatures.map(({ by, signature }) => ({
      by,
      signature: Buffer.from(signature).toString('base64'),
    })),
  };
}
