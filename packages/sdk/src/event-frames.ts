/** One server-sent event, or what stands between events. */
export interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  /** Wish of the server: so long to wait before a reconnection. */
  readonly retryMs?: number;
}

/**
 * Server-sent events (WHATWG HTML, section 9.2) of a stream. Ends with it; undefined comes once where something longer than
 * `maxCharacters` does, and nothing after. `heard` is called for whatever comes, comments too.
 */
export async function* framesOf(
  stream: ReadableStream<Uint8Array>,
  maxCharacters: number,
  heard: () => void,
): AsyncGenerator<Frame | undefined, void> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      heard();
      const text = rest + decoder.decode(value, { stream: true });
      const frames = text.split(/(?:\r\n|\n|\r(?!\n)){2}/);
      rest = frames.pop()!;
      for (const frame of frames) yield parseFrame(frame);
      if (rest.length > maxCharacters) return yield undefined;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseFrame(text: string): Frame {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r\n|\n|\r/)) {
    const match = /^(id|event|data|retry)(?:: ?(.*))?$/s.exec(line);
    if (match === null) continue;
    const [, name, value = ''] = match;
    const before = name === 'data' ? fields.get('data') : undefined;
    fields.set(name!, before === undefined ? value : `${before}\n${value}`);
  }
  const [id, event, data, retry] = ['id', 'event', 'data', 'retry'].map((name) => fields.get(name));
  return {
    ...(id === undefined ? {} : { id }),
    ...(event === undefined ? {} : { event }),
    ...(data === undefined ? {} : { data }),
    ...(retry !== undefined && /^\d{1,7}$/.test(retry) ? { retryMs: Number(retry) } : {}),
  };
}
