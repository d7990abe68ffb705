// Judges the signed fixtures (argument: their index.json) as a receiver on Node.js would: by the stock library for the
// shared secret, and by Node's own Ed25519 for the public key. Prints {name: "accept" or "reject"}.
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const index = JSON.parse(readFileSync(process.argv[2], "utf8"));
const raw = Buffer.from(index.public_key.slice("whpk_".length), "base64");
const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") } });

function byPublicKey(headers, body) {
  const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
  return headers["webhook-signature"]
    .split(" ")
    .filter((one) => one.startsWith("v1a,"))
    .some((one) => verify(null, signed, key, Buffer.from(one.slice("v1a,".length), "base64")));
}

function bySecret(headers, body) {
  try {
    new Webhook(index.secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

const verdicts = index.fixtures.map(({ name, verify_with, headers, body_base64 }) => {
  const body = Buffer.from(body_base64, "base64");
  const good = verify_with === "secret" ? bySecret(headers, body) : byPublicKey(headers, body);
  return [name, good ? "accept" : "reject"];
});
console.log(JSON.stringify(Object.fromEntries(verdicts)));
