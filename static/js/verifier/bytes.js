// Bytes, hex digits and numbers: all amounts, slots and block numbers are BigInt.

import { keccak_256 } from "../../vendor/noble-hashes/sha3.js";

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export const LIMIT = 1n << 256n;

export function keccak(bytes) {
  return keccak_256(bytes);
}

/** Lower-case digits without 0x. */
export function hex(bytes) {
  let digits = "";
  for (const byte of bytes) digits += DIGITS[byte];
  return digits;
}

/** Bytes of an even number of hex digits, with 0x or without; the caller has checked them. */
export function unhex(text) {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function ascii(text) {
  return new TextEncoder().encode(text);
}

/** The number that bytes are, big-endian; none is zero. */
export function toNumber(bytes) {
  return bytes.length ? BigInt("0x" + hex(bytes)) : 0n;
}

/** A number as 32 bytes, big-endian. */
export function word(number) {
  return unhex(number.toString(16).padStart(64, "0"));
}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Below, at or above zero as `left` comes before, is, or comes after `right`. */
export function compare(left, right) {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) if (left[at] !== right[at]) return left[at] - right[at];
  return left.length - right.length;
}

export function equal(left, right) {
  return left.length === right.length && compare(left, right) === 0;
}
