import type { Testimony } from './validator-role.ts';

/**
 * A validator that lies about losses: good answers are bad, bad ones good, and the worst of the paid members has won. For
 * tests and demonstrations: honest witnesses outvote it, and it ranks against everybody.
 */
export const contraryTestimony: Testimony = (body) => {
  const members = body.members.map((member) =>
    member.loss === null
      ? member
      : { ...member, loss: [member.loss[1] - member.loss[0], member.loss[1]] as const },
  );
  const paid = members.filter(({ loss, onProbation }) => loss !== null && !onProbation);
  const best = paid.reduce<(typeof paid)[number] | undefined>(
    (leader, member) =>
      leader === undefined || member.loss![0] * leader.loss![1] < leader.loss![0] * member.loss![1]
        ? member
        : leader,
    undefined,
  );
  return { ...body, members, winner: best?.principal ?? body.winner };
};
