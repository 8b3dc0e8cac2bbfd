type Close = () => Promise<unknown>;

/** What must be undone at the end, in reverse, each whatever becomes of the others. */
export interface Closers {
  add(close: Close): void;
  /** Undoes everything once; rejects with the first failure. */
  close(): Promise<void>;
}

export function closersOf(...closes: Close[]): Closers {
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closes.reverse()) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  return {
    add: (close) => {
      closes.push(close);
    },
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}
