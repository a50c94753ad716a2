// RLP (Yellow Paper, appendix B), only in its canonical form.

import { toNumber } from "./bytes.js";
import { BadPart } from "./refusals.js";

const DEEPEST = 64;

/** A list: its items, and how many bytes it took. Strings are Uint8Array. */
export class List {
  constructor(items, size) {
    this.items = items;
    this.size = size;
  }
}

/** The one item that `bytes` are. Throws BadPart. */
export function decode(bytes) {
  const { item, end } = read(bytes, 0, bytes.length, 0);
  if (end !== bytes.length) throw new BadPart("RLP goes on after its end");
  return item;
}

/** The list that `item` is, of `count` items if that is given. Throws BadPart. */
export function listOf(item, count) {
  if (!(item instanceof List)) throw new BadPart("a string stands where a list belongs");
  if (count !== undefined && item.items.length !== count) {
    throw new BadPart(`a list has ${item.items.length} entries, not ${count}`);
  }
  return item.items;
}

/** The string that `item` is, of `size` bytes if that is given. Throws BadPart. */
export function stringOf(item, size) {
  if (item instanceof List) throw new BadPart("a list stands where a string belongs");
  if (size !== undefined && item.length !== size) {
    throw new BadPart(`a string has ${item.length} bytes, not ${size}`);
  }
  return item;
}

/** The number that `item` is, of at most `most` bytes. Throws BadPart. */
export function numberOf(item, most = 8) {
  const bytes = stringOf(item);
  if (bytes.length > most) throw new BadPart(`a number has ${bytes.length} bytes, more than ${most}`);
  if (bytes[0] === 0) throw new BadPart("a number begins with a zero");
  return toNumber(bytes);
}

/** A number below 2^64 as RLP: the key of a receipt. */
export function encodeNumber(number) {
  if (number === 0n) return Uint8Array.of(0x80);
  const digits = number.toString(16);
  const even = digits.length % 2 ? "0" + digits : digits;
  const bytes = even.match(/../g).map((pair) => parseInt(pair, 16));
  return bytes.length === 1 && bytes[0] < 0x80 ? Uint8Array.from(bytes) : Uint8Array.of(0x80 + bytes.length, ...bytes);
}

function read(bytes, at, end, depth) {
  if (at >= end) throw new BadPart("RLP ends too early");
  if (depth > DEEPEST) throw new BadPart(`RLP is nested deeper than ${DEEPEST}`);
  const first = bytes[at];
  if (first < 0x80) return { item: bytes.subarray(at, at + 1), end: at + 1 };
  const base = first < 0xc0 ? 0x80 : 0xc0;
  const { start, stop } = extent(bytes, at, end, first - base);
  if (base === 0x80) {
    if (first === 0x81 && bytes[start] < 0x80) throw new BadPart("RLP gives a byte in two where one is enough");
    return { item: bytes.subarray(start, stop), end: stop };
  }
  const items = [];
  for (let next = start; next < stop; ) {
    const inner = read(bytes, next, stop, depth + 1);
    items.push(inner.item);
    next = inner.end;
  }
  return { item: new List(items, stop - at), end: stop };
}

function extent(bytes, at, end, short) {
  let start = at + 1;
  let size = short;
  if (short > 55) {
    const digits = short - 55;
    if (start + digits > end) throw new BadPart("RLP ends in a length");
    if (bytes[start] === 0) throw new BadPart("an RLP length begins with a zero");
    size = Number(toNumber(bytes.subarray(start, start + digits)));
    if (size < 56) throw new BadPart("an RLP length is longer than needed");
    start += digits;
  }
  if (start + size > end) throw new BadPart("RLP ends too early");
  return { start, stop: start + size };
}
