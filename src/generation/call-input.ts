// What a caller asks for, as it leaves GraphQL coercion: plain objects in the shape of the schema's GenerateInput.
// Absent and null mean the same. Nothing here is validated beyond its GraphQL type: prepare.ts does that.

import type { Role } from '../core/chat.ts';
import type { JsonObject } from '../core/json.ts';

type Maybe<T> = T | null | undefined;

export interface PartInput {
  readonly text?: Maybe<string>;
  readonly imageUrl?: Maybe<string>;
  readonly imageBase64?: Maybe<string>;
  readonly mediaType?: Maybe<string>;
}

export interface MessageInput {
  readonly role: Role;
  readonly content?: Maybe<string>;
  readonly parts?: Maybe<readonly PartInput[]>;
  readonly toolCalls?: Maybe<readonly { readonly id: string; readonly name: string; readonly arguments: JsonObject }[]>;
  readonly toolCallId?: Maybe<string>;
  readonly cacheBreakpoint?: Maybe<boolean>;
}

export interface CallInput {
  readonly model: string;
  readonly prompt?: Maybe<string>;
  readonly messages?: Maybe<readonly MessageInput[]>;
  readonly maxOutputTokens?: Maybe<number>;
  readonly temperature?: Maybe<number>;
  readonly topP?: Maybe<number>;
  readonly stop?: Maybe<readonly string[]>;
  readonly seed?: Maybe<number>;
  readonly tools?: Maybe<
    readonly { readonly name: string; readonly description?: Maybe<string>; readonly parameters: JsonObject }[]
  >;
  readonly toolChoice?: Maybe<{
    readonly mode: 'AUTO' | 'NONE' | 'REQUIRED' | 'TOOL';
    readonly name?: Maybe<string>;
  }>;
  readonly output?: Maybe<{
    readonly format: 'TEXT' | 'JSON';
    readonly schema?: Maybe<JsonObject>;
    readonly name?: Maybe<string>;
  }>;
  readonly reasoning?: Maybe<{
    readonly effort?: Maybe<'LOW' | 'MEDIUM' | 'HIGH'>;
    readonly maxTokens?: Maybe<number>;
  }>;
  readonly providerOptions?: Maybe<JsonObject>;
  readonly idempotencyKey?: Maybe<string>;
  readonly timeoutMs?: Maybe<number>;
  readonly endUserId?: Maybe<string>;
  readonly labels?: Maybe<readonly { readonly name: string; readonly value: string }[]>;
}
