import type { AccountId } from '@market-of-experts/core';

declare const shown: unique symbol;
/** Words of a client's text that go to somebody who may read them: only {@link textFor} makes one. */
export type ShownText = string & { readonly [shown]: true };

/** Whoever asks, by the key that he sent; undefined without one. */
export type Viewer = AccountId | undefined;

/** Words of a text, and whose they are. */
export interface OwnedText {
  /** Who paid for the work on it. */
  readonly owner: AccountId;
  /** Whether the owner lets everybody read it. */
  readonly isTextPublic: boolean;
  readonly preview: string;
}

/** The one place where it is decided who reads words of a text: who paid for it, and everybody where he said so. */
export function textFor(viewer: Viewer, text: OwnedText): ShownText | undefined {
  return text.isTextPublic || viewer === text.owner ? (text.preview as ShownText) : undefined;
}
