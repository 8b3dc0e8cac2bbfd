/** Our gateway in a process of its own: `gateway-process.ts UPSTREAM_URL API_KEY`; tells its port over IPC. */
import { createGateway } from '../../packages/gateway/src/index.ts';
import { openRoutedService } from './routed-service.ts';

const [upstreamUrl, apiKey] = process.argv.slice(2);
const service = await openRoutedService(upstreamUrl!, apiKey!);
const gateway = await createGateway({ service, port: 0 });
process.send?.({ port: gateway.port });
process.on('disconnect', () => process.exit(0));
