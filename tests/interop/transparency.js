// What docs/evidence.md names of other people's specifications, for `independent_verify.js`: JSON and base64, the tree of
// RFC 6962 and its proofs, and the signed notes of C2SP (signed-note, tlog-checkpoint, tlog-cosignature).
import crypto from "node:crypto";

export class Fault extends Error {}

export function need(condition, what) {
  if (!condition) throw new Fault(what);
}

const DEEPEST = 100;

// ---- values

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), crypto.createHash("sha256")).digest();
export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;

export function string(value, what) {
  need(typeof value === "string" && value.isWellFormed(), `${what} is not a string`);
  return value;
}

export function number(value, what) {
  need(isNumber(value), `${what} is not a number from 0 to 2^53 - 1`);
  return value;
}

export function list(value, what) {
  need(Array.isArray(value), `${what} is not an array`);
  return value;
}

// The form of a date and time in RFC 3339, in upper case.
export function time(value, what) {
  const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/;
  need(form.test(string(value, what)), `${what} is not a time with an offset`);
  return value;
}

export function boolean(value, what) {
  need(typeof value === "boolean", `${what} is not true or false`);
  return value;
}

export function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("this is not UTF-8");
  }
}

export function json(text, what) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault(`${what} is not JSON`);
  }
  need(depthOf(text) <= DEEPEST, `${what} is nested too deep`);
  return value;
}

// How many arrays and objects stand in each other at most, in the text: also where a name stands twice and the last counts.
function depthOf(text) {
  let [depth, most, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter === "\\") at += 1;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === "[" || letter === "{") most = Math.max(most, (depth += 1));
    else if (letter === "]" || letter === "}") depth -= 1;
  }
  return most;
}

export function object(text, what) {
  const value = json(text, what);
  need(isObject(value), `${what} is not a JSON object`);
  return value;
}

// The one spelling of base64 with padding (RFC 4648 section 4).
export function base64(text, what) {
  const bytes = Buffer.from(string(text, what), "base64");
  need(bytes.toString("base64") === text, `${what} is not base64`);
  return bytes;
}

export function hash(text, what) {
  const bytes = base64(text, what);
  need(bytes.length === 32, `${what} is not a hash`);
  return bytes;
}

export function proof(value, what) {
  need(list(value, what).length <= 64, `${what} has more than 64 hashes`);
  return value.map((each) => hash(each, `a hash of ${what}`));
}

// ---- the tree (RFC 6962 section 2.1, with the walks of RFC 9162 sections 2.1.3.2 and 2.1.4.2)

export const leafHash = (text) => sha256(Buffer.of(0), sha256(Buffer.from(text, "utf8")));
export const node = (left, right) => sha256(Buffer.of(1), left, right);

export function included(leaf, index, head, path) {
  let at = BigInt(index);
  if (at >= head.size) return false;
  let last = head.size - 1n;
  let root = leaf;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (at % 2n === 1n || at === last) {
      root = node(sibling, root);
      while (at % 2n === 0n && at !== 0n) [at, last] = [at / 2n, last / 2n];
    } else {
      root = node(root, sibling);
    }
    [at, last] = [at / 2n, last / 2n];
  }
  return last === 0n && root.equals(head.root);
}

export function consistent(old, head, path) {
  if (old.size === 0n) return path.length === 0 && old.root.equals(sha256());
  if (old.size === head.size) return path.length === 0 && old.root.equals(head.root);
  if (old.size > head.size) return false;
  let [at, last] = [old.size - 1n, head.size - 1n];
  while (at % 2n === 1n) [at, last] = [at / 2n, last / 2n];
  const rest = at === 0n ? [old.root, ...path] : [...path]; // a whole subtree of the new tree is not in the proof
  if (rest.length === 0) return false;
  let [oldRoot, newRoot] = [rest[0], rest[0]];
  for (const sibling of rest.slice(1)) {
    if (last === 0n) return false;
    if (at % 2n === 1n || at === last) {
      oldRoot = node(sibling, oldRoot);
      newRoot = node(sibling, newRoot);
      while (at % 2n === 0n && at !== 0n) [at, last] = [at / 2n, last / 2n];
    } else {
      newRoot = node(newRoot, sibling);
    }
    [at, last] = [at / 2n, last / 2n];
  }
  return last === 0n && oldRoot.equals(old.root) && newRoot.equals(head.root);
}

// ---- signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature)

export const keyId = (name, type, key) => sha256(`${name}\n`, Buffer.of(type), key).subarray(0, 4);

export function ed25519(key, message, signature) {
  const jwk = { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") };
  return crypto.verify(null, message, crypto.createPublicKey({ key: jwk, format: "jwk" }), signature);
}

export function verifierKey(text) {
  const parts = /^([^+\p{White_Space}]+)\+([0-9a-f]{8})\+(.+)$/u.exec(string(text, "a verifier key"));
  need(parts, `${text} is not a verifier key`);
  const bytes = base64(parts[3], "a verifier key");
  const [name, type, key] = [parts[1], bytes[0], bytes.subarray(1)];
  need((type === 1 || type === 4) && key.length === 32, `${text} is not a verifier key of Ed25519`);
  need(keyId(name, type, key).toString("hex") === parts[2], `the id of the verifier key ${text} does not fit`);
  return { name, type, key, public: key.toString("base64") };
}

export function note(value, what) {
  string(value, what);
  need(!/[\0-\x09\x0b-\x1f]/.test(value), `${what} has a control character`);
  const end = value.lastIndexOf("\n\n");
  need(end >= 0 && value.endsWith("\n"), `${what} is not a signed note`);
  const lines = value.slice(end + 2, -1).split("\n");
  need(lines.length <= 100, `${what} has more than 100 signatures`);
  const signatures = lines.map((line) => {
    const parts = /^— ([^+\p{White_Space}]+) (\S+)$/u.exec(line);
    need(parts, `a signature of ${what} is not one`);
    const bytes = base64(parts[2], `a signature of ${what}`);
    need(bytes.length > 4, `a signature of ${what} is too short`);
    return { name: parts[1], id: bytes.subarray(0, 4), bytes: bytes.subarray(4) };
  });
  return { text: value.slice(0, end + 1), signatures };
}

// The keys of the set that signed the note under the name; one wrong signature of any of them makes the note bad.
export function signers({ text, signatures }, name, keys, what) {
  const found = [...keys].filter((each) => {
    const id = keyId(name, 1, Buffer.from(each, "base64"));
    const own = signatures.filter((line) => line.name === name && line.id.equals(id));
    for (const line of own) {
      need(ed25519(Buffer.from(each, "base64"), Buffer.from(text), line.bytes), `a signature of ${what} is wrong`);
    }
    return own.length > 0;
  });
  need(found.length > 0, `${what} is not signed under ${name} by a key to trust`);
  return found;
}

export function treeHead(text, what) {
  const lines = text.slice(0, -1).split("\n");
  need(lines.length >= 3 && !lines.includes(""), `${what} has not three lines that are not empty`);
  const [origin, size, root] = lines;
  need(/^(0|[1-9][0-9]*)$/.test(size) && BigInt(size) < 2n ** 63n, `the size in ${what} is not a decimal number`);
  return { origin, size: BigInt(size), root: hash(root, `the root in ${what}`) };
}

// The times at which witnesses that are known saw the checkpoint.
export function cosignatures({ text, signatures }, witnesses) {
  return witnesses.flatMap(({ name, key }) => {
    const own = signatures.filter((line) => line.name === name && line.id.equals(keyId(name, 4, key)));
    return own.map(({ bytes }) => {
      need(bytes.length === 72, `the cosignature of ${name} is wrong`);
      const time = bytes.readBigUInt64BE();
      const message = Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
      need(ed25519(key, message, bytes.subarray(8)), `the cosignature of ${name} is wrong`);
      return `cosigned by ${name} at ${new Date(Number(time) * 1000).toISOString()}`;
    });
  });
}

// ---- the keys that a verifier is given

// What the service publishes (a list of keys of the log, or a JWK set), or verifier keys, one a line, also of witnesses.
export function readKeys(text) {
  const given = { keys: [], revoked: [], witnesses: [] };
  const published = text.trim().startsWith("{");
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  const entries = published ? list(object(text, "the keys").keys, "keys") : lines.map((line) => ({ key: line.trim() }));
  for (const entry of entries) {
    need(isObject(entry), "a key is not an object");
    const key = "x" in entry ? { type: 1, public: Buffer.from(string(entry.x, "x"), "base64url").toString("base64") } : verifierKey(entry.key);
    if (key.type === 1) ((entry.revoked_at ?? null) === null ? given.keys : given.revoked).push(key.public);
    else if (!published) given.witnesses.push(key);
  }
  given.keys = given.keys.filter((each) => !given.revoked.includes(each));
  need(given.keys.length + given.revoked.length > 0, "there is no key of a log in it");
  return given;
}
