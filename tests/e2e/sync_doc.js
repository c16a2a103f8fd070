// A handheld written from docs/SYNC.md alone, as far as its vectors and its worked exchange go: node's own SHA-256 and
// Ed25519, a reader of protobuf's wire format of twenty lines, nothing of the product. Ends with 1 at the first
// difference and says which.
'use strict';
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');

const text = fs.readFileSync(process.argv[2], 'utf8');
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts)).digest();
const ascii = (words) => Buffer.from(words, 'latin1');
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; };
const u16 = (n) => { const b = Buffer.alloc(2); b.writeUInt16LE(n); return b; };
const i64 = (n) => { const b = Buffer.alloc(8); b.writeBigInt64LE(BigInt(n)); return b; };

// --- Ed25519 with raw keys ------------------------------------------------------------------------------------------

const publicKey = (raw) =>
  crypto.createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' });
const secretKey = (seed) =>
  crypto.createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
const verifies = (message, key, signature) => crypto.verify(null, message, publicKey(key), signature);

// --- the document ---------------------------------------------------------------------------------------------------

const part = (name) => text.split(`<!-- made: ${name} -->`)[1].split('<!-- end -->')[0];
const blocks = (words, language) =>
  [...words.matchAll(new RegExp('```' + language + '\\n([^`]*)\\n```', 'g'))].map((found) => found[1]);

/** "name   hex", goes on in lines that begin with a blank. */
function table(block) {
  const rows = {};
  let last;
  for (const line of block.split('\n')) {
    const [, name, hex] = line.match(/^(.*?) +([0-9a-f]+)$/);
    if (name.trim()) last = name.trim();
    rows[last] = (rows[last] || '') + hex;
  }
  return Object.fromEntries(Object.entries(rows).map(([name, hex]) => [name, Buffer.from(hex, 'hex')]));
}

const same = (what, found, expected) => assert.equal(found.toString('hex'), expected.toString('hex'), what);

// --- section 4 and 6 ------------------------------------------------------------------------------------------------

const link = (previous, id, body, dependsOn = []) => sha256(ascii('jiancha-link-1\0'), previous, id, sha256(body), ...dependsOn);
const leaf = (device, operations) =>
  sha256(ascii('jiancha-receipt-leaf-1\0'), device, u32(operations.length),
    ...operations.map(({ id, no, body }) => Buffer.concat([id, i64(no), sha256(body)])), u32(0));
const node = (left, right) => sha256(Buffer.from([1]), left, right);
const statement = (root, { agency, length, head, serverMs, backedUpThrough, keyId }) =>
  Buffer.concat([ascii('jiancha-receipt-1\0'), root, u16(Buffer.byteLength(agency)), Buffer.from(agency), i64(length), head,
    i64(serverMs), i64(backedUpThrough), keyId]);
const keyIdOf = (key) => sha256(key).subarray(0, 8);
const entityHash = (kind, id, message) => sha256(Buffer.from([kind]), u32(id.length), id, message);

function checkVectors() {
  const v = table(blocks(part('vectors'), 'text')[0]);
  const zeros = Buffer.alloc(32), body = ascii('body'), secret = secretKey(v['seed of it']);
  const sign = (message) => crypto.sign(null, message, secret);
  same('public key', crypto.createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(12), v['public key']);
  same('body', sha256(body), v['SHA-256("body")']);
  same('first link', link(zeros, v['first id'], body), v['first link']);
  same('second link', link(v['first link'], v['second id'], body, [v['first id']]), v['second link']);
  same('seal', sign(Buffer.concat([ascii('jiancha-seal-1\0'), v['second link']])), v['its seal']);
  const first = { id: v['first id'], no: 1, body }, second = { id: v['second id'], no: 2, body };
  same('leaf', leaf(v['device id'], [first, second]), v['leaf, both']);
  same('leaf of one', leaf(v['device id'], [first]), v['leaf, first only']);
  same('root', node(v['leaf, both'], v['leaf, first only']), v['root of the two']);
  same('key id', keyIdOf(v["server's key"]), v['its key id']);
  const signed = statement(v['root of the two'], { agency: 'hn', length: 2, head: v['second link'], serverMs: 1673312400000,
    backedUpThrough: 1, keyId: v['its key id'] });
  assert.ok(verifies(signed, v["server's key"], v['receipt signature']), 'receipt');
  same('entity', entityHash(1, v['first id'], body), v['entity hash']);
  same('bundle', sign(Buffer.concat([ascii('jiancha-bundle-1\0'), sha256(body)])), v['bundle signature']);
  assert.ok(verifies(Buffer.concat([ascii('jiancha-key-1\0'), v['public key']]), v["server's key"], v.endorsement), 'endorsement');
  same('abc', sha256(ascii('abc')), v['SHA-256("abc")']);
  return v;
}

// --- section 9 ------------------------------------------------------------------------------------------------------

function checkBundle(deviceKey) {
  const { 'whole file': file, 'SHA-256 in END': expected } = table(blocks(part('bundle'), 'text')[0]);
  const magic = ascii('JCBUNDLE1\n');
  same('magic', file.subarray(0, magic.length), magic);
  const types = [];
  let at = magic.length, end;
  for (; at < file.length; at += 5 + file.readUInt32LE(at)) {
    types.push(file[at + 4]);
    end = at;
  }
  assert.deepEqual([at, types], [file.length, [1, 127]], 'frames');
  const hash = sha256(file.subarray(0, end)), fields = wire(file.subarray(end + 5));
  same('END', hash, expected);
  same('END in the file', fields[1][0], expected);
  assert.ok(verifies(Buffer.concat([ascii('jiancha-bundle-1\0'), hash]), deviceKey, fields[2][0]), 'bundle');
}

// --- section 10 -----------------------------------------------------------------------------------------------------

/** Fields of a message in protobuf's wire format: numbers as BigInt, everything else as bytes. */
function wire(bytes) {
  const fields = {};
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint(), field = Number(tag >> 3n);
    assert.ok((tag & 7n) === 0n || (tag & 7n) === 2n, 'wire type');
    const value = varint();
    (fields[field] ||= []).push((tag & 7n) === 0n ? value : bytes.subarray(at, (at += Number(value))));
  }
  return fields;
}

const millis = (stamp) => Number(wire(stamp)[1]?.[0] ?? 0n) * 1000 + Number(wire(stamp)[2]?.[0] ?? 0n) / 1e6;
const base64 = (words) => Buffer.from(words, 'base64');

function checkExchange() {
  const words = part('exchange');
  const [known, ...binary] = blocks(words, 'text');
  const [, request, answer] = blocks(words, 'json').map((json) => JSON.parse(json));
  const keys = table(known);
  const [body, sent, got] = binary.map((hex) => Buffer.from(hex.replace(/\n/g, ''), 'hex'));
  const operation = wire(wire(sent)[2][0]), [inJson] = request.operations;
  same('body', operation[2][0], body);
  same('body in JSON', base64(inJson.body), body);
  same('id in JSON', base64(inJson.id), operation[1][0]);
  const itsLink = link(operation[6][0], operation[1][0], body);
  assert.ok(verifies(Buffer.concat([ascii('jiancha-seal-1\0'), itsLink]), keys["device's key"], operation[7][0]), 'seal');
  same('seal in JSON', base64(inJson.seal), operation[7][0]);

  const response = wire(got), result = wire(response[1][0]), receipt = wire(response[7][0]);
  same('result', result[1][0], operation[1][0]);
  assert.equal(Number(result[2][0]), 1, 'applied');
  same('receipt names it', receipt[1][0], operation[1][0]);
  same('key', receipt[7][0], keyIdOf(keys["server's key"]));
  assert.equal(receipt[9], undefined, 'path');
  const root = leaf(keys['device id'], [{ id: receipt[1][0], no: result[6][0], body }]);
  const signed = statement(root, { agency: receipt[10][0].toString(), length: receipt[2][0], head: receipt[3][0],
    serverMs: millis(receipt[4][0]), backedUpThrough: receipt[5]?.[0] ?? 0n, keyId: receipt[7][0] });
  assert.ok(verifies(signed, keys["server's key"], receipt[8][0]), 'receipt');
  same('signature in JSON', base64(answer.receipt.signature), receipt[8][0]);
  same('cursor in JSON', base64(answer.cursor), response[3][0]);
  assert.equal(answer.results[0].operationNo, String(result[6][0]), 'row');
}

function checkUpload() {
  const [, encoded] = part('upload').match(/sha256 ([A-Za-z0-9+/=]+),/);
  assert.equal(base64(encoded).toString(), sha256(ascii('abc')).toString('hex'), 'hash in hex digits');
}

const vectors = checkVectors();
checkBundle(vectors['public key']);
checkExchange();
checkUpload();
console.log('docs/SYNC.md says what it does');
