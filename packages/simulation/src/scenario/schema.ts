import { z } from 'zod';

/** Bounds that keep a run within the memory of one machine. */
export const scenarioLimits = {
  experts: 5_000,
  jobs: 1_000_000,
  variants: 12,
  expertJobs: 1_000_000_000,
} as const;

const share = z.number().min(0).max(1);
const bps = z.int().min(0).max(10_000);
const milliseconds = z.number().min(0).max(60_000);

const skillSchema = z
  .strictObject({
    /** Mean loss at the centre. */
    best: share,
    /** Mean loss far from it. Equal to `best`: a generalist. */
    elsewhere: share,
    /** How far the skill reaches: distance on the unit sphere at which 61 % of the advantage is left. */
    width: z.number().min(0.01).max(4).default(0.4),
    /** Where the centre lies: where data lie, or anywhere. */
    centre: z.enum(['demand', 'anywhere']).default('demand'),
    /** Standard deviation of `best` and `elsewhere` between the experts of the group. */
    variation: z.number().min(0).max(0.3).default(0.01),
  })
  .refine(({ best, elsewhere }) => best <= elsewhere, {
    message: 'best must not be larger than elsewhere (a loss: lower is better)',
    path: ['best'],
  });

const groupSchema = z.strictObject({
  count: z.int().min(1).max(scenarioLimits.experts),
  skill: skillSchema,
  /** Runs the models of that group, one after the other: the same answers to the same texts. */
  copyOf: z.string().max(40).optional(),
  /** All of the group are registered by one account: a job has as many of them as the market lets an owner have. */
  oneOwner: z.boolean().default(false),
  /** All of the group run one model: identities of one owner. */
  oneModel: z.boolean().default(false),
  /**
   * friends: decides by the node's default policy (work, call or decline). alone: always works itself. broker: has no
   * model worth using, calls whenever it may and declines otherwise.
   */
  strategy: z.enum(['friends', 'alone', 'broker']).default('friends'),
  /** Own cost of one job's work. */
  costMicro: z.number().min(0).max(1_000_000).default(100),
  /** Time to embed one half, and to reach the coordinator; medians of log-normal distributions. */
  computeMs: milliseconds.default(40),
  networkMs: milliseconds.default(20),
  /** Standard deviation of the logarithm of both. */
  jitter: z.number().min(0).max(2).default(0.3),
  /** Texts that it embeds at once. */
  parallel: z.int().min(1).max(64).default(2),
  /** Refuses to be called when a text would have to wait longer than this for it. */
  patienceMs: milliseconds.default(100),
  /** Share of the jobs in which it says nothing at all. */
  silentShare: share.default(0),
  stakeCredits: z.number().min(0.000001).max(1_000_000_000).default(100),
  askBps: bps.default(5_000),
  /** auto: asks more or less as claims come, by the node's own pricer. */
  pricer: z.enum(['auto', 'fixed']).default('auto'),
  priceMicroPerKilobyte: z.int().min(0).max(1_000_000_000).default(10_000),
  /** Share of the jobs after which the group registers. */
  joinsAt: share.default(0),
  /** Whether it has to sit in first. Groups that join later always have to. */
  onProbation: z.boolean().default(false),
  /** Members turn to the place where they expect to earn most, and know by a test how good they are. */
  respecialise: z
    .strictObject({
      everyJobs: z.int().min(10).max(scenarioLimits.jobs),
      /** Cost of training anew, in credits. */
      costCredits: z.number().min(0).max(1_000_000).default(0),
    })
    .optional(),
});

const marketSchema = z.strictObject({
  shardSize: z.int().min(3).max(16).optional(),
  stakeCapBps: bps.optional(),
  quorumBps: bps.optional(),
  cutGraceMs: milliseconds.optional(),
  sealedDeadlineMs: milliseconds.optional(),
  fullDeadlineMs: milliseconds.optional(),
  minimumScored: z.int().min(2).max(16).optional(),
  places: z.int().min(1).max(1_024).optional(),
  historyWeight: z.int().min(0).max(1_000).optional(),
  placeShrinkage: z.int().min(0).max(10_000).optional(),
  globalShrinkage: z.int().min(0).max(10_000).optional(),
  probationJobs: z.int().min(0).max(1_000).optional(),
  probationSeats: z.int().min(0).max(8).optional(),
  feeBps: bps.optional(),
  declinesPerEpoch: z.int().min(0).max(1_000_000).optional(),
  claimTtlMs: milliseconds.min(1).optional(),
  maximumClaims: z.int().min(0).max(16).optional(),
  lateSlashBps: bps.optional(),
});

const demandSchema = z.strictObject({
  hotspots: z.int().min(0).max(1_000).default(12),
  /** Zipf's exponent: 0 asks for all hotspots alike. */
  skew: z.number().min(0).max(5).default(1),
  /** Size of a hotspot on the unit sphere. */
  spread: z.number().min(0).max(4).default(0.25),
  /** Share of data that come from anywhere. */
  background: share.default(0.1),
  /** Share of the jobs after which the hotspots' order is reversed. */
  shiftAt: share.optional(),
});

export const scenarioSchema = z
  .strictObject({
    name: z.string().min(1).max(60),
    question: z.string().min(1).max(500),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(1),
    jobs: z.int().min(100).max(scenarioLimits.jobs),
    /** Of the space in which experts and data lie: a sphere. */
    dimensions: z.int().min(2).max(16).default(3),
    jobsPerSecond: z.number().min(0.001).max(100_000).default(20),
    bytesPerJob: z.int().min(1).max(32_768).default(1_024),
    epochSeconds: z.number().min(1).max(1_000_000).default(60),
    /** Jobs between two settlements: standings, asks and stakes change with them. */
    batchJobs: z.int().min(1).max(100_000).default(50),
    demand: demandSchema.prefault({}),
    noise: z
      .strictObject({
        /** Standard deviation of the logarithm of a text's difficulty, the same for all experts. */
        difficulty: z.number().min(0).max(2).default(0.35),
        /** Standard deviation of one expert's loss on one text around its mean, at a mean of a quarter. */
        expert: z.number().min(0).max(0.5).default(0.13),
      })
      .prefault({}),
    beliefs: z
      .strictObject({
        /** places: certified losses by place. history: the node's own posterior from the nearest jobs, slower. */
        from: z.enum(['places', 'history']).default('places'),
        /** Best known experts of a place that a member considers calling. */
        friends: z.int().min(0).max(64).default(10),
        /** Others, drawn at random, that it considers beside them. */
        strangers: z.int().min(0).max(64).default(3),
        /** Jobs after which a record counts half. */
        halfLifeJobs: z.int().min(10).max(100_000_000).default(20_000),
      })
      .prefault({}),
    market: marketSchema.prefault({}),
    experts: z.record(z.string().min(1).max(40), groupSchema),
  })
  .superRefine((scenario, context) => {
    const names = Object.keys(scenario.experts);
    const experts = Object.values(scenario.experts).reduce((sum, group) => sum + group.count, 0);
    const problem = (message: string, path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', message, path });
    if (names.length === 0 || names.length > 24)
      problem('there must be 1 to 24 groups of experts', ['experts']);
    if (experts > scenarioLimits.experts)
      problem(`there are ${experts} experts; at most ${scenarioLimits.experts} can be simulated`, [
        'experts',
      ]);
    if (experts * scenario.jobs > scenarioLimits.expertJobs)
      problem(`${experts} experts × ${scenario.jobs} jobs is more than a thousand million`, ['jobs']);
    for (const [name, { copyOf }] of Object.entries(scenario.experts))
      if (
        copyOf !== undefined &&
        (copyOf === name || scenario.experts[copyOf]?.copyOf !== undefined || !names.includes(copyOf))
      )
        problem(
          `copyOf must name another group that has models of its own: ${names.filter((other) => other !== name).join(', ')}`,
          ['experts', name, 'copyOf'],
        );
    const present = Object.values(scenario.experts).filter(
      (group) => group.joinsAt === 0 && !group.onProbation,
    );
    if (present.reduce((sum, group) => sum + group.count, 0) < 3)
      problem('at least 3 experts must be past probation from the start', ['experts']);
  });

export type Scenario = z.output<typeof scenarioSchema>;
export type GroupSettings = Scenario['experts'][string];
export type DemandSettings = Scenario['demand'];
