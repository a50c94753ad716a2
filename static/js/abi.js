// The page's own encoder for the few calls that it asks a wallet to send.
//
// It shares no code with the server's: both must arrive at the same bytes before anything is signed.

import { keccak_256 } from "../vendor/noble-hashes/sha3.js";

const WORD = 32;

export class EncodingError extends Error {}

/** Calldata as `0x…` for a signature such as "castVote(uint256,uint8)" and its arguments. */
export function encodeCall(signature, args) {
  const types = signature.slice(signature.indexOf("(") + 1, -1).split(",").filter(Boolean);
  if (types.length !== args.length) throw new EncodingError(`${signature} takes ${types.length} arguments`);
  const head = [];
  const tail = [];
  let tailLength = 0;
  types.forEach((type, index) => {
    const { dynamic, bytes } = encode(type, args[index]);
    if (!dynamic) return head.push(bytes);
    head.push(word(BigInt(WORD * types.length + tailLength)));
    tail.push(bytes);
    tailLength += bytes.length;
  });
  return "0x" + toHex(concat([selector(signature), ...head, ...tail]));
}

/** The params of a split vote: three uint128, against, for, abstain, packed into 48 bytes. */
export function packSplit({ against, for: infavour, abstain }) {
  return concat([against, infavour, abstain].map((part) => integer(part, 128).slice(16)));
}

export function selector(signature) {
  return keccak_256(new TextEncoder().encode(signature)).slice(0, 4);
}

function encode(type, value) {
  if (type === "address") {
    const bytes = fromHex(value);
    if (bytes.length !== 20) throw new EncodingError(`${value} is not an address`);
    return { dynamic: false, bytes: concat([new Uint8Array(12), bytes]) };
  }
  const uint = /^uint(\d+)$/.exec(type);
  if (uint) return { dynamic: false, bytes: integer(value, Number(uint[1])) };
  if (type === "string") return { dynamic: true, bytes: dynamic(new TextEncoder().encode(value)) };
  if (type === "bytes") return { dynamic: true, bytes: dynamic(value) };
  throw new EncodingError(`No encoding for ${type}`);
}

function integer(value, bits) {
  const number = BigInt(value);
  if (number < 0n || number >= 1n << BigInt(bits)) throw new EncodingError(`${value} does not fit ${bits} bits`);
  return word(number);
}

function word(number) {
  return fromHex("0x" + number.toString(16).padStart(2 * WORD, "0"));
}

function dynamic(bytes) {
  const padding = (WORD - (bytes.length % WORD)) % WORD;
  return concat([word(BigInt(bytes.length)), bytes, new Uint8Array(padding)]);
}

function concat(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function fromHex(text) {
  if (!/^0x([0-9a-f]{2})*$/i.test(text)) throw new EncodingError(`${text} is not hex`);
  return Uint8Array.from(text.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** EIP-55 spelling of an address. */
export function checksum(address) {
  const digits = address.slice(2).toLowerCase();
  const hash = toHex(keccak_256(new TextEncoder().encode(digits)));
  return "0x" + [...digits].map((digit, index) => (parseInt(hash[index], 16) > 7 ? digit.toUpperCase() : digit)).join("");
}
