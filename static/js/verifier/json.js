// The canonical JSON of a head: no numbers, no escapes, keys in order, read in one pass.

import { BadPart } from "./refusals.js";

const DEEPEST = 8;
const WORDS = { t: ["true", true], f: ["false", false], n: ["null", null] };

/** The value that the bytes are. Objects have no prototype. Throws BadPart. */
export function parse(bytes) {
  for (const byte of bytes) {
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) throw new BadPart(`byte ${byte} may not stand here`);
  }
  const reader = new Reader(new TextDecoder().decode(bytes));
  const value = reader.value(1);
  if (reader.at !== reader.text.length) throw new BadPart("JSON goes on after its end");
  return value;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  value(depth) {
    const sign = this.text[this.at];
    if (sign === '"') return this.string();
    if (sign === "{" || sign === "[") {
      if (depth > DEEPEST) throw new BadPart(`JSON is nested deeper than ${DEEPEST}`);
      return sign === "{" ? this.object(depth) : this.array(depth);
    }
    const [spelled, value] = Object.hasOwn(WORDS, sign ?? "") ? WORDS[sign] : ["", undefined];
    if (!spelled || !this.text.startsWith(spelled, this.at)) throw new BadPart(`no value at byte ${this.at}`);
    this.at += spelled.length;
    return value;
  }

  string() {
    this.take('"');
    const end = this.text.indexOf('"', this.at);
    if (end < 0) throw new BadPart("a string does not end");
    const found = this.text.slice(this.at, end);
    this.at = end + 1;
    return found;
  }

  array(depth) {
    const found = [];
    this.take("[");
    if (this.skip("]")) return found;
    do found.push(this.value(depth + 1));
    while (this.skip(","));
    this.take("]");
    return found;
  }

  object(depth) {
    const found = Object.create(null);
    let last = null;
    this.take("{");
    if (this.skip("}")) return found;
    do {
      const key = this.string();
      if (last !== null && key <= last) throw new BadPart(`key ${key} is out of order or there twice`);
      this.take(":");
      found[key] = this.value(depth + 1);
      last = key;
    } while (this.skip(","));
    this.take("}");
    return found;
  }

  skip(sign) {
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  take(sign) {
    if (!this.skip(sign)) throw new BadPart(`no ${sign} at byte ${this.at}`);
  }
}
