/**
 * A model server that costs nothing: answers `/v1/embeddings` and `/v1/chat/completions` from prepared bytes, both
 * with the same number of bytes for one text. Its own process; tells its port over IPC.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const dimensions = 384;

/** Unit vectors in all directions. */
const vectors = Array.from({ length: 64 }, (_, number) => {
  const vector = Float32Array.from({ length: dimensions }, (__, axis) => Math.sin((number + 1) * (axis + 1)));
  const length = Math.hypot(...vector);
  return Buffer.from(vector.map((value) => value / length).buffer).toString('base64');
});
const item = (text: string, index: number) =>
  `{"object":"embedding","index":${index},"embedding":"${vectors[text.length % vectors.length]}"}`;
const embeddings = (texts: readonly string[]) =>
  `{"object":"list","data":[${texts.map(item).join(',')}],"model":"mock","usage":{"prompt_tokens":16,"total_tokens":16}}`;
const single = vectors.map((_, length) => Buffer.from(embeddings(['x'.repeat(length)])));
const chatOf = (content: string) =>
  `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"mock","choices":[{"index":0,"message":{"role":"assistant","content":"${content}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":16,"completion_tokens":16,"total_tokens":32}}`;
const chat = Buffer.from(chatOf('x'.repeat(single[0]!.length - chatOf('').length)));

function answerOf(url: string | undefined, input: string | readonly string[] | undefined): Buffer {
  if (url === '/v1/chat/completions' || input === undefined) return chat;
  const texts = typeof input === 'string' ? [input] : input;
  return texts.length === 1 ? single[texts[0]!.length % vectors.length]! : Buffer.from(embeddings(texts));
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input?: string | string[] };
    const bytes = answerOf(request.url, input);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
