export * from './amount.ts';
export * from './clock.ts';
export * from './codec.ts';
export * from './errors.ts';
export * from './ids.ts';
export * from './keys.ts';
