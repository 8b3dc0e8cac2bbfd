/**
 * Work that a request without a key costs, in units of the budget, by the route's address. The gateway registers no route that
 * is not in here.
 */
const costs: Readonly<Record<string, number>> = {
  // Asked by supervisors, every second and for ever: answered from memory, and never refused.
  '/healthz': 0,
  '/readyz': 0,
  '/metrics': 10,
  '/openapi.json': 2,
  '/v1/accounts/:account': 5,
  '/v1/balance': 1,
  '/v1/blobs/:hash': 1,
  '/v1/embeddings': 1,
  '/v1/events': 20,
  '/v1/ledger/editions': 2,
  '/v1/ledger/experts': 2,
  '/v1/ledger/markets': 2,
  '/v1/ledger/markets/:id': 2,
  '/v1/ledger/quote': 2,
  '/v1/ledger/validators': 2,
  '/v1/ledger/weights': 2,
  '/v1/metagraph': 2,
  '/v1/models': 1,
  '/v1/models/:id': 1,
  '/v1/network': 2,
  '/v1/receipts/:id': 5,
  '/v1/regions': 10,
  '/v1/status': 2,
  '/v1/transactions': 20,
  '/v1/transactions/preview': 20,
  '/v1/try': 50,
};

/** Of an address where nothing is. */
const unknownCost = 1;
/** Bytes of a body that cost one unit more. */
const bytesPerUnit = 2_048;

/** Throws for an address without a cost: every route must have been thought about. */
export function assertHasCost(url: string): void {
  if (costs[url] === undefined && !isPageFile(url)) throw new Error(`The route ${url} has no cost.`);
}

/**
 * What a request costs before anything of it is read. A body of unknown length counts as the largest that is taken, and the receipt of a
 * text (`id`) as those that it is made of.
 */
export function keylessCost(
  url: string | undefined,
  body: { readonly method: string; readonly length: string | undefined; readonly maxBytes: number },
  id?: string,
): number {
  if (url === undefined) return unknownCost;
  const cost = costs[url] ?? (isPageFile(url) ? 1 : unknownCost);
  if (url === '/v1/receipts/:id') return cost * receiptsIn(id);
  if (body.method !== 'POST') return cost;
  const bytes = body.length === undefined ? body.maxBytes : Math.min(Number(body.length) || 0, body.maxBytes);
  return cost + Math.floor(bytes / bytesPerUnit);
}

/** `EDITION.PART.PART…[.EXAM]` names up to nine; what names more is no id. */
function receiptsIn(id = ''): number {
  return Math.min(9, Math.max(1, id.split('.', 10).length - 1));
}

/** Whether an address is a file of the live page, and none of the API. */
export function isPageFile(url: string): boolean {
  return url === '/' || url === '/favicon.ico' || url.startsWith('/page/');
}
