import { isIPv6 } from 'node:net';
import { MoeError } from '@market-of-experts/core';

/**
 * What requests without a key may cost: a bucket of work for each address and one for all of them together. A unit is about
 * a millisecond of this process. Requests with a key are not charged: whoever holds one is known, and pays.
 */
export interface WorkBudget {
  /** Takes the work off both buckets. Throws `rate-limited`, with `retryAfterSeconds`, and takes nothing. */
  charge(address: string, units: number): void;
  /** Addresses whose bucket is not full. */
  readonly addresses: number;
}

interface Bucket {
  units: number;
  atMs: number;
}

/**
 * The table of addresses is bounded. Full buckets are forgotten, which changes nothing; where all are in use, further addresses
 * share one bucket, so that nobody gets a fresh one by pushing others out.
 */
export function createWorkBudget(
  limits: {
    readonly keylessBurst: number;
    readonly keylessPerSecond: number;
    readonly keylessBurstOverall: number;
    readonly keylessPerSecondOverall: number;
    readonly maxKeylessAddresses: number;
  },
  nowMs: () => number,
): WorkBudget {
  const buckets = new Map<string, Bucket>();
  const others = fullBucket(limits.keylessBurst, nowMs());
  const overall = fullBucket(limits.keylessBurstOverall, nowMs());

  const refill = (bucket: Bucket, perSecond: number, burst: number, now: number): Bucket => {
    bucket.units = Math.min(burst, bucket.units + (Math.max(0, now - bucket.atMs) * perSecond) / 1_000);
    bucket.atMs = now;
    return bucket;
  };
  const ofAddress = (address: string, now: number): Bucket => {
    const known = buckets.get(address);
    if (known !== undefined) return known;
    if (buckets.size >= limits.maxKeylessAddresses)
      for (const [name, bucket] of buckets)
        if (refill(bucket, limits.keylessPerSecond, limits.keylessBurst, now).units >= limits.keylessBurst)
          buckets.delete(name);
    if (buckets.size >= limits.maxKeylessAddresses) return others;
    const fresh = fullBucket(limits.keylessBurst, now);
    buckets.set(address, fresh);
    return fresh;
  };

  return {
    get addresses() {
      return buckets.size;
    },
    charge(address, units) {
      if (units === 0) return;
      const now = nowMs();
      const own = refill(
        ofAddress(networkOf(address), now),
        limits.keylessPerSecond,
        limits.keylessBurst,
        now,
      );
      refill(overall, limits.keylessPerSecondOverall, limits.keylessBurstOverall, now);
      const waitSeconds = Math.max(
        (units - own.units) / limits.keylessPerSecond,
        (units - overall.units) / limits.keylessPerSecondOverall,
      );
      if (waitSeconds > 0)
        throw new MoeError(
          'rate-limited',
          'Requests without an API key have used up what they may cost for now. Try again later, or send a key: "authorization: Bearer YOUR_KEY".',
          { isRetryable: true, metadata: { retryAfterSeconds: Math.ceil(waitSeconds) } },
        );
      own.units -= units;
      overall.units -= units;
    },
  };
}

function fullBucket(units: number, atMs: number): Bucket {
  return { units, atMs };
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::') as [string, string?];
  const groups = head.split(':');
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = address.includes('::') ? [...groups, ...Array<string>(Math.max(0, missing)).fill('0')] : groups;
  return all.slice(0, 4).join(':');
}
