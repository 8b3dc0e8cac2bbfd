import type { JobParameters } from '@market-of-experts/protocol';

/** Why an expert declines that is too busy: others see by it that the machine is slow, not the expert unwilling. */
export const noTimeReason = 'Too busy to answer in time.';

/** How one stage of a job went. */
export interface StageReport {
  /** From the request to each seat's answer; the whole deadline for a seat without one. */
  readonly answersMs: readonly number[];
  readonly deadlineMs: number;
}

/**
 * How slow the machine is on which all roles of a market run, as a factor on the deadlines of its jobs. A roster carries the
 * deadlines, so whoever replays a job finds the same ones.
 */
export interface Pace {
  /** 1, 2, 4 or 8. */
  factor(): number;
  observe(report: StageReport): void;
}

const mostFactor = 8;
/** The deadlines grow when half of the seats need more than this part of one. */
const slowPart = 1 / 4;
/** They shrink again when all of so many stages in a row would have been faster than `slowPart` at half of the factor. */
const calmStages = 48;

/**
 * Goes by the median seat: one that is slow or silent, by accident or to make others wait, moves nothing; a busy machine
 * makes all of them slow.
 */
export function machinePace(onChange: () => void = () => undefined): Pace {
  let factor = 1;
  let calm = 0;
  return {
    factor: () => factor,
    observe({ answersMs, deadlineMs }) {
      if (answersMs.length === 0) return;
      const median = [...answersMs].sort((a, b) => a - b)[(answersMs.length - 1) >> 1]!;
      const part = median / deadlineMs;
      if (part > slowPart && factor < mostFactor) {
        factor *= 2;
        calm = 0;
        onChange();
        return;
      }
      calm = part < slowPart / 2 ? calm + 1 : 0;
      if (calm < calmStages || factor === 1) return;
      factor /= 2;
      calm = 0;
      onChange();
    },
  };
}

/** The market's parameters with deadlines for a machine that is so many times as slow. */
export function stretched<Parameters extends JobParameters>(
  parameters: Parameters,
  factor: number,
): Parameters {
  if (factor === 1) return parameters;
  const { cutGraceMs, sealedDeadlineMs, fullDeadlineMs, revealDeadlineMs, claimTtlMs } = parameters;
  return {
    ...parameters,
    cutGraceMs: cutGraceMs * factor,
    sealedDeadlineMs: sealedDeadlineMs * factor,
    fullDeadlineMs: fullDeadlineMs * factor,
    revealDeadlineMs: revealDeadlineMs * factor,
    claimTtlMs: claimTtlMs * factor,
  };
}
