// A certificate as the API serves it: its head, then each shard by its name, a few ahead.
//
// Nothing that comes from there is believed: verify.js holds every shard against its name before use,
// as it does with a file.

import { hex } from "./bytes.js";
import { Source, streamed } from "./source.js";

const MOST_IN_HEAD = 128 + (1 << 20) + 1;
const AHEAD = 3;
const TRIES = 5;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;
const STALLED = 30_000;

/** The certificate cannot be had, which says nothing about it. The message is for a person. */
export class Unavailable extends Error {
  /** `lasting`: asking again would not help; `pause`: milliseconds after which it may. */
  constructor(message, { lasting = false, pause = null } = {}) {
    super(message);
    this.lasting = lasting;
    this.pause = pause;
  }
}

/** What verify.js takes in the place of a file. Holds at most `AHEAD` + 1 shards at a time. */
export class Served {
  #head = null;
  #open = new Set();
  #closed = false;

  /**
   * @param {string} url of the certificate, `…/certificate`; shards are at `…/certificate/0x<hash>`
   * @param {{ root?: string, cache?: RequestCache, fetch?: typeof fetch, wait?: (milliseconds: number) => Promise<void> }}
   *   options `root` asks for that very certificate; `cache` as in fetch
   */
  constructor(url, { root = null, cache = "default", fetch = (...asked) => globalThis.fetch(...asked), wait = pause } = {}) {
    this.url = url;
    this.root = root;
    this.cache = cache;
    this.fetch = fetch;
    this.wait = wait;
    this.taken = 0;
  }

  async line(most) {
    const head = (this.#head ??= await this.#readHead());
    const found = await head.line(most);
    this.taken = head.taken;
    return found;
  }

  /** The bytes of each shard, one more than it has if there are more: then its hash is another. */
  async *shards(names) {
    const coming = [];
    let asked = 0;
    for (let given = 0; given < names.length; given++) {
      while (asked < names.length && coming.length <= AHEAD) {
        const { hash, size } = names[asked++];
        const bytes = this.#read(`${this.url}/0x${hex(hash)}`, size + 1);
        bytes.catch(() => {}); // told when its turn comes
        coming.push(bytes);
      }
      const bytes = await coming.shift();
      this.taken += bytes.length;
      yield bytes;
    }
  }

  /** Whether nothing follows the head; each shard has an end of its own. */
  async atEnd() {
    return this.#head.atEnd();
  }

  async close() {
    this.#closed = true;
    for (const request of this.#open) request.abort();
  }

  async #readHead() {
    const asked = this.root === null ? this.url : `${this.url}?root=${this.root}`;
    return new Source(await this.#read(asked, MOST_IN_HEAD));
  }

  /** The first `most` bytes of an answer, asked for again where that may help. */
  async #read(url, most) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#readOnce(url, most);
      } catch (error) {
        if (!(error instanceof Unavailable) || error.lasting || this.#closed || attempt === TRIES) throw error;
        await this.wait(Math.min(error.pause ?? FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE));
      }
    }
  }

  async #readOnce(url, most) {
    const request = new AbortController();
    this.#open.add(request);
    let timer = null;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED);
    };
    try {
      alive();
      const response = await this.fetch(url, { signal: request.signal, cache: this.cache }).catch(unreachable);
      if (!response.ok) throw await refused(response);
      const body = new Source(beating(response.body, alive));
      const bytes = await body.take(most).catch(brokenOff);
      await body.close();
      return bytes;
    } finally {
      clearTimeout(timer);
      this.#open.delete(request);
    }
  }
}

async function* beating(body, onPiece) {
  for await (const piece of streamed(body.getReader())) {
    onPiece();
    yield piece;
  }
}

function unreachable() {
  throw new Unavailable("The server cannot be reached.");
}

function brokenOff() {
  throw new Unavailable("The connection broke off.");
}

async function refused(response) {
  const told = await response.json().then((body) => body?.error?.message ?? body?.detail, () => null);
  const words = typeof told === "string" ? told.slice(0, 500) : `The server answered ${response.status}.`;
  const seconds = Number(response.headers.get("Retry-After"));
  const passing = response.status === 429 || response.status >= 500;
  return new Unavailable(words, { lasting: !passing, pause: seconds > 0 ? seconds * 1000 : null });
}

function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
