/** A text that is to be embedded, with the bytes that it takes. */
export interface PendingText {
  readonly id: string;
  readonly source: string;
  readonly line: number | undefined;
  readonly text: string;
  readonly textHash: string;
}

export interface BatchLimits {
  readonly maxTexts: number;
  readonly maxBytes: number;
}

/** Groups texts, in order, into batches within both limits (a text that is larger alone goes alone). */
export async function* batches(
  texts: AsyncIterable<PendingText>,
  limits: BatchLimits,
): AsyncGenerator<PendingText[], void> {
  let batch: PendingText[] = [];
  let held = 0;
  for await (const text of texts) {
    const bytes = Buffer.byteLength(text.text);
    if (batch.length > 0 && (batch.length >= limits.maxTexts || held + bytes > limits.maxBytes)) {
      yield batch;
      batch = [];
      held = 0;
    }
    batch.push(text);
    held += bytes;
    if (batch.length >= limits.maxTexts) {
      yield batch;
      batch = [];
      held = 0;
    }
  }
  if (batch.length > 0) yield batch;
}
