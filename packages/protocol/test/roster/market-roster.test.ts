import { type AccountId, hashOf, type MarketId, type NodeId } from '@market-of-experts/core';
import { expect, it } from 'vitest';
import type { Expert, Validator } from '../../src/ledger/state/node-records.ts';
import { defaultParameters } from '../../src/parameters/market-parameters.ts';
import { type LoggedMarket, marketRoster, type Presence } from '../../src/roster/market-roster.ts';
import { Standings } from '../../src/scoring/standings.ts';
import { versionOf } from '../statements/statement-fixture.ts';

const nodes = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(64) as NodeId);
const parameters = { ...defaultParameters, shardSize: 5, seatsPerOwner: 1, probationJobs: 3 };

function expert(node: NodeId, changes: Partial<Expert> = {}): Expert {
  const record: Partial<Expert> = {
    node,
    owner: `owner-of-${node}` as AccountId,
    askMicroPerKilobyte: 1n,
    askBps: 5_000,
    stakeMicro: 10n,
    ...changes,
  };
  return record as Expert;
}
function validator(node: NodeId, changes: Partial<Validator> = {}): Validator {
  const record: Partial<Validator> = {
    node,
    stakeMicro: 10n,
    ticketRoot: hashOf('test/tickets', node),
    seen: { epoch: 0, call: 0, atMs: 0 },
    ...changes,
  };
  return record as Validator;
}

const logged: LoggedMarket = {
  network: 'test',
  market: 'text' as MarketId,
  owner: 'owner' as AccountId,
  settings: { beacon: hashOf('test/beacon', 0), epoch: 4 },
  experts: [...nodes].reverse().map((node) => expert(node)),
  validators: [validator(nodes[1]!), validator(nodes[0]!)],
};
const nobody: ReadonlySet<NodeId> = new Set();
const everybody: Presence = { here: new Set(nodes), paused: nobody };
const space = {
  placesHash: hashOf('test/places', 0),
  founders: nodes.slice(0, 6),
};
const rosterOf = (changes: Partial<LoggedMarket> = {}, presence = everybody) =>
  marketRoster(
    { ...logged, ...changes },
    { batch: 7, standings: Standings.empty },
    space,
    presence,
    parameters,
  );
const membersOf = (...args: Parameters<typeof rosterOf>) => rosterOf(...args).experts.map(({ node }) => node);

it('is the same in whatever order the log lists its members', () => {
  expect(rosterOf({ experts: [...logged.experts].reverse() })).toEqual(rosterOf());
  expect(membersOf()).toEqual(nodes);
  expect(rosterOf()).toMatchObject({ batch: 7, marketOwner: 'owner', validators: [{ node: nodes[0] }, {}] });
});

it('has who is here, stays and has stake; who is new and no founder is on probation', () => {
  const [absent, leaving, poor] = nodes;
  const here = new Set(nodes.filter((node) => node !== absent));
  const experts = logged.experts.map((record) => ({
    ...record,
    ...(record.node === leaving ? { leavesAtEpoch: 5 } : {}),
    ...(record.node === poor ? { stakeMicro: 0n } : {}),
  }));
  const { experts: members } = rosterOf({ experts }, { ...everybody, here });
  expect(members.map(({ node }) => node)).toEqual(nodes.slice(3));
  expect(members.map(({ onProbation }) => onProbation)).toEqual([false, false, false, true, true]);
});

it('heeds pauses while enough others are left', () => {
  const pausing = (count: number): Presence => ({ ...everybody, paused: new Set(nodes.slice(0, count)) });
  expect(membersOf({}, pausing(1))).toEqual(nodes.slice(1));
  // Of the six past probation that have seats, five must be left.
  expect(membersOf({}, pausing(2))).toEqual(nodes);
});

it('has experts with a new model version on probation, while enough others are left', () => {
  const version = { version: versionOf(), fromEpoch: 0 };
  const renewed = { version: versionOf({ class: 'float32' }, 2), fromEpoch: 3 };
  const onProbation = (count: number, epoch = 4) =>
    rosterOf({
      settings: { ...logged.settings, epoch },
      experts: nodes.map((node, index) =>
        expert(node, { versions: index < count ? [version, renewed] : [version] }),
      ),
    }).experts.map((member) => member.onProbation);
  const newcomers = [false, false, false, false, false, false, true, true];
  expect(onProbation(0)).toEqual(newcomers);
  expect(onProbation(1)).toEqual([true, ...newcomers.slice(1)]);
  expect(onProbation(1, 5)).toEqual(newcomers);
  // Of the six past probation, five must be left.
  expect(onProbation(2)).toEqual(newcomers);
});

it('has the validators with a permit that are present, or all that are where there is none', () => {
  const validators = [
    ...logged.validators,
    validator(nodes[2]!, { absent: { sinceEpoch: 0, sinceMs: 0 } }),
    validator(nodes[3]!, { leavesAtEpoch: 5 }),
  ];
  const witnesses = (permits?: readonly NodeId[]) =>
    rosterOf({ validators, permits }).validators.map(({ node }) => node);
  expect(witnesses()).toEqual([nodes[0], nodes[1]]);
  expect(witnesses([nodes[1]!, nodes[2]!])).toEqual([nodes[1]]);
  expect(witnesses([nodes[2]!])).toEqual([nodes[0], nodes[1]]);
});
