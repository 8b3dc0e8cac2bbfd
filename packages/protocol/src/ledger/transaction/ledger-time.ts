/** What the ledger takes for a time, in ms. Rules have no clock: a time is what those who sign say. */
export const LEDGER_TIME = {
  /** By how much the clocks of honest nodes may differ. */
  skewMs: 120_000,
  /**
   * An epoch that is overdue by more is ended with the treasury's word only: a machine that was off for months looks just like
   * one whose clock is wrong by months.
   */
  overdueMs: 30 * 86_400_000,
  /**
   * By then an order is settled, or void: it lasts ten minutes, and what its gateway does not settle, others do soon after. So long
   * prepaid money stays where it is after its client has begun to take it out.
   */
  settledWithinMs: 3_600_000,
  /** The end of the year 9999: later times cannot be shown. */
  latestMs: 253_402_300_799_999,
} as const;
