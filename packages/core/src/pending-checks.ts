let pending = 0;

/** Signature checks that are under way, here or on other threads: who simulates time lets none pass meanwhile. */
export function pendingSignatureChecks(): number {
  return pending;
}

/** Counts a check that has begun; the result wraps what it resolves with, to count it as done. */
export function countCheck<Value>(resolve: (value: Value) => void): (value: Value) => void {
  pending += 1;
  return (value) => {
    pending -= 1;
    resolve(value);
  };
}
