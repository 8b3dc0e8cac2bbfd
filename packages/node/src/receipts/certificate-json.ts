import type { Certificate } from '@moe/protocol';

/** A certificate as JSON: amounts as decimal strings, signatures as base64. */
export function certificateJson({ body, signatures }: Certificate): Record<string, unknown> {
  return {
    body: {
      ...body,
      feeMicro: String(body.feeMicro),
      members: body.members.map((member) => ({ ...member, slashMicro: String(member.slashMicro) })),
    },
    signatures: signatures.map(({ by, signature }) => ({
      by,
      signature: Buffer.from(signature).toString('base64'),
    })),
  };
}
