// The file, piece by piece: from a network answer, a chosen file, or anything that gives bytes.

import { concat } from "./bytes.js";

/** Takes bytes from a source in the sizes that are asked for; holds one piece beyond them at most. */
export class Source {
  /** @param {Uint8Array | Blob | ReadableStream | AsyncIterable<Uint8Array>} input */
  constructor(input) {
    this.pieces = pieces(input);
    this.rest = new Uint8Array(0);
    this.taken = 0;
  }

  /** The next `size` bytes, or fewer where the file ends. */
  async take(size) {
    const found = [];
    let missing = size;
    while (missing > 0 && (await this.#fill())) {
      const part = this.rest.subarray(0, missing);
      found.push(part);
      this.rest = this.rest.subarray(part.length);
      missing -= part.length;
    }
    this.taken += size - missing;
    return found.length === 1 ? found[0] : concat(...found);
  }

  /** The bytes before the next line feed, and whether it came within `most` + 1 bytes. */
  async line(most) {
    const found = [];
    let size = 0;
    while (size <= most && (await this.#fill())) {
      const end = this.rest.subarray(0, most + 1 - size).indexOf(10);
      const part = this.rest.subarray(0, end < 0 ? most + 1 - size : end);
      found.push(part);
      size += part.length;
      this.rest = this.rest.subarray(part.length + (end < 0 ? 0 : 1));
      this.taken += part.length + (end < 0 ? 0 : 1);
      if (end >= 0) return { bytes: concat(...found), ended: true };
    }
    return { bytes: concat(...found), ended: false };
  }

  /** The bytes of the shards, one after the other, as the head names them. */
  async *shards(names) {
    for (const { size } of names) yield await this.take(size);
  }

  /** Whether nothing follows. */
  async atEnd() {
    return !(await this.take(1)).length;
  }

  /** Lets go of the source before its end. */
  async close() {
    await this.pieces.return?.();
  }

  async #fill() {
    while (!this.rest.length) {
      const { done, value } = await this.pieces.next();
      if (done) return false;
      this.rest = value;
    }
    return true;
  }
}

function pieces(input) {
  if (input instanceof Uint8Array) return [input].values();
  if (typeof Blob !== "undefined" && input instanceof Blob) return pieces(input.stream());
  // Not every browser lets a stream be iterated.
  if (typeof input.getReader === "function") return streamed(input.getReader());
  return input[Symbol.asyncIterator]();
}

/** The pieces of a stream; whoever stops early cancels it. */
export async function* streamed(reader) {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
