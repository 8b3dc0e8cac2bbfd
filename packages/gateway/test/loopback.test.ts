import { expect, it } from 'vitest';
import { hostName, isLoopbackHost } from '../src/http/loopback.ts';

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['localhost', true],
  ['market.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.2', false],
  ['localhost.evil.example', false],
  ['evil.example', false],
  ['', false],
])('%s is a loopback host: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

it.each([
  ['localhost:8787', 'localhost'],
  ['LOCALHOST', 'localhost'],
  ['[::1]:8787', '::1'],
  ['127.0.0.1', '127.0.0.1'],
  ['evil.example:80', 'evil.example'],
  ['127.0.0.1:80@evil.example', ''],
])('the name in "%s" is "%s"', (header, expected) => {
  expect(hostName(header)).toBe(expected);
});
