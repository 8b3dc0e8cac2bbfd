import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConnection } from '../../src/connection/connection.ts';

let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'moe-connection-'));
  writeFileSync(join(data, 'api-key'), 'moe-local-key\n', { mode: 0o600 });
  vi.stubEnv('MOE_API_KEY', '');
  vi.stubEnv('MOE_URL', '');
});
afterEach(() => vi.stubEnv('MOE_API_KEY', ''));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(data, { recursive: true });
});

describe('readConnection', () => {
  it.each(['http://127.0.0.1:8787', 'http://localhost', 'http://[::1]:1', 'https://127.8.8.8'])(
    "takes the data directory's key for this machine: %s",
    (url) => {
      expect(readConnection({ url, data }).apiKey).toBe('moe-local-key');
    },
  );

  it.each([
    'http://example.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://10.0.0.1',
  ])('keeps it from any other: %s', (url) => {
    expect(readConnection({ url, data }).apiKey).toBeUndefined();
    vi.stubEnv('MOE_API_KEY', 'named');
    expect(readConnection({ url, data }).apiKey).toBe('named');
  });

  it('prefers option to environment to default', () => {
    expect(readConnection({ data }).url).toBe('http://127.0.0.1:8787');
    vi.stubEnv('MOE_API_KEY', 'environment');
    expect(readConnection({ data }).apiKey).toBe('environment');
    expect(readConnection({ data, key: 'option', url: 'http://x.example/base/' })).toEqual({
      url: 'http://x.example/base',
      apiKey: 'option',
    });
  });

  it.each(['two words', 'x'.repeat(513)])('refuses what is no key', (key) => {
    expect(() => readConnection({ key })).toThrow(/API key/);
  });
});
