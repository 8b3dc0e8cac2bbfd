/**
 * A model server that costs nothing: answers `/v1/embeddings` and `/v1/chat/completions` from prepared bytes, both
 * with the same number of bytes for one text. Its own process; tells its port over IPC.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const dimensions = 384;
const vector = Float32Array.from({ length: dimensions }, (_, index) => Math.sin(index + 1));
const norm = Math.hypot(...vector);
const base64 = Buffer.from(vector.map((value) => value / norm).buffer).toString('base64');

const item = (index: number) => `{"object":"embedding","index":${index},"embedding":"${base64}"}`;
const embeddings = (count: number) =>
  `{"object":"list","data":[${Array.from({ length: count }, (_, index) => item(index)).join(',')}],"model":"mock","usage":{"prompt_tokens":16,"total_tokens":16}}`;
const single = Buffer.from(embeddings(1));
const chatOf = (content: string) =>
  `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"mock","choices":[{"index":0,"message":{"role":"assistant","content":"${content}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":16,"completion_tokens":16,"total_tokens":32}}`;
const chat = Buffer.from(chatOf('x'.repeat(single.length - chatOf('').length)));

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { input } = JSON.parse(Buffer.concat(chunks).toString()) as { input?: string | string[] };
    const bytes =
      request.url === '/v1/chat/completions'
        ? chat
        : Array.isArray(input) && input.length !== 1
          ? Buffer.from(embeddings(input.length))
          : single;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
    response.end(bytes);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));
