// Images as they come in a request: bytes or addresses (which are never fetched), what is seen of them and what they cost.

export interface Image {
  /** `image/png` of an image sent along; undefined for an address. */
  readonly mediaType: string | undefined;
  readonly bytes: number;
  readonly host: string | undefined;
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Tokens on the prompt's bill. */
  readonly tokens: number;
}

/** How closely an image is to be looked at. */
export type Detail = 'low' | 'usual';

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const LOW_DETAIL_TOKENS = 85;
const TILE_TOKENS = 170;
const TILE_PIXELS = 512;

/** undefined: this is no base64. */
export function imageFromBase64(mediaType: string, base64: string, detail: Detail = 'usual'): Image | undefined {
  if (!BASE64.test(base64)) return undefined;
  const data = Buffer.from(base64, 'base64');
  const size = pngSize(data);
  return { mediaType, bytes: data.length, host: undefined, size, tokens: cost(size, detail) };
}

/** undefined: this is no http(s) address. */
export function imageFromAddress(url: string, detail: Detail = 'usual'): Image | undefined {
  if (!URL.canParse(url) || !/^https?:/i.test(url)) return undefined;
  return { mediaType: undefined, bytes: 0, host: new URL(url).host, size: undefined, tokens: cost(undefined, detail) };
}

/** 85 tokens for a glance; else 170 more per tile of 512 pixels. An image of unknown size is taken for 1024 × 1024. */
function cost(size: Image['size'], detail: Detail): number {
  if (detail === 'low') return LOW_DETAIL_TOKENS;
  const { width, height } = size ?? { width: 1024, height: 1024 };
  const shrink = Math.min(1, 2048 / Math.max(width, height), 768 / Math.min(width, height));
  const tiles = Math.ceil((width * shrink) / TILE_PIXELS) * Math.ceil((height * shrink) / TILE_PIXELS);
  return LOW_DETAIL_TOKENS + TILE_TOKENS * Math.max(1, tiles);
}

function pngSize(data: Buffer): Image['size'] {
  if (data.length < 24 || data.readUInt32BE(0) !== 0x89504e47) return undefined;
  const width = data.readUInt32BE(16);
  const height = data.readUInt32BE(20);
  return width === 0 || height === 0 ? undefined : { width, height };
}

/** "of type image/png, 68 bytes, 1 × 1 pixels" */
export function describeImage(image: Image): string {
  if (image.mediaType === undefined) return `at ${image.host ?? 'an address'}`;
  const pixels = image.size === undefined ? '' : `, ${image.size.width} × ${image.size.height} pixels`;
  return `of type ${image.mediaType}, ${image.bytes} bytes${pixels}`;
}
