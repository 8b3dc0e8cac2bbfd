import type { AccountId, NodeId } from '@market-of-experts/core';
import { standardNormal } from '@market-of-experts/roles/calling/policy';
import type { Uniform } from '../chance/random.ts';
import type { GroupSettings, Scenario } from '../scenario/schema.ts';
import type { Demand } from '../space/demand.ts';
import { type Point, uniformPoint } from '../space/sphere.ts';
import { Schedule } from './schedule.ts';
import type { Skill } from './skill.ts';

/** One simulated expert: what it is, and what changes while it takes part. */
export interface SimulatedExpert {
  readonly index: number;
  readonly node: NodeId;
  readonly owner: AccountId;
  readonly group: number;
  readonly settings: GroupSettings;
  /** Experts with one model number give the same answers. */
  readonly model: number;
  readonly joinsAtJob: number;
  skill: Skill;
  stakeMicro: bigint;
  askBps: number;
  onProbation: boolean;
  scoredJobs: number;
  declines: number;
  readonly schedule: Schedule;
  /** Claims since its ask was last set. */
  claims: { won: number; heldAlready: number; lost: number };
}

export function makePopulation(scenario: Scenario, demand: Demand, random: Uniform): SimulatedExpert[] {
  const names = Object.keys(scenario.experts);
  const experts: SimulatedExpert[] = [];
  for (const [group, name] of names.entries()) {
    const settings = scenario.experts[name]!;
    const firstId = idOf(experts.length);
    for (let number = 0; number < settings.count; number += 1) {
      const index = experts.length;
      // Every expert draws the same count of numbers, so a change of one group leaves the others as they are.
      const centre = centreOf(settings, scenario.dimensions, demand, random);
      const shift = settings.skill.variation * standardNormal(random);
      const best = Math.min(1, Math.max(0, settings.skill.best + shift));
      const id = idOf(index);
      experts.push({
        index,
        node: id as NodeId,
        owner: (settings.oneOwner ? firstId : id) as AccountId,
        group,
        settings,
        model: index,
        joinsAtJob: Math.floor(settings.joinsAt * scenario.jobs),
        skill: {
          centre,
          best,
          elsewhere: Math.min(1, Math.max(best, settings.skill.elsewhere + shift)),
          width: settings.skill.width,
        },
        stakeMicro: BigInt(Math.round(settings.stakeCredits * 1_000_000)),
        askBps: settings.askBps,
        onProbation: settings.onProbation || settings.joinsAt > 0,
        scoredJobs: 0,
        declines: 0,
        schedule: new Schedule(settings.parallel),
        claims: { won: 0, heldAlready: 0, lost: 0 },
      });
    }
  }
  return experts.map((expert) => {
    const { copyOf } = expert.settings;
    const first = experts.find((other) => other.group === expert.group)!;
    if (copyOf === undefined)
      return expert.settings.oneModel ? { ...expert, model: first.model, skill: first.skill } : expert;
    const originals = experts.filter((other) => names[other.group] === copyOf);
    const original = originals[(expert.index - first.index) % originals.length]!;
    return { ...expert, model: original.model, skill: original.skill };
  });
}

/** An expert's node, and its owner unless that has more of them. */
const idOf = (index: number): string => index.toString(16).padStart(64, '0');

function centreOf(settings: GroupSettings, dimensions: number, demand: Demand, random: Uniform): Point {
  return settings.skill.centre === 'anywhere' ? uniformPoint(dimensions, random) : demand.typical(random);
}
