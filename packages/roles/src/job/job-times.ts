import type { JobParameters, Roster } from '@market-of-experts/protocol';
import type { JobStage } from '../messages/protocols.ts';

/**
 * How long an expert opens seals for the coordinator of a job, from its first seal, by its steady clock. The cut, and so every
 * note, comes after that first seal, so who has noted a job knows that no seal of it is opened so long afterwards; for witnesses
 * one reveal deadline later.
 */
export function jobMs({ sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs }: JobParameters): number {
  return 2 * (sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs);
}

/** How long a witness waits for a seat that it has asked itself. */
export function askingMs(stage: JobStage, parameters: JobParameters): number {
  const { cutGraceMs, fullDeadlineMs, revealDeadlineMs } = parameters;
  if (stage === 'sealed') return cutGraceMs;
  return Math.floor((stage === 'full' ? fullDeadlineMs : revealDeadlineMs) / 2);
}

/** How long a coordinator waits for a witness that asks seats. */
export function testimonyMs(stage: JobStage, parameters: JobParameters): number {
  return askingMs(stage, parameters) + 1_000;
}

/** How long a coordinator lets the witnesses certify a job. */
export function certifyMs({ sealedDeadlineMs }: JobParameters): number {
  return Math.max(5_000, sealedDeadlineMs);
}

/** From the first reveal of a job until its coordinator has a certificate, or gets none: so long witnesses wait for it. */
export function patienceMs(parameters: JobParameters): number {
  return parameters.revealDeadlineMs + testimonyMs('reveal', parameters) + certifyMs(parameters);
}

/** What one more witness waits than the one before it: they do not all begin at once. */
export const nextWitnessMs = 5_000;

/** How long a witness waits for another, and for validators whom it tells. */
export const peerMs = 5_000;

/** Until all validators have the certificate that witnesses make alone, from the last reveal to the coordinator. */
export function certifyAloneMs({
  parameters,
  validators,
}: Pick<Roster, 'parameters' | 'validators'>): number {
  const witnesses = Math.min(parameters.witnesses, validators.length);
  // Hearing the others, agreeing and telling, and as much again if not all goes well at once.
  return parameters.revealDeadlineMs + patienceMs(parameters) + (witnesses + 1) * nextWitnessMs + 5 * peerMs;
}
