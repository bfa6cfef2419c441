// What the process was told: environment and configuration file, checked and complete. The only place that reads the
// environment. Secrets in it mask themselves wherever it is printed.

import type { AccessRole, AccessScope, DocumentMode } from '../core/caller.ts';
import type { Capability } from '../core/chat.ts';
import type { Prices } from '../core/money.ts';
import type { ProviderKind } from '../core/provider-kinds.ts';
import type { AiSdkPackage } from './ai-sdk-package.ts';
import type { DocumentManifest } from './document-manifest.ts';
import type { AllowedHost } from './outbound-hosts.ts';
import type { ProxySettings } from './proxy-choice.ts';
import type { Secret } from './secret.ts';
import type { TlsFiles, TlsPair } from './tls-pair.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
export type LogFormat = 'json' | 'pretty';

export interface Config {
  /** NODE_ENV=production. */
  readonly production: boolean;
  /** The file it was read from; undefined: there is none. */
  readonly file: string | undefined;
  /** Absolute path of the data folder; it may not exist yet. */
  readonly dataDirectory: string;
  /** DATABASE_URL, or a folder in the data folder. */
  readonly database: DatabaseConfig;
  /** REDIS_URL, of one of the forms of redis-url.ts; undefined: nodes do not speak to each other. */
  readonly redisUrl: Secret | undefined;
  /** SLUICE_ADMIN_KEY; undefined: the data folder keeps one (data-directory.ts). */
  readonly adminKey: Secret | undefined;
  /** SLUICE_SECRET; undefined: the data folder keeps one (data-directory.ts). */
  readonly secret: Secret | undefined;
  /** SLUICE_SECRET_PREVIOUS: still good for what was made with it. */
  readonly previousSecret: Secret | undefined;
  /** True when no file names providers: main starts the simulator and offers its models first. */
  readonly simulator: boolean;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  readonly providers: readonly ProviderConfig[];
  /** HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
  readonly proxies: ProxySettings;
  /** In the order of the file. What is undefined here is filled in from the price table (pricing/resolve-models.ts). */
  readonly models: readonly ModelConfig[];
  readonly streams: StreamsConfig;
  readonly shutdown: { readonly graceMs: number };
  readonly operationLimits: OperationLimitsConfig;
  readonly sockets: SocketsConfig;
  readonly throttle: ThrottleConfig;
  readonly idempotency: { readonly retentionHours: number };
  readonly generations: GenerationsConfig;
  readonly outbound: OutboundConfig;
  /** Whole sentences to log at start: what works otherwise than the settings may suggest. */
  readonly warnings: readonly string[];
}

/** Where records are kept: a Postgres that nodes share, or PGlite in this process. */
export type DatabaseConfig =
  | { readonly kind: 'POSTGRES'; readonly url: Secret }
  | { readonly kind: 'EMBEDDED'; readonly directory: string };

export interface ServerConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly publicUrl: string | undefined;
  /** Origins as browsers send them; `*` allows all. Empty: no cross-origin use. */
  readonly allowedOrigins: readonly string[];
  /** Whether the schema may be asked for. */
  readonly introspection: boolean;
  readonly trustedDocuments: TrustedDocumentsConfig;
  /** undefined: it speaks plain HTTP. */
  readonly tls: TlsConfig | undefined;
  /** IP addresses and ranges whose X-Forwarded-For and -Proto are believed. */
  readonly trustedProxies: readonly string[];
  /** Open at once, of all clients together. */
  readonly maxConnections: number;
}

export interface TlsConfig extends TlsFiles {
  /** As read and checked when the configuration was. */
  readonly pair: TlsPair;
}

export interface TrustedDocumentsConfig {
  /** Of callers that have none of their own. */
  readonly mode: DocumentMode;
  /** undefined: none is named; no caller has another mode than `off` then. */
  readonly manifest: DocumentManifest | undefined;
}

export interface AuthConfig {
  readonly apiKeys: readonly ApiKeyConfig[];
  /** `documentMode` of the admin key. undefined: as the server is set. */
  readonly adminDocumentMode: DocumentMode | undefined;
  /** How long copies of stored keys work on while the database does not answer. */
  readonly cacheSeconds: number;
  /** Stored keys whose copies are kept, at most. */
  readonly cachedKeys: number;
  /** How long after the start the previous secret is still the one to write with: other nodes may know no other. */
  readonly secretRolloutSeconds: number;
  /** Issuers of JSON Web Tokens. */
  readonly jwt: readonly JwtIssuerConfig[];
  /** Where tokens are asked about that cannot be checked here; undefined: nowhere. */
  readonly introspection: IntrospectionConfig | undefined;
}

/** What claims of a token mean here. A claim is named as it is, or by a path like `realm_access.roles`. */
export interface TokenMappingConfig {
  readonly claims: {
    /** undefined: all are of `defaults.organization`. */
    readonly organization: string | undefined;
    readonly project: string | undefined;
    readonly user: string;
    readonly roles: string;
    /** undefined: `scope`, else `scp`. */
    readonly scope: string | undefined;
  };
  /** For tokens without the claim. */
  readonly defaults: {
    /** Id or name. undefined: such a token is refused. */
    readonly organization: string | undefined;
    /** undefined: the only project of the organization. */
    readonly project: string | undefined;
    /** For tokens that name no role known here. */
    readonly roles: readonly AccessRole[];
  };
  /** Names in tokens that stand for a role, besides the roles' own. */
  readonly roleNames: Readonly<Record<string, AccessRole>>;
  /** Whether OPERATOR of a token counts; else it is ADMIN. */
  readonly mayGrantOperator: boolean;
  /** Whether the provider may be asked by http:// on another machine. */
  readonly allowInsecure: boolean;
  readonly clockSkewSeconds: number;
}

export interface JwtIssuerConfig extends TokenMappingConfig {
  /** `iss` of its tokens, to the letter. */
  readonly issuer: string;
  /** One of them has to be in `aud`. */
  readonly audience: readonly string[];
  /** Where its keys are; undefined: as its metadata says. */
  readonly jwksUri: string | undefined;
  /** All asymmetric. */
  readonly algorithms: readonly string[];
  /** `typ` of its tokens, e.g. `at+jwt`; undefined: any. */
  readonly tokenType: string | undefined;
  /** After how long its keys are fetched anew: until then a key it has withdrawn is good. */
  readonly keysMaxAgeSeconds: number;
  /** How much longer they are good while they cannot be fetched. */
  readonly keysMaxStaleSeconds: number;
}

export interface IntrospectionConfig extends TokenMappingConfig {
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** One of them has to be in `aud` of the answer; undefined: it is not looked at. */
  readonly audience: readonly string[] | undefined;
  /** Who vouches for users; undefined: the origin of the endpoint. */
  readonly issuer: string | undefined;
}

export interface ApiKeyConfig {
  readonly name: string;
  readonly key: Secret;
  readonly roles: readonly AccessRole[];
  readonly scopes: readonly AccessScope[];
  /** undefined: all models. */
  readonly allowedModels: readonly string[] | undefined;
  /** Origins as browsers send them; undefined: any, and none. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Addresses of clients, and ranges of them; undefined: any. */
  readonly allowedCidrs: readonly string[] | undefined;
  /** Which documents run for it. undefined: as the server is set. */
  readonly documentMode: DocumentMode | undefined;
  /** Whether its calls may name the end user they are made for. */
  readonly mayActForEndUsers: boolean;
  /** Milliseconds since the epoch; undefined: never. */
  readonly expiresAtMs: number | undefined;
}

export interface ProviderConfig {
  readonly id: string;
  readonly kind: ProviderKind;
  /** Without a slash at its end, e.g. `https://api.openai.com/v1`; empty: its package knows it. */
  readonly baseUrl: string;
  /** undefined: the provider asks for none. */
  readonly apiKey: Secret | undefined;
  /** Tried where it refuses `apiKey`, while that takes its place; undefined: there is only one. */
  readonly previousApiKey: Secret | undefined;
  /** True: offer all chat models the price table knows of it (a key in the environment and no file). */
  readonly offersKnownModels: boolean;
  /** Names in `providerOptions` that callers may send to it besides the usual ones. */
  readonly allowedOptions: readonly string[];
  /** The authorities that may vouch for it, PEM; undefined: those that Node trusts. */
  readonly certificateAuthorities: string | undefined;
  /** Whether prompts and keys may be sent to it unencrypted, wherever it is. */
  readonly allowInsecure: boolean;
  /** Of kind ai-sdk: the package that speaks to it, which holds its settings. */
  readonly aiSdk: AiSdkPackage | undefined;
}

export interface ModelConfig {
  /** What callers ask for. */
  readonly name: string;
  readonly target: { readonly providerId: string; readonly model: string };
  /** undefined: what is usual for its kind of provider and its name. */
  readonly capabilities: readonly Capability[] | undefined;
  /** Tokens; undefined: as the price table knows, else a default. */
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly defaultMaxOutputTokens: number | undefined;
  /** undefined: as the price table knows. */
  readonly prices: Prices | undefined;
  readonly timeouts: {
    readonly connectMs: number;
    readonly firstTokenMs: number;
    readonly idleMs: number;
    readonly totalMs: number;
  };
}

export interface StreamsConfig {
  /** How long a stream without readers, or a keyed call without waiters, runs on. */
  readonly graceMs: number;
  readonly coalesceMs: number;
  /** How long the log is kept after the end. */
  readonly retentionMs: number;
  /** After how long without taking a waiting event a reader is closed. */
  readonly stalledReaderMs: number;
}

export interface OperationLimitsConfig {
  readonly depth: number;
  readonly aliases: number;
  readonly rootFields: number;
  readonly directives: number;
  readonly fields: number;
  readonly tokens: number;
  /** Characters of one name, e.g. of an alias. */
  readonly nameCharacters: number;
  readonly listItems: number;
  readonly messages: number;
  /** Largest body read before the caller is known. */
  readonly anonymousBodyBytes: number;
  /** Largest body of a known caller; also the largest socket message. */
  readonly bodyBytes: number;
  /** For one operation as a whole; subscriptions excepted once they run. */
  readonly timeoutMs: number;
}

export interface SocketsConfig {
  /** Open sockets of one user. */
  readonly perUser: number;
  /** Open sockets of one API key. */
  readonly perKey: number;
  /** Running operations on one socket of a user. */
  readonly operationsPerUser: number;
  /** Running operations on one socket of a key. */
  readonly operationsPerKey: number;
}

/** Per client address and minute. */
export interface ThrottleConfig {
  readonly failedSignInsPerMinute: number;
  readonly unauthenticatedPerMinute: number;
  readonly upgradesPerMinute: number;
}

export interface GenerationsConfig {
  /** Largest answer taken from a provider. */
  readonly maxAnswerBytes: number;
  /** Output cap where neither the caller nor the model sets one. */
  readonly defaultMaxOutputTokens: number;
}

/** How addresses that come from outside are fetched (safe-fetch.ts). */
export interface OutboundConfig {
  /** Reached by http:// too, and whatever address they have. */
  readonly allowedHosts: readonly AllowedHost[];
  readonly timeoutMs: number;
  /** Largest body taken. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
  /** Of images that all calls together fetch or hold. */
  readonly maxBytesInFlight: number;
  readonly maxFetchesAtOnce: number;
}
