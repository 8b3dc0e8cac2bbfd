import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';

/** A file of the live page, ready to send. */
interface PageAsset {
  /** Address, e.g. `/page/main.js`; the page itself is `/`. */
  readonly url: string;
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Buffer;
}

/** Everything that the page may do: its own scripts, styles and requests, nothing inline, nothing elsewhere. */
const pageContentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the live page at `/`. Its files are read once; they are a few kilobytes and stay in memory. */
export function registerPage(app: FastifyInstance): void {
  for (const asset of loadPageAssets(resolve(import.meta.dirname, '../page')))
    app.get(asset.url, async (request, reply) => {
      reply.headers({
        'content-security-policy': pageContentSecurityPolicy,
        'x-frame-options': 'DENY',
        'cache-control': 'no-cache',
        etag: asset.etag,
      });
      if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
      return reply.header('content-type', asset.contentType).send(asset.bytes);
    });
}

function loadPageAssets(folder: string): readonly PageAsset[] {
  return readdirSync(folder).flatMap((name) => {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined) return [];
    const bytes = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const url = name === 'index.html' ? '/' : `/page/${name}`;
    // Browsers ask for an icon beside JSON pages too, under its traditional name.
    const urls = name === 'favicon.svg' ? [url, '/favicon.ico'] : [url];
    return urls.map((each) => ({ url: each, contentType, etag, bytes }));
  });
}
