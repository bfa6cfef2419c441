// What a caller wants back, read from its Accept header with q-values.

/** `legacy`: asked for `application/json` by name; GraphQL over HTTP wants status 200 for most errors then. */
export type JsonAnswer = {
  readonly mediaType: 'application/json' | 'application/graphql-response+json';
  readonly legacy: boolean;
};
export type StreamAnswer = 'SSE' | 'MULTIPART';

export interface Negotiated {
  readonly json: JsonAnswer;
  /** False when the caller listed types and none of them is JSON. */
  readonly acceptsJson: boolean;
  /** The event stream the caller named; wildcards name none: they come with clients that cannot read one. */
  readonly stream: StreamAnswer | undefined;
}

interface Range {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const plainJson: Negotiated = {
  json: { mediaType: 'application/json', legacy: false },
  acceptsJson: true,
  stream: undefined,
};

export function negotiate(accept: string | undefined): Negotiated {
  if (accept === undefined || accept === '*/*' || accept.trim() === '') return plainJson;
  const ranges = parseAccept(accept);
  const qualityOf = (matches: (range: Range) => boolean): number =>
    ranges.reduce((best, range) => (matches(range) ? Math.max(best, range.quality) : best), 0);
  const named = (type: string): number => qualityOf((range) => range.type === type);

  const modern = named('application/graphql-response+json');
  const classic = named('application/json');
  const json: JsonAnswer =
    modern > 0 && modern >= classic
      ? { mediaType: 'application/graphql-response+json', legacy: false }
      : { mediaType: 'application/json', legacy: classic > 0 };

  const sse = named('text/event-stream');
  const multipart = qualityOf(isSubscriptionMultipart);
  const stream = sse === 0 && multipart === 0 ? undefined : sse >= multipart ? 'SSE' : 'MULTIPART';
  const acceptsJson = modern > 0 || classic > 0 || named('*/*') > 0 || named('application/*') > 0;
  return { json, acceptsJson, stream };
}

/** Apollo's subscriptions, or multipart without a word on its kind; not Apollo's deferred answers. */
function isSubscriptionMultipart({ type, parameters }: Range): boolean {
  if (type !== 'multipart/mixed') return false;
  const spec = parameters.get('subscriptionspec');
  return spec === undefined ? !parameters.has('deferspec') && !parameters.has('incrementalspec') : spec === '1.0';
}

function parseAccept(accept: string): Range[] {
  return accept.split(',').flatMap((part) => {
    const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
    const parameters = new Map(
      rest.map((piece): [string, string] => {
        const [key = '', value = ''] = piece.split('=').map((side) => side.trim());
        return [key.toLowerCase(), value.replace(/^"|"$/g, '')];
      }),
    );
    const quality = parameters.has('q') ? Number(parameters.get('q')) : 1;
    return type === '' || !(quality > 0)
      ? []
      : [{ type: type.toLowerCase(), parameters, quality: Math.min(1, quality) }];
  });
}
