// Checks an evidence bundle by docs/evidence.md ("The format of a bundle", "Verifying a bundle") alone. It was written from that
// page and the specifications that it names, without a look at the program that makes bundles, and shares no line with it.
//
//   node independent_verify.js BUNDLE [KEYS]
//
// KEYS are the public keys to trust: what /.well-known/consent-log/keys or /.well-known/consent-receipt-keys.json answers, or
// verifier keys of signed notes, one a line. Ends with 0: the bundle holds; 1: it does not; 2: wrong use; 75: it cannot be read.
import crypto from "node:crypto";
import fs from "node:fs";
import zlib from "node:zlib";
import { fileURLToPath } from "node:url";

import {
  Fault, boolean, consistent, cosignatures, decode, included, isNumber, isObject, json, leafHash, list, need, note, number,
  object, proof, readKeys, sha256, signers, string, time, treeHead, verifierKey,
} from "./transparency.js";

const SCHEMA = "urn:consentcore:evidence-bundle:1";
const LONGEST_LINE = 16_000_000;
const LF = 0x0a;
const BEGIN = Buffer.from('{"bundle":');

class WrongUse extends Error {}

const ORDER = { start: ["bundle"], log: ["statement", "consistency", "grant", "end"], group: ["grant", "end"], over: [] };
const BESIDE = ["snapshot", "disclosure", "tombstone", "withheld"];
const digestsOf = (content) => (Array.isArray(content._sd) ? content._sd.filter((each) => typeof each === "string") : []);

class Verifier {
  // given: null, or { keys, revoked, witnesses } as `readKeys` makes them
  constructor(given) {
    this.given = given;
    this.place = "start";
    this.overKeys = new Map();
    this.overIds = new Map();
    this.lastStatement = -1;
    this.counts = { grants: 0, events: 0, statements: 0 };
    this.grantId = "";
    this.group = null;
    this.told = [];
  }

  line(kind, content, before) {
    if (kind === "event" && isObject(content)) this.eventId = namedIn(content.body);
    const inGroup = this.group && this.group.events < this.group.size;
    const allowed = inGroup ? (this.group.events ? ["event"] : [...BESIDE, "event"]) : ORDER[this.place];
    need(allowed.includes(kind), `a line ${kind} may not stand here`);
    need(["disclosure", "withheld"].includes(kind) || isObject(content), `the content of ${kind} is not an object`);
    this[kind](content, before);
  }

  over(map, key, limit) {
    return map.has(key) && BigInt(map.get(key)) < limit;
  }

  needSigner(keys, limit, what) {
    need(keys.some((each) => !this.over(this.overKeys, each, BigInt(limit))), `${what} is signed by keys that were over`);
  }

  bundle(content) {
    need(content.schema === SCHEMA, `the schema is not ${SCHEMA}`);
    this.log = string(content.log, "log");
    this.names = [this.log, ...list(content.former_names, "former_names").map((each) => string(each, "a former name"))];
    this.complete = boolean(content.complete, "complete");
    this.personal = boolean(content.personal, "personal");
    need(isObject(content.selection), "selection is not an object");
    string(content.issuer, "issuer");
    time(content.made_at, "made_at");
    const own = list(content.keys, "keys").map((each) => {
      need(isObject(each), "a key is not an object");
      string(each.key_id, "key_id");
      return { ...verifierKey(each.key), revoked: (each.revoked_at ?? null) !== null };
    });
    const ownKeys = own.filter((each) => each.type === 1);
    const revoked = ownKeys.filter((each) => each.revoked).map((each) => each.public);
    this.revoked = new Set([...revoked, ...(this.given?.revoked ?? [])]);
    const trusted = this.given ? this.given.keys : ownKeys.filter((each) => !each.revoked).map((each) => each.public);
    this.trusted = new Set(trusted);
    this.known = new Set([...trusted, ...ownKeys.map((each) => each.public)]);
    const checkpoint = note(content.checkpoint, "the checkpoint");
    this.head = treeHead(checkpoint.text, "the checkpoint");
    need(this.head.origin === this.log, "the checkpoint is one of another log");
    this.headSigners = signers(checkpoint, this.log, this.trusted, "the checkpoint");
    this.told.push(...cosignatures(checkpoint, this.given?.witnesses ?? []));
    this.place = "log";
  }

  statement(content) {
    const index = number(content.index, "index");
    need(index > this.lastStatement, "the statement does not stand behind the one before");
    const signed = note(content.note, "the statement");
    const body = signed.text.slice(0, -1);
    const says = object(body, "the statement");
    need(says.index === index, "the statement has another place");
    need(this.names.includes(says.log), "the statement is of another log");
    need(included(leafHash(body), index, this.head, proof(content.proof, "proof")), "the statement is not in the log");
    this.needSigner(signers(signed, says.log, this.known, "the statement"), index, "the statement");
    if (string(says.statement, "statement") === "keys") {
      for (const each of list(says.ended, "ended")) {
        need(isObject(each), "an ended key is not an object");
        const [key, id] = [verifierKey(each.key).public, string(each.key_id, "key_id")];
        if (!this.overKeys.has(key)) this.overKeys.set(key, index);
        if (!this.overIds.has(id)) this.overIds.set(id, index);
      }
    }
    if (says.statement === "resumed") {
      need(isObject(says.kept), "kept is not an object");
      need(/^[0-9a-f]{64}$/.test(string(says.kept.root, "kept.root")), "kept.root is not a hash");
      const kept = { size: BigInt(number(says.kept.size, "kept.size")), root: Buffer.from(says.kept.root, "hex") };
      need(consistent(kept, this.head, proof(content.consistency, "consistency")), "the log does not continue what was kept");
      const lost = list(says.lost, "lost").map((each) => number(each?.size, "a size in lost"));
      need(lost.length > 0, "nothing was lost");
      for (const name of ["at", "reason"]) string(says[name], name);
      this.told.push(`leaves ${kept.size} to ${Math.max(...lost) - 1} were lost before ${says.at}: ${says.reason}`);
    }
    this.lastStatement = index;
    this.counts.statements += 1;
  }

  consistency(content) {
    const checkpoint = note(content.checkpoint, "the checkpoint");
    const old = treeHead(checkpoint.text, "the checkpoint");
    need(this.names.includes(old.origin), "the checkpoint is one of another log");
    signers(checkpoint, old.origin, this.known, "the checkpoint");
    need(consistent(old, this.head, proof(content.proof, "proof")), "the log does not continue this checkpoint");
    this.told.push(`continues a checkpoint of ${old.size} leaves`);
  }

  // Rule 5, and the closing of the group before (rule 6).
  close() {
    if (this.place === "log") this.needSigner(this.headSigners, this.head.size, "the checkpoint");
    for (const [name, used] of this.group?.beside ?? []) need(used, `no event of the group before needs ${name}`);
    this.place = "group";
  }

  grant(content) {
    this.close();
    const id = string(content.grant_id, "grant_id");
    need(/^[\0-\x7f]+$/.test(id), "grant_id is empty or not ASCII");
    need(id > this.grantId, "the grant does not stand behind the one before");
    const size = number(content.events, "events");
    need(size >= 1, "a grant without events");
    this.grantId = id;
    this.group = { size, events: 0, before: "", index: -1 };
    // By hash: the pages; the digests of disclosures; what tombstones and withheld lines name; of all these, what was used.
    Object.assign(this.group, { snapshots: new Map(), disclosures: new Set(), named: new Set(), beside: new Map() });
    this.counts.grants += 1;
  }

  snapshot(content) {
    const text = string(content.content, "content");
    const name = `sha256:${sha256(text).toString("hex")}`;
    this.group.snapshots.set(name, object(text, "the snapshot"));
    this.group.beside.set(name, false);
  }

  disclosure(content) {
    need(this.personal, "a disclosure in a bundle without personal values");
    const bytes = Buffer.from(string(content, "the disclosure"), "base64url");
    need(bytes.toString("base64url") === content, "the disclosure is not base64url");
    const value = json(decode(bytes), "the disclosure");
    need(Array.isArray(value) && value.length === 3 && typeof value[1] === "string", "the disclosure is not salt, name and value");
    const digest = sha256(content).toString("base64url");
    this.group.disclosures.add(digest);
    this.group.beside.set(digest, false);
  }

  tombstone(content) {
    const subject = string(content.subject, "subject");
    this.group.named.add(subject);
    this.group.beside.set(subject, false);
  }

  withheld(content) {
    need(!this.personal, "a withheld snapshot in a bundle with personal values");
    this.group.named.add(string(content, "the hash of a snapshot"));
    this.group.beside.set(content, false);
  }

  event(content) {
    const group = this.group;
    const body = object(string(content.body, "body"), "body");
    const index = number(content.index, "index");
    need(body.grant_id === this.grantId, "the event is of another grant");
    need(body.sequence === group.events + 1, `the event is not number ${group.events + 1} of its grant`);
    need(body.prev_hash === group.before, "the event does not follow the one before");
    need(included(leafHash(content.body), index, this.head, proof(content.proof, "proof")), "the event is not in the log");
    need(index > group.index, "the event stands in the log before the one before it");
    need(!this.over(this.overIds, string(body.key_id, "key_id"), BigInt(index)), `the key ${body.key_id} was over`);
    need(isObject(body.evidence), "evidence is not an object");
    this.besides(group, body, string(body.evidence.snapshot_hash, "evidence.snapshot_hash"));
    group.before = string(content.record_hash, "record_hash");
    group.events += 1;
    group.index = index;
    this.counts.events += 1;
    this.eventId = undefined;
  }

  // Rule 10: the page that was shown, and the personal values, or what says where they are.
  besides(group, body, shown) {
    const snapshot = group.snapshots.get(shown);
    if (shown) {
      need(snapshot || group.named.has(shown), "the page that was shown is missing");
      group.beside.set(shown, true);
    }
    if (!this.personal) return;
    for (const digest of [...digestsOf(body), ...(snapshot ? digestsOf(snapshot) : [])]) {
      need(group.disclosures.has(digest) !== group.named.has(digest), `the personal value ${digest} is missing, or forgotten`);
      group.beside.set(digest, true);
    }
  }

  end(content, before) {
    this.close();
    const signed = note(content.note, "the end");
    const says = object(signed.text.slice(0, -1), "the end");
    need(says.bundle === SCHEMA, "the end is not one of a bundle");
    need(isNumber(says.size) && BigInt(says.size) === this.head.size, "size is not that of the checkpoint");
    for (const name of ["grants", "events", "statements"]) need(says[name] === this.counts[name], `${name} is not ${this.counts[name]}`);
    need(says.sha256 === before, "what stands before the end was changed");
    const found = signers(signed, this.log, this.trusted, "the end");
    need(found.some((each) => !this.overKeys.has(each) && !this.revoked.has(each)), "the end is signed by keys that are over");
    const all = this.counts.events + this.counts.statements;
    need(!this.complete || BigInt(all) === this.head.size, `of ${this.head.size} leaves there are ${all}`);
    this.place = "over";
    this.group = null;
  }
}

// The event that a body names; undefined where it names none.
function namedIn(body) {
  try {
    const { event_id: id } = object(string(body, "body"), "body");
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

// ---- files

function verify(packed, given = null) {
  const checks = new Verifier(given);
  const hashed = crypto.createHash("sha256");
  let line = 1;
  try {
    const bytes = unpack(packed);
    need(bytes.subarray(0, BEGIN.length).equals(BEGIN), "this is no bundle");
    for (let at = 0; at < bytes.length; line += 1) {
      const end = bytes.indexOf(LF, at);
      need(end >= 0, "the line does not end with a line feed");
      need(end + 1 - at <= LONGEST_LINE, "the line is too long");
      const raw = bytes.subarray(at, end + 1);
      const value = object(decode(raw.subarray(0, -1)), "the line");
      const kinds = Object.keys(value);
      need(kinds.length === 1, "the line has not exactly one member");
      checks.line(kinds[0], value[kinds[0]], hashed.copy().digest("hex"));
      hashed.update(raw);
      at = end + 1;
    }
    need(checks.place === "over", "the bundle has no end");
  } catch (error) {
    if (error instanceof Fault) return { holds: false, line, event: checks.eventId, fault: error.message };
    throw error;
  }
  return { holds: true, ...checks.counts, size: checks.head.size, log: checks.log, complete: checks.complete, told: checks.told };
}

function unpack(bytes) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return zlib.gunzipSync(bytes);
  } catch {
    throw new Fault("the file cannot be unpacked");
  }
}

function main([file, keys, ...more]) {
  try {
    if (!file || more.length) throw new WrongUse("usage: independent_verify.js BUNDLE [KEYS]");
    let given = null;
    try {
      given = keys ? readKeys(fs.readFileSync(keys, "utf8")) : null;
    } catch (error) {
      throw error instanceof Fault ? new WrongUse(`${keys}: ${error.message}`) : error;
    }
    const found = verify(fs.readFileSync(file), given);
    if (!found.holds) {
      console.log(`line ${found.line}${found.event ? `, event ${found.event}` : ""}: ${found.fault}`);
      return 1;
    }
    const part = found.complete ? "all of the log" : "a part of the log";
    console.log(`holds: ${part} ${found.log} at ${found.size} leaves: ${found.grants} grants, ${found.events} events, ${found.statements} statements`);
    for (const told of found.told) console.log(told);
    if (!given) console.log("checked with its own keys: it is of one piece; who made it, that does not show");
    return 0;
  } catch (error) {
    console.error(error.message);
    return error instanceof WrongUse || error.code === "ENOENT" ? 2 : 75;
  }
}

export { readKeys, verify };
if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
