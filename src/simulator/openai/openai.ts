// The chat completions wire format of the OpenAI API.

import { findModel, modelInPath, type SimulatedModel } from '../models.ts';
import { Refused } from '../refusal.ts';
import { bearerToken, type WireFormat } from '../wire-format.ts';
import { MISSHAPEN_BODY, plainBody, streamFrames } from './openai-answer.ts';
import { limitHeaders, refuse } from './openai-errors.ts';
import { glanceAt, type OpenAiView, readChat } from './openai-request.ts';

const CHAT_PATH = '/v1/chat/completions';
const MODELS_PATH = '/v1/models';

export const openAiFormat: WireFormat<OpenAiView> = {
  name: 'openai',
  owns: () => true,
  isCall: (path) => path === CHAT_PATH,
  credential: ({ headers }) => bearerToken(headers),
  models: ({ method, path }, models, startedAtMs) => {
    const object = ({ name }: SimulatedModel) => ({
      id: name,
      object: 'model',
      created: Math.floor(startedAtMs / 1000),
      owned_by: 'simulator',
    });
    if (path === CHAT_PATH || (path === MODELS_PATH && method !== 'GET')) {
      throw new Refused({ type: 'METHOD', method, path });
    }
    if (path === MODELS_PATH) return { object: 'list', data: models.map(object) };
    const name = modelInPath(path, MODELS_PATH);
    return method !== 'GET' || name === undefined ? undefined : object(findModel(models, name));
  },
  checkHead: () => {},
  glance: glanceAt,
  read: (request, _model, behaviour) => readChat(request, behaviour),
  blockedPrompt: 'ERROR',
  capBeyondWindow: 'REFUSED',
  tellsCacheWrites: true,
  callId: (random) => `call_${random.code(24)}`,
  plainBody,
  streamFrames,
  errorType: 'application/json',
  misshapenBody: MISSHAPEN_BODY,
  headers: (id, retryAfterSeconds) => ({
    'x-request-id': id,
    'openai-version': '2020-10-01',
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  }),
  limitHeaders,
  refuse,
};
