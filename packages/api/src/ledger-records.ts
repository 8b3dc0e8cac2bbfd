import { recordSchemas } from '@market-of-experts/protocol/ledger/state/records';
import { z } from 'zod';
import { wireForm } from './wire-form.ts';

/** Records of the ledger as HTTP shows them: the protocol's own, written in JSON. */
export const marketRecordSchema = wireForm(recordSchemas.markets);
export const marketsSchema = z.object({ markets: z.array(marketRecordSchema) });
export const expertsSchema = z.object({ experts: z.array(wireForm(recordSchemas.experts)) });
export const validatorsSchema = z.object({ validators: z.array(wireForm(recordSchemas.validators)) });
