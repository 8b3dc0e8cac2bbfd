import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** True for names and addresses that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  const version = isIP(host);
  if (version !== 0) return loopback.check(host, version === 4 ? 'ipv4' : 'ipv6');
  return host === 'localhost' || host.endsWith('.localhost');
}

/** The name or address in a `Host` header, without port and brackets. */
export function hostName(header: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:]*))(?::\d+)?$/i.exec(header.trim());
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}
