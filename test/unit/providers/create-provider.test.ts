import { expect, it } from '@jest/globals';
import { PROVIDER_KINDS } from '../../../src/core/provider-kinds.ts';
import { createProxyChoice } from '../../../src/platform/proxy-choice.ts';
import { createProvider } from '../../../src/providers/create-provider.ts';
import { aiSdkProvider } from '../../support/ai-sdk-provider.ts';
import { createCertificateAuthority } from '../../support/certificates.ts';
import { startTestProxy } from '../../support/start-proxy.ts';
import { runCall } from './chat-samples.ts';
import { startRawUpstream, writeJson } from './raw-upstream.ts';

const NAME = 'llm.example.test';

it.each(PROVIDER_KINDS)('a provider of kind %s goes through the proxy and trusts its own authority', async (kind) => {
  const authority = createCertificateAuthority();
  const upstream = await startRawUpstream(({ socket }) => writeJson(socket, '{}', 503), authority.issue([NAME]));
  await using proxy = await startTestProxy({ hosts: { [NAME]: Number(new URL(upstream.url).port) } });
  const https = { url: `http://127.0.0.1:${proxy.port}`, authorization: undefined };
  const proxyFor = createProxyChoice({ https, http: undefined, except: [] });
  const network = { certificateAuthorities: authority.cert, proxyFor };
  const baseUrl = `https://${NAME}/v1`;
  const provider =
    kind === 'ai-sdk'
      ? await aiSdkProvider('@ai-sdk/openai-compatible', { name: 'x', baseURL: baseUrl }, { network })
      : createProvider({ id: 'p', kind, baseUrl, apiKey: 'k', network });
  const { error } = await runCall(provider);
  expect(error).toMatchObject({ failure: 'UPSTREAM_ERROR', status: 503 });
  expect(proxy.asked).toEqual([`CONNECT ${NAME}:443`]);
  await provider.close();
  await upstream.close();
});
