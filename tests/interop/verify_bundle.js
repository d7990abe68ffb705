// A second verifier of bundles, written from docs/evidence.md alone, with nothing but Node.js.
//
//   node verify_bundle.js BUNDLE [KEYS]     KEYS: verifier keys, one a line, or the JSON of /.well-known/consent-log/keys
//
// Prints {"ok", "line", "event_id", "text"} and exits 0 when the bundle holds, else 1.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const SCHEMA = "urn:consentcore:evidence-bundle:1";
const LONGEST = 16_000_000;
const MATERIAL = new Set(["snapshot", "disclosure", "tombstone", "withheld"]);

class Fault extends Error {}
function need(condition, text) {
  if (!condition) throw new Fault(text);
}

// Values of their kinds

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
function object(value) {
  need(isObject(value), "expected an object");
  return value;
}
function string(value) {
  need(typeof value === "string", "expected a string");
  return value;
}
function number(value) {
  need(Number.isSafeInteger(value) && value >= 0, "expected a number");
  return value;
}
function boolean(value) {
  need(typeof value === "boolean", "expected a boolean");
  return value;
}
function array(value) {
  need(Array.isArray(value), "expected an array");
  return value;
}
function base64(text) {
  const data = Buffer.from(string(text), "base64");
  need(data.toString("base64") === text, "expected base64 in its one spelling");
  return data;
}
function hash(text) {
  const data = base64(text);
  need(data.length === 32, "expected 32 bytes");
  return data;
}
function proof(value) {
  need(array(value).length <= 64, "expected at most 64 hashes");
  return value.map(hash);
}
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault("expected JSON");
  }
}
function decimal(text) {
  need(/^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) < 2n ** 63n, "expected a decimal number");
  return number(Number(text));
}

// Keys and notes

function verifierKey(text) {
  const [name, id, ...rest] = string(text).split("+");
  const material = base64(rest.join("+"));
  need(name !== "" && material.length === 33, "expected a verifier key");
  need(keyId(name, material).toString("hex") === id, "expected the id of its key");
  return { name, type: material[0], key: material.subarray(1) };
}
const keyId = (name, material) => sha256(Buffer.from(name + "\n"), material).subarray(0, 4);
function signedBy(key, text, signature) {
  const x = key.toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return signature.length === 64 && verify(null, Buffer.from(text), publicKey, signature);
}
function note(written) {
  need(!/[\x00-\x09\x0b-\x1f]/.test(string(written)), "a note has no control characters");
  const cut = written.lastIndexOf("\n\n");
  need(cut >= 0 && written.endsWith("\n") && cut + 2 < written.length, "expected a signed note");
  const lines = written.slice(cut + 2, -1).split("\n");
  need(lines.length <= 100, "expected at most 100 signatures");
  const signatures = lines.map((line) => {
    const found = /^— ([^\s+]+) (\S+)$/u.exec(line);
    need(found, "expected a line of a signature");
    const data = base64(found[2]);
    need(data.length >= 5, "expected a signature");
    return { name: found[1], id: data.subarray(0, 4), data: data.subarray(4) };
  });
  return { text: written.slice(0, cut + 1), signatures };
}
function signers(written, name, keys) {
  const found = [];
  for (const hex of keys) {
    const key = Buffer.from(hex, "hex");
    const id = keyId(name, Buffer.concat([Buffer.from([1]), key]));
    const lines = written.signatures.filter((one) => one.name === name && one.id.equals(id));
    for (const one of lines) need(signedBy(key, written.text, one.data), "a signature is wrong");
    if (lines.length) found.push(hex);
  }
  need(found.length, "it is signed by none of the keys");
  return found;
}
function checkpoint(written) {
  const lines = written.text.slice(0, -1).split("\n");
  need(lines.length >= 3 && lines.every((line) => line), "expected a checkpoint");
  return { name: lines[0], size: decimal(lines[1]), root: hash(lines[2]) };
}

// RFC 6962 section 2.1

const leafHash = (text) => sha256(Buffer.from([0]), sha256(Buffer.from(text)));
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const EMPTY = sha256();
function split(size) {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}
function shift(hashes) {
  need(hashes.length, "a proof is too short");
  return hashes.shift();
}
function rootOver(leaf, index, size, hashes) {
  if (size === 1) return leaf;
  const half = split(size);
  if (index < half) {
    const left = rootOver(leaf, index, half, hashes);
    return nodeHash(left, shift(hashes));
  }
  const right = rootOver(leaf, index - half, size - half, hashes);
  return nodeHash(shift(hashes), right);
}
function included(text, index, head, hashes) {
  need(index < head.size, "the tree has no such leaf");
  need(rootOver(leafHash(text), index, head.size, hashes).equals(head.root), "it is not included");
  need(!hashes.length, "a proof is too long");
}
function rootsOver(old, size, hashes, oldRoot, whole) {
  if (old === size) {
    const node = whole ? oldRoot : shift(hashes);
    return [node, node];
  }
  const half = split(size);
  if (old <= half) {
    const [before, after] = rootsOver(old, half, hashes, oldRoot, whole);
    return [before, nodeHash(after, shift(hashes))];
  }
  const [before, after] = rootsOver(old - half, size - half, hashes, oldRoot, false);
  const left = shift(hashes);
  return [nodeHash(left, before), nodeHash(left, after)];
}
function consistent(old, oldRoot, head, hashes) {
  need(old <= head.size, "the tree is smaller");
  const [before, after] = old === 0 ? [EMPTY, head.root] : rootsOver(old, head.size, hashes, oldRoot, true);
  need(before.equals(oldRoot) && after.equals(head.root), "the tree is not consistent with an earlier one");
  need(!hashes.length, "a proof is too long");
}

// The bundle

class Bundle {
  constructor(given) {
    this.given = given;
    this.over = new Map(); // by public key (hex), and by "id:" and key id
    this.digest = createHash("sha256");
    this.counts = { grant: 0, event: 0, statement: 0 };
    this.lastGrant = "";
    this.lastStatement = -1;
    this.ended = false;
  }

  take(raw) {
    this.eventId = "";
    need(raw[raw.length - 1] === 10 && raw.length <= LONGEST, "the line is cut off");
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
    } catch {
      throw new Fault("expected UTF-8");
    }
    const entries = Object.entries(object(json(text)));
    need(entries.length === 1, "expected one member");
    const [kind, content] = entries[0];
    need(!this.ended, "it stands behind the end");
    need((kind === "bundle") === !this.head, "expected the line bundle first, and once");
    if (MATERIAL.has(kind)) this.material(kind, content);
    else if (["bundle", "statement", "consistency", "grant", "event", "end"].includes(kind)) this[kind](content);
    else throw new Fault("a line of an unknown kind");
    this.digest.update(raw);
  }

  bundle(content) {
    need(object(content).schema === SCHEMA, "expected another schema");
    const own = array(content.keys).map((one) => ({ ...verifierKey(object(one).key), revoked: one.revoked_at != null }));
    this.own = own.map((one) => one.key.toString("hex"));
    const keys = this.given ?? own.map((one) => ({ key: one.key.toString("hex"), revoked: one.revoked }));
    this.revoked = new Set(own.filter((one) => one.revoked).map((one) => one.key.toString("hex")));
    for (const one of keys) if (one.revoked) this.revoked.add(one.key);
    this.trusted = [...new Set(keys.filter((one) => !one.revoked).map((one) => one.key))];
    this.known = [...new Set([...this.trusted, ...this.own])];
    this.log = string(content.log);
    this.names = [this.log, ...array(content.former_names).map(string)];
    this.complete = boolean(content.complete);
    this.personal = boolean(content.personal);
    string(content.issuer);
    need(!Number.isNaN(Date.parse(string(content.made_at))), "expected a time");
    object(content.selection);
    const written = note(content.checkpoint);
    const head = checkpoint(written);
    need(head.name === this.log, "the checkpoint is of another log");
    this.checkpointSigners = signers(written, this.log, this.trusted);
    this.head = head;
  }

  inTime(keys, place) {
    return keys.some((key) => (this.over.get(key) ?? place) >= place);
  }

  statement(content) {
    need(!this.group, "it stands behind the grants");
    const index = number(object(content).index);
    const written = note(content.note);
    const facts = object(json(written.text));
    need(index > this.lastStatement, "statements stand in their order");
    need(facts.index === index, "it belongs to another place");
    need(this.names.includes(string(facts.log)), "it is of another log");
    included(written.text.slice(0, -1), index, this.head, proof(content.proof));
    need(this.inTime(signers(written, facts.log, this.known), index), "it is signed with a key that was over");
    if (string(facts.statement) === "keys") {
      for (const one of array(facts.ended)) {
        const key = verifierKey(object(one).key).key.toString("hex");
        for (const name of [key, "id:" + string(one.key_id)]) if (!this.over.has(name)) this.over.set(name, index);
      }
    }
    if (facts.statement === "resumed") {
      need(/^[0-9a-f]{64}$/.test(string(object(facts.kept).root)), "expected a root");
      consistent(number(facts.kept.size), Buffer.from(facts.kept.root, "hex"), this.head, proof(content.consistency));
    }
    this.lastStatement = index;
    this.counts.statement += 1;
  }

  consistency(content) {
    need(!this.group, "it stands behind the grants");
    const written = note(object(content).checkpoint);
    const earlier = checkpoint(written);
    need(this.names.includes(earlier.name), "it is of another log");
    signers(written, earlier.name, this.known);
    consistent(earlier.size, earlier.root, this.head, proof(content.proof));
  }

  close() {
    if (!this.group) {
      need(this.inTime(this.checkpointSigners, this.head.size), "the checkpoint is signed with a key that was over");
      return;
    }
    const group = this.group;
    need(group.seen === group.events, "an event is missing");
    const there = [...group.snapshots.keys(), ...group.disclosures, ...group.tombstones, ...group.withheld];
    need(there.every((one) => group.used.has(one)), "something is left over that no event names");
  }

  grant(content) {
    this.close();
    const id = string(object(content).grant_id);
    need(id > this.lastGrant, "grants stand in the order of their ids");
    need(number(content.events) >= 1, "a grant has events");
    this.lastGrant = id;
    this.group = { id, events: content.events, seen: 0, head: "", snapshots: new Map(), disclosures: new Set() };
    Object.assign(this.group, { tombstones: new Set(), withheld: new Set(), used: new Set() });
    this.counts.grant += 1;
  }

  material(kind, content) {
    const group = this.group;
    need(group && group.seen === 0, "it stands before the events of a grant");
    if (kind === "snapshot") {
      const text = string(object(content).content);
      group.snapshots.set("sha256:" + sha256(text).toString("hex"), digests(object(json(text))));
    } else if (kind === "disclosure") {
      need(this.personal, "there are to be no personal values");
      const found = json(Buffer.from(string(content), "base64url").toString());
      need(Array.isArray(found) && found.length === 3 && typeof found[1] === "string", "expected a disclosure");
      group.disclosures.add(sha256(content).toString("base64url"));
    } else if (kind === "tombstone") {
      group.tombstones.add(string(object(content).subject));
    } else {
      need(!this.personal, "nothing is to be withheld");
      group.withheld.add(string(content));
    }
  }

  event(content) {
    const group = this.group;
    need(group, "it belongs to no grant");
    const body = object(json(string(object(content).body)));
    this.eventId = typeof body.event_id === "string" ? body.event_id : "";
    need(body.grant_id === group.id, "it belongs to another grant");
    need(body.sequence === group.seen + 1, "an event is missing before it");
    need(body.prev_hash === group.head, "it does not follow the event before it");
    need(group.seen < group.events, "its grant has fewer events");
    const index = number(content.index);
    included(content.body, index, this.head, proof(content.proof));
    need(this.inTime(["id:" + string(body.key_id)], index), "it is sealed with a key that was over");
    const shown = string(object(body.evidence).snapshot_hash);
    const committed = digests(body);
    if (group.snapshots.has(shown)) committed.push(...group.snapshots.get(shown));
    else need(shown === "" || group.tombstones.has(shown) || group.withheld.has(shown), "the page is missing");
    if (this.personal) {
      for (const one of committed) {
        need(group.disclosures.has(one) !== group.tombstones.has(one), "a personal value is missing");
      }
    }
    for (const one of [shown, ...committed]) group.used.add(one);
    group.head = string(content.record_hash);
    group.seen += 1;
    this.counts.event += 1;
  }

  end(content) {
    this.close();
    const written = note(object(content).note);
    const facts = object(json(written.text));
    const { grant, event, statement } = this.counts;
    need(facts.bundle === SCHEMA && facts.size === this.head.size, "the end is of another bundle");
    need(facts.grants === grant && facts.events === event && facts.statements === statement, "the end counts otherwise");
    need(facts.sha256 === this.digest.copy().digest("hex"), "the lines before the end were changed");
    const by = signers(written, this.log, this.trusted);
    need(by.some((key) => !this.over.has(key) && !this.revoked.has(key)), "the end is signed with a key that is over");
    need(!this.complete || event + statement === this.head.size, "it is not complete");
    this.ended = true;
  }
}

function digests(content) {
  return Array.isArray(content._sd) ? content._sd.filter((one) => typeof one === "string") : [];
}

function* linesOf(data) {
  for (let start = 0; start < data.length; ) {
    const cut = data.indexOf(10, start);
    const end = cut < 0 ? data.length : cut + 1;
    yield data.subarray(start, end);
    start = end;
  }
}

function givenKeys(text) {
  if (!text.trimStart().startsWith("{")) {
    const keys = text.split("\n").filter((line) => line.trim()).map((line) => verifierKey(line.trim()));
    return keys.filter((one) => one.type === 1).map((one) => ({ key: one.key.toString("hex"), revoked: false }));
  }
  return json(text).keys.map((one) => ({ key: verifierKey(one.key).key.toString("hex"), revoked: one.revoked_at != null }));
}

function check(file, keys) {
  let data = readFileSync(file);
  if (data[0] === 0x1f && data[1] === 0x8b) data = gunzipSync(data);
  const bundle = new Bundle(keys ? givenKeys(readFileSync(keys, "utf8")) : undefined);
  let line = 0;
  try {
    for (const raw of linesOf(data)) {
      line += 1;
      bundle.take(raw);
    }
    line += 1;
    bundle.eventId = "";
    need(bundle.ended, "the end is missing");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, line, event_id: bundle.eventId, text: error.message };
  }
  return { ok: true, line: 0, event_id: "", text: "" };
}

// One bundle by its arguments; or, for many, a path a line on standard input, and an answer a line.
const [file, keys] = process.argv.slice(2);
if (file === "-") {
  for (const one of readFileSync(0, "utf8").split("\n").filter(Boolean)) console.log(JSON.stringify(check(one, keys)));
} else {
  const found = check(file, keys);
  console.log(JSON.stringify(found));
  process.exitCode = found.ok ? 0 : 1;
}
