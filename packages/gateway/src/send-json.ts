import type { FastifyReply } from 'fastify';
import { toJson } from './http/json.ts';

const headers = { 'content-type': 'application/json; charset=utf-8' };

export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return sendJsonText(reply, toJson(value));
}

/** For what is JSON already. */
export function sendJsonText(reply: FastifyReply, json: string): FastifyReply {
  return reply.headers(headers).send(json);
}
