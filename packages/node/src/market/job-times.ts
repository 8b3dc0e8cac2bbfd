import type { MarketParameters, Roster } from '@moe/protocol';

/**
 * How long an expert has a part in a job, from its first seal, by its steady clock: later it opens none. The cut, and so every
 * note, comes after that first seal, so who has noted a job knows that no seal of it is opened so long afterwards.
 */
export function jobMs({ sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs }: MarketParameters): number {
  return 2 * (sealedDeadlineMs + fullDeadlineMs + revealDeadlineMs);
}

/** How long witnesses wait for the coordinator of a job to ask for its certificate, from the first reveal. */
function patienceMs({ sealedDeadlineMs, revealDeadlineMs }: MarketParameters): number {
  return revealDeadlineMs + certifyMs(sealedDeadlineMs);
}

/** What one more witness waits than the one before it: they do not all begin at once. */
const nextWitnessMs = 5_000;

/** Until all validators have the certificate that witnesses make alone, from the last reveal. */
export function certifyAloneMs({
  parameters,
  validators,
}: Pick<Roster, 'parameters' | 'validators'>): number {
  const witnesses = Math.min(parameters.witnesses, validators.length);
  return patienceMs(parameters) + witnesses * nextWitnessMs + 3 * certifyMs(parameters.sealedDeadlineMs);
}

function certifyMs(sealedDeadlineMs: number): number {
  return Math.max(5_000, sealedDeadlineMs);
}
