import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type AccountId, generateKeyPair, generateOwnerKey, type MarketId } from '@market-of-experts/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestLedgerMarket, type TestLedgerMarket } from '../test-ledger-market.ts';
import { moeCommand, runMoe, runShell } from '../test-process.ts';

interface Sent {
  readonly isDryRun: boolean;
  readonly costMicro: string;
  readonly summary: readonly string[];
  readonly transaction: Record<string, unknown>;
  readonly index?: number;
  readonly height?: number;
}

interface Preview {
  readonly transaction: Record<string, unknown>;
  readonly typedData: { readonly message: Record<string, unknown> };
}

let test: TestLedgerMarket;
let alice: AccountId;
const market = 'text-embedding';
const json = <Shape = Sent>(...args: string[]) => test.json<Shape>(args);
const asAlice = (...args: string[]) => json(...args, '--from', 'alice', '--yes');
const balance = (): bigint => test.market.service.ledger.account(alice).balanceMicro;
const height = (): number => test.market.service.ledger.network().height;

beforeAll(async () => {
  test = await startTestLedgerMarket();
  const key = generateOwnerKey();
  alice = key.address;
  await test.keep('alice', key);
  await test.keep('worker', generateKeyPair());
  await json('transfer', '1000', '--from', 'treasury', '--to', 'alice', '--yes');
});
afterAll(() => test?.close());

describe('help', () => {
  it.each([
    [['wallet']],
    [['wallet', 'import']],
    [['transfer']],
    [['stake', 'delegate']],
    [['stake', 'redelegate']],
    [['market', 'create']],
    [['validator', 'register']],
    [['expert', 'register']],
    [['epoch']],
    [['edition', 'show']],
    [['edition', 'history']],
    [['edition', 'verify']],
    [['metagraph']],
  ])('of %j is ours and has examples', async (command) => {
    const { code, stdout, stderr } = await test.moe([...command, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: moe ${command.join(' ')} `));
    expect(stdout).toContain('Examples:\n  $ ');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('what is signed', () => {
  it('is shown with its exact cost in a dry run, which changes nothing', async () => {
    const before = [balance(), height()];
    const { code, stdout, stderr } = await test.moe(['transfer', '12.5', '--to', 'treasury', '--dry-run']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^12\.5 credits go to 0x[0-9a-f]{40}\.\n {2}you sign {4}Transfer 12\.5 credits to 0x[0-9a-fA-F]{40}\n {2}signed by {3}alice \(0x/,
    );
    expect(stdout).toMatch(/ {2}cost {8}12\.5 credits\n/);
    expect(stdout).toMatch(/your account +balance +1000 +987\.5\n +nonce +0 +1\n/);
    expect(stdout).toMatch(/Dry run: nothing was signed or sent\.\n$/);
    expect([balance(), height()]).toEqual(before);
  });

  it('is shown just the same, and applied, without --dry-run', async () => {
    const { height: at, ...preview } = await json('transfer', '1.25', '--to', 'treasury', '--dry-run');
    const { index, ...sent } = await json('transfer', '1.25', '--to', 'treasury', '--yes');
    expect(sent).toMatchObject({ ...preview, isDryRun: false });
    expect(preview.costMicro).toBe('1250000');
    expect([index, at]).toEqual([height() - 1, height() - 1]);
    expect(balance()).toBe(998_750_000n);
  });

  it('is refused before a signature where the ledger would refuse it', async () => {
    const { code, stdout, stderr } = await test.moe(['transfer', '5000', '--to', 'treasury', '--yes'], {
      MOE_PASSPHRASE: 'this one would be wrong',
    });
    expect(code).toBe(4);
    expect(stdout).toContain('Transfer 5000 credits');
    expect(stderr).toBe(
      'error: The account has 998.75 credits; 5000 are needed, and 0.01 stay in every account.\n',
    );
    const asJson = await test.moe(['transfer', '5000', '--to', 'treasury', '--yes', '--json']);
    expect(JSON.parse(asJson.stderr).error).toMatchObject({
      code: 'refused',
      metadata: { reason: 'insufficient-funds' },
    });
  });

  it('needs the right passphrase, and the network that was named', async () => {
    const before = height();
    const locked = await test.moe(['transfer', '1', '--to', 'treasury', '--yes'], {
      MOE_PASSPHRASE: 'wrong',
    });
    expect(locked.code).toBe(5);
    const elsewhere = await test.moe(['transfer', '1', '--to', 'treasury', '--yes', '--network', 'main']);
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.stderr).toMatch(/is of network embedded-[0-9a-f]+, not main; nothing was signed/);
    expect(height()).toBe(before);
  });

  // `script` gives the command a terminal.
  it.runIf(process.platform === 'linux')('is asked about at a terminal', async () => {
    const answered = (answer: string) =>
      runShell(
        `printf '${answer}\\r' | script -qec '${moeCommand} transfer 1 --to treasury --from alice' /dev/null`,
        { cwd: test.dataDir, env: { MOE_URL: test.url, MOE_HOME: test.dataDir, MOE_PASSPHRASE: 'x' } },
      );
    const before = height();
    const no = await answered('n');
    expect(no.stdout).toMatch(/Sign and send this\? \[y\/N\] [\s\S]*Not signed; nothing was sent/);
    expect(no.code).toBe(130);
    // The passphrase is asked for, and wrong, only then.
    expect((await answered('yes')).stdout).toContain('The passphrase is wrong');
    expect(height()).toBe(before);
  });
});

it('no wallet takes the name of an account that the market keeps', async () => {
  const { code, stderr } = await test.moe(['wallet', 'new', 'treasury']);
  expect(code).toBe(2);
  expect(stderr).toContain('keeps for itself');
});

describe('a market that lies', () => {
  /** Passes requests on to the real one, and changes what comes back from a preview. */
  async function between(
    change: (preview: Preview) => void,
    beforeSubmit: () => Promise<unknown> = async () => {},
  ) {
    const submitted: unknown[] = [];
    const server = createServer(async (request, response) => {
      const body = await bodyOf(request);
      const isSubmit = request.url === '/v1/transactions';
      if (isSubmit) {
        submitted.push(JSON.parse(body));
        await beforeSubmit();
      }
      const answer = await fetch(`${test.url}${request.url}`, {
        method: request.method!,
        ...(body === '' ? {} : { body, headers: { 'content-type': 'application/json' } }),
      });
      const content = JSON.parse(await answer.text());
      if (request.url?.endsWith('/preview')) change(content);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      submitted,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  it.each<[string, (preview: Preview) => void]>([
    ['to', ({ transaction }) => Object.assign(transaction, { to: `0x${'66'.repeat(20)}` })],
    ['amountMicro', ({ transaction }) => Object.assign(transaction, { amountMicro: '999' })],
    ['kind', ({ transaction }) => Object.assign(transaction, { kind: 'fundMarket', market })],
    ['network', ({ transaction }) => Object.assign(transaction, { network: 'another' })],
    ['message.amountMicro', ({ typedData }) => Object.assign(typedData.message, { amountMicro: '1' })],
  ])('about %s gets no signature', async (field, change) => {
    const proxy = await between(change);
    const { code, stdout, stderr } = await test.moe(['transfer', '1', '--to', 'treasury', '--yes'], {
      MOE_URL: proxy.url,
    });
    proxy.close();
    expect(stderr).toContain(`(${field} differs). Nothing was signed`);
    expect({ code, stdout, submitted: proxy.submitted }).toEqual({ code: 1, stdout: '', submitted: [] });
  });

  it('and a price that rises between preview and sending costs nothing', async () => {
    const register = ['expert', 'register', market, '--stake', '10', '--yes', '--json'];
    // Somebody else is faster.
    const proxy = await between(
      () => {},
      () =>
        runMoe([...register, '--from', 'treasury', '--node', 'gateway', '--name', 'faster'], {
          cwd: test.dataDir,
          env: { MOE_URL: test.url, MOE_HOME: test.dataDir },
        }),
    );
    const before = balance();
    const { code, stderr } = await test.moe([...register, '--node', 'worker'], {
      MOE_URL: proxy.url,
    });
    proxy.close();
    expect(proxy.submitted).toHaveLength(1);
    expect(JSON.parse(stderr).error).toMatchObject({
      code: 'refused',
      metadata: { reason: 'price-changed' },
    });
    expect(code).toBe(4);
    expect(balance()).toBe(before);
  });
});

describe('where money goes', () => {
  it.each([
    ['an account without a key', `0x${'0'.repeat(36)}dead`, /nobody has the key/],
    ['a part of the machine', `0x${'0'.repeat(39)}1`, /nobody has the key/],
    ['itself', 'alice', /account that it comes from/],
    [
      'a node',
      () => `0x${test.market.service.ledger.validators()[0]!.node.slice(0, 40)}`,
      /piece of the key of node/,
    ],
  ])('is asked twice for %s', async (_, account, why) => {
    const to = typeof account === 'string' ? account : account();
    const before = height();
    const { code, stderr } = await test.moe(['transfer', '1', '--from', 'alice', '--to', to, '--yes']);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
    expect(stderr).toContain('Nothing was signed. If that is what you want, add --to-unusual.');
    expect(height()).toBe(before);
    const shown = await test.moe(['transfer', '1', '--from', 'alice', '--to', to, '--dry-run']);
    expect(shown.stdout).toMatch(/\nwarning: /);
    await asAlice('transfer', '0.5', '--to', to, '--to-unusual');
    expect(height()).toBe(before + 1);
  });

  it('is never the zero address, nor a node', async () => {
    const zero = ['transfer', '1', '--from', 'alice', '--to', `0x${'0'.repeat(40)}`, '--yes', '--to-unusual'];
    expect(await test.moe(zero)).toMatchObject({ code: 4, stderr: expect.stringContaining('is lost') });
    const { node } = test.market.service.ledger.validators()[0]!;
    const toNode = await test.moe(['transfer', '1', '--from', 'alice', '--to', node, '--yes']);
    expect(toNode).toMatchObject({ code: 2, stderr: expect.stringContaining('is the id of a node') });
  });
});

describe('moe stake', () => {
  it('says of a move that moves nothing that nothing moves', async () => {
    await asAlice('stake', 'delegate', `${market}/words`, '5');
    const move = ['stake', 'redelegate', `${market}/words`, 'validator:validator', '5', '--from', 'alice'];
    const { stdout } = await test.moe([...move, '--yes']);
    const headline =
      'Nothing goes to validator "validator": 5 credits that did not count yet come back to you at once.';
    expect(stdout.startsWith(`${headline}\n`)).toBe(true);
    expect(stdout).toMatch(
      /\nDone: entry \d+ of the ledger\. Nothing goes to validator "validator": 5 credits .*\n$/,
    );
    expect(stdout).not.toMatch(/^Move/m);
  });

  it('delegates, takes back at once what does not count yet, and moves', async () => {
    const before = balance();
    const { summary } = await asAlice('stake', 'delegate', 'validator:validator', '50');
    expect(summary.join(' ')).toContain('50 credits join the stake of validator "validator"');
    await asAlice('stake', 'delegate', `${market}/words`, '20');
    const shown = await test.moe(['stake', 'show', 'alice']);
    expect(shown.stdout).toMatch(/waits +validator:validator +50 +counts from epoch 2\n/);
    expect(shown.stdout).toMatch(/waits +text-embedding\/words +20 +counts from epoch 2\n/);
    expect(balance()).toBe(before - 70_000_000n);
    const back = await asAlice('stake', 'undelegate', 'validator:validator', 'all');
    expect(back.costMicro).toBe('-50000000');
    await asAlice('stake', 'redelegate', `${market}/words`, 'validator:validator', 'all');
    expect(balance()).toBe(before);
  });

  it('shows what is locked to pay for work, and what of it is on its way back', async () => {
    const key = generateOwnerKey();
    await json('transfer', '10', '--from', 'treasury', '--to', key.address, '--yes');
    const { ledger, clientAccount } = test.market;
    const { gateway } = ledger.prepaid(clientAccount, market as MarketId)!;
    const money = { market: market as MarketId, amountMicro: 5_000_000n };
    await ledger.transact(key, { kind: 'lock', ...money, gateway });
    await ledger.transact(key, { kind: 'unlock', ...money, amountMicro: 2_000_000n });
    const { stdout } = await test.moe(['stake', 'show', key.address]);
    expect(stdout).toMatch(
      /: 5 credits\n5 credits locked to pay for work\n2 credits on the way back to your balance when epoch \d+ begins; .*\(text-embedding\)\n/,
    );
  });

  it('knows nodes by name or id, and lists those of one name', async () => {
    const { validators } = await json<{ validators: { name: string; node: string }[] }>('validator', 'list');
    const { node } = validators.find(({ name }) => name === 'validator')!;
    const byId = await json('stake', 'delegate', `validator:${node.slice(0, 12)}`, '5', '--dry-run');
    expect(byId.transaction.target).toEqual({ role: 'validator', node });
    const unknown = await test.moe(['stake', 'delegate', `${market}/wrods`, '5', '--dry-run']);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain(
      `There is no expert of ${market} "wrods". \`moe metagraph ${market}\` shows`,
    );
  });

  it('says what cannot be', async () => {
    const own = await test.moe(['stake', 'add', 'validator:validator', '5', '--dry-run']);
    expect(own.code).toBe(4);
    expect(own.stderr).toContain('belongs to');
    const nothing = await test.moe(['stake', 'undelegate', 'validator:validator', 'all', '--dry-run']);
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toContain('has delegated nothing there');
  });
});

describe('moe expert and moe validator', () => {
  it('register, change, stake on and end an expert whose key is here', async () => {
    const quote = await json<{ registrationMicro: string; totalMicro: string }>('market', 'quote', market);
    const tooMuch = await test.moe([
      'expert',
      'register',
      market,
      '--node',
      'worker',
      '--stake',
      '10',
      '--max-deposit',
      '0.5',
      '--dry-run',
    ]);
    expect(tooMuch.code).toBe(4);
    const sent = await asAlice(
      'expert',
      'register',
      market,
      '--node',
      'worker',
      '--stake',
      '10',
      '--ask',
      '0.02',
    );
    expect(BigInt(sent.costMicro)).toBe(BigInt(quote.registrationMicro) + 10_000_000n);
    await asAlice('expert', 'update', `${market}/worker`, '--ask-share', '12.5', '--name', 'my worker');
    await asAlice('stake', 'remove', `${market}/my worker`, '3');
    await test.keep('fresh', generateKeyPair());
    await asAlice('expert', 'rotate', `${market}/my worker`, '--node', 'fresh');
    const expert = test.market.service.ledger.experts(market as never).find(({ owner }) => owner === alice)!;
    expect(expert).toMatchObject({
      name: 'my worker',
      askMicroPerKilobyte: 20_000n,
      askBps: 1_250,
      stakeMicro: 7_000_000n,
      unbondingMicro: 3_000_000n,
    });
    const left = await asAlice('expert', 'leave', `${market}/my worker`);
    expect(left.summary.join(' ')).toContain('is paid out when epoch 8 begins');
    const shown = await test.moe(['stake', 'show', 'alice']);
    expect(shown.stdout).toMatch(/your own node +text-embedding\/my worker +7 +paid when epoch 8 begins\n/);
    expect(shown.stdout).toMatch(/unbonding +text-embedding\/my worker +3 +paid when epoch 8 begins\n/);
  });

  it('register a validator whose node agreed on another machine', async () => {
    await test.keep('remote', generateKeyPair());
    const { network } = test.market.service.ledger.network();
    const consent = await test.moe(['wallet', 'consent', 'remote', '--owner', 'alice', '--network', network]);
    const given = consent.stdout.trim().split(' ');
    expect(given[0]).toBe('--node-id');
    await asAlice('validator', 'register', ...given, '--name', 'far', '--stake', '100', '--commission', '5');
    await asAlice('stake', 'commission', 'validator:far', '20');
    const list = await test.moe(['validator', 'list']);
    expect(list.stdout).toMatch(
      /\nfar +[0-9a-f]{16} +100 +0 +5 % +1 +0x[0-9a-fA-F]{10} +not active yet: never started\n/,
    );
    const missing = 'far (100 credits) is registered since epoch 1 and has never been started';
    for (const command of ['epoch', 'status']) expect((await test.moe([command])).stdout).toContain(missing);
    expect((await test.moe(['metagraph'])).stdout).toMatch(/\nfar .* not active yet\n/);
    await asAlice('validator', 'update', 'far', '--name', 'nearer');
    await asAlice('validator', 'leave', 'nearer');
    const after = await test.moe(['validator', 'list']);
    expect(after.stdout).toMatch(/\nnearer .* gone when epoch 8 begins\n/);
  });

  it('refuse a consent of another node, and want one at all', async () => {
    const id = 'ab'.repeat(32);
    const forged = ['--node-id', id, '--consent', `0x${'cd'.repeat(64)}`, '--name', 'x', '--stake', '100'];
    const { code, stderr } = await test.moe(['validator', 'register', ...forged, '--dry-run', '--json']);
    expect(code).toBe(4);
    expect(JSON.parse(stderr).error.metadata).toEqual({ reason: 'invalid-signature' });
    const none = await test.moe(['validator', 'register', '--node-id', id, '--stake', '100', '--dry-run']);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('--node NAME');
  });
});

describe('moe market', () => {
  it('prints terms that it takes again, creates, changes, funds and closes', async () => {
    const template = await test.moe(['market', 'template', '--like', market]);
    expect(template.code).toBe(0);
    const path = join(test.dataDir, 'mine.yaml');
    await writeFile(path, template.stdout.replace('title: Text embeddings', 'title: Contracts '));
    const created = await asAlice('market', 'create', 'mine', path);
    expect(created.costMicro).toBe('100000000');
    const terms = test.market.service.ledger.market('mine' as never)!.terms;
    expect(terms).toEqual({
      ...test.market.service.ledger.market(market as never)!.terms,
      title: 'Contracts',
    });
    const update = await test.moe(['market', 'update', 'mine', '--set', 'permits=3', '--yes']);
    expect(update.stdout).toMatch(/\n {2}permits {2}\d+ → 3\n/);
    await asAlice('market', 'fund', 'mine', '25');
    const shown = await test.moe(['market', 'show', 'mine']);
    expect(shown.stdout).toMatch(/^mine: Contracts\n/);
    expect(shown.stdout).toMatch(/\npool +25 credits/);
    expect(shown.stdout).toMatch(/\nterm +value +from epoch 4\n/);
    expect(shown.stdout).toMatch(/\npermits +\d+ +3\n/);
    await asAlice('market', 'close', 'mine');
    const list = await test.moe(['market', 'list']);
    expect(list.stdout).toMatch(/\nmine +Contracts +\d\/256 +[\d.]+ +1 +25 +closes when epoch 4 begins\n/);
    expect((await test.moe(['market', 'show', 'yours'])).stderr).toContain(
      'There is no market "yours". `moe market list` shows them.',
    );
  });

  it('names what is wrong in a file by line and field, before it asks anybody', async () => {
    const path = join(test.dataDir, 'bad.yaml');
    await writeFile(path, 'title: x\nemision:\n  perEpochMicro: 1\n');
    const { code, stderr } = await test.moe(['market', 'create', 'bad', path, '--like', market, '--dry-run']);
    expect(code).toBe(2);
    expect(stderr).toContain('line 2: there is no field "emision"');
  });
});

describe('moe epoch and moe metagraph', () => {
  it('show the epoch and what its end brings', async () => {
    const { code, stdout } = await test.moe(['epoch']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Epoch 1 of embedded-[0-9a-f]+\n[█░]{30} {2}ends in 2[34] h/);
    expect(stdout).toContain('experts are ranked by the weights that were opened');
    expect(stdout).toContain('Unbonding takes 7 epochs, notice of new terms and commissions 3 epochs.');
    expect(stdout).toMatch(
      /\nValidators with 300 of 300 credits of stake are present; two thirds of them must sign.\n/,
    );
  });

  it('show a table of everybody', async () => {
    const { stdout } = await test.moe(['metagraph']);
    expect(stdout).toMatch(/^text-embedding, epoch 1: \d+ nodes\nNot ranked yet/);
    expect(stdout).toMatch(
      /\nnode +id +role +stake +trust +consensus +incentive +dividends +emission +state\n/,
    );
    expect(stdout).toMatch(/\nvalidator +[0-9a-f]{8} +validator +100 +– +– +– +– +0 +serving\n/);
    expect(stdout).toMatch(/\nwords +[0-9a-f]{8} +expert +10 +– +– +– +– +0 +immune\n/);
    const { nodes } = await json<{ nodes: { name: string }[] }>('metagraph', market);
    expect(nodes.map(({ name }) => name)).toContain('words');
    const weights = await test.moe(['validator', 'weights', market]);
    expect(weights.stdout).toContain('Nobody has opened weights yet');
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += part;
  return body;
}
