/** Texts that stand in questions beside what clients ordered, as further wrong answers. Each is handed out once. */
export interface Reserve {
  /**
   * So many texts at most, of so many bytes together at most; fewer, or none, where there are no more. Those first that lie nearest to
   * `near`, a direction of any length in the base encoder's space (the sum of the data's), where it is given. Never throws.
   */
  take(most: number, bytes: number, near?: ArrayLike<number>): readonly string[];
}

/** A reserve of these texts, in their order. A text that is too long for what is asked waits for another time. */
export function reserveOf(texts: readonly string[]): Reserve {
  const left = [...texts];
  return {
    take(most, bytes) {
      const taken: string[] = [];
      let room = bytes;
      for (let index = 0; index < left.length && taken.length < most; ) {
        const size = Buffer.byteLength(left[index]!);
        if (size > room) {
          index += 1;
          continue;
        }
        room -= size;
        taken.push(...left.splice(index, 1));
      }
      return taken;
    },
  };
}
