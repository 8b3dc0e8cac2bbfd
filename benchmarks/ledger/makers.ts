import type { OwnerKey, Signer } from '@market-of-experts/core';
import type { Action, Expert } from '@market-of-experts/protocol';
import { ownerOf, owners, type Scene } from './cast.ts';

/** Makes one transaction that the rules will take now; undefined if there is none of its kind at the moment. */
export type Maker = (scene: Scene) => { readonly by: Signer; readonly action: Action } | undefined;
/** Of every 100 transactions about `share` are made by `make`. */
export type Share = readonly [share: number, make: Maker];

export function by(signer: Signer, action: Action): { readonly by: Signer; readonly action: Action } {
  return { by: signer, action };
}

/** One of those who only spend: not the treasury, nor owners of the market and of validators. */
export function someOwner(index: number): OwnerKey {
  return owners[8 + ((index * 7) % (owners.length - 8))]!;
}

export function someExpert({ state, index }: Pick<Scene, 'state' | 'index'>): Expert | undefined {
  const present = [...state.experts.values()].filter(({ leavesAtEpoch }) => leavesAtEpoch === undefined);
  return present[index % Math.max(1, present.length)];
}

export function withExpert(scene: Scene, make: (expert: Expert) => Action): ReturnType<Maker> {
  const expert = someExpert(scene);
  return expert && by(ownerOf(expert.owner), make(expert));
}
