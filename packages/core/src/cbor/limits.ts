/** How deep lists and maps may lie in one another: what we send goes to about ten. */
export const MAX_DEPTH = 64;
/**
 * How many values one message may hold in all. An empty map takes one byte on the wire and 56 in memory, so a bound on
 * bytes alone would let a message of 16 MiB take a gigabyte.
 */
export const MAX_ITEMS = 1_000_000;
/** Set by assignment it would replace an object's prototype: no field of ours has this name. */
export const FORBIDDEN_KEY = '__proto__';
