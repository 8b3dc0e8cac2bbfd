import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readAudits } from '@market-of-experts/roles/coordinator/audits/audit-file';
import { withTestMarket } from '@market-of-experts/testing/test-market';
import { textAbout } from '@market-of-experts/testing/text-about';
import { expect, it, vi } from 'vitest';

it('a market audits its experts with texts of the house that are used up, which the house pays for, also after a restart', async () => {
  const reserveTexts = Array.from({ length: 66 }, (_, index) => textAbout(1_000 + index));
  const fast = { reserveTexts, auditsPerHour: 3_600 * 20 };
  await withTestMarket(fast, async ({ market, dataDir, reopen, warnings }) => {
    const path = join(dataDir, 'audits.json');
    const openAudits = (): number => (existsSync(path) ? readAudits(path).open.length : 0);
    expect(openAudits()).toBe(0);
    const spent = market.service.balance(market.houseAccount).availableMicro;
    for (const number of [1, 2, 3, 4]) await market.examine([textAbout(number)]);
    await vi.waitFor(() => expect(openAudits()).toBeGreaterThan(1), { timeout: 300_000, interval: 100 });
    expect(market.service.balance(market.houseAccount).availableMicro).toBeLessThan(spent);
    const [first] = readAudits(path).open;
    expect(first!.asked.length).toBeGreaterThan(1);
    expect(first!.wrong.length).toBeGreaterThan(20);
    await reopen();
    expect(readAudits(path).open).toContainEqual(first);
    expect(warnings).toEqual([]);
  });
});
