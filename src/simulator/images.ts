// Images as the API takes them: data URLs or addresses (which are never fetched), what is seen of them and what they cost.

import type { Json } from './types.ts';
import { invalidRequest } from './wire-errors.ts';

export interface Image {
  /** `image/png` of a data URL; undefined for an address. */
  readonly mediaType: string | undefined;
  readonly bytes: number;
  readonly host: string | undefined;
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Tokens on the prompt's bill. */
  readonly tokens: number;
}

const DATA_URL = /^data:(image\/(?:png|jpeg|jpg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})$/;
const LOW_DETAIL_TOKENS = 85;
const TILE_TOKENS = 170;
const TILE_PIXELS = 512;

/** @throws WireError 400 */
export function readImage(value: Json | undefined, at: string): Image {
  const wrapper = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  const url = wrapper === undefined ? undefined : (wrapper as { readonly [key: string]: Json })['url'];
  const detail = wrapper === undefined ? undefined : (wrapper as { readonly [key: string]: Json })['detail'];
  if (typeof url !== 'string') {
    throw invalidRequest(`Missing required parameter: '${at}.url'.`, at, 'missing_required_parameter');
  }
  if (!url.startsWith('data:')) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw invalidRequest(
        `Failed to download image: '${at}.url' is no http(s) address.`,
        `${at}.url`,
        'invalid_image_url',
      );
    }
    return {
      mediaType: undefined,
      bytes: 0,
      host: new URL(url).host,
      size: undefined,
      tokens: cost(undefined, detail),
    };
  }
  const match = DATA_URL.exec(url);
  if (match === null) {
    throw invalidRequest(
      "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp'].",
      `${at}.url`,
      'invalid_image_format',
    );
  }
  const data = Buffer.from(match[2] ?? '', 'base64');
  const size = pngSize(data);
  return { mediaType: match[1], bytes: data.length, host: undefined, size, tokens: cost(size, detail) };
}

/** 85 tokens for a glance; else 170 more per tile of 512 pixels. An image of unknown size is taken for 1024 × 1024. */
function cost(size: Image['size'], detail: Json | undefined): number {
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
