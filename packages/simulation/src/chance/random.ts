/** Uniform in [0, 1), reproducible. */
export type Uniform = () => number;

/**
 * A stream of numbers from a seed and a name, so that what one part draws does not shift what another part gets:
 * two runs that differ in one rule see the same jobs. Generator: sfc32 (Chris Doty-Humphrey, PractRand); seeding:
 * the finaliser of MurmurHash3 (Austin Appleby).
 */
export function randomStream(seed: number, name: string): Uniform {
  let state = seed >>> 0;
  for (const character of name) state = mix(state ^ (character.codePointAt(0) ?? 0));
  let a = mix(state ^ 0x9e3779b9);
  let b = mix(a ^ 0x243f6a88);
  let c = mix(b ^ 0xb7e15162);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) next();
  return next;
}

/**
 * One standard normal number for a pair of keys, the same whenever it is asked for: the noise of a model on a job does
 * not depend on who else is drawn, and two copies of a model have the same.
 */
export function keyedNormal(seed: number, job: number, model: number): number {
  const first = mix(mix(mix(seed ^ 0x85ebca6b) ^ job) ^ Math.imul(model + 1, 0x9e3779b1));
  const second = mix(first ^ 0x27d4eb2f);
  const radius = Math.sqrt(-2 * Math.log(((first >>> 0) + 1) / 4_294_967_297));
  return radius * Math.cos((2 * Math.PI * (second >>> 0)) / 4_294_967_296);
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
