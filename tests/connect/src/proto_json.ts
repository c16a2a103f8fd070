// Our ProtoJSON read and written by protobuf-es, which is not ours.
//
//   node dist/proto_json.js SAMPLES
//
// Each line of SAMPLES (tests/test_proto_json.c writes them) is a type, a message of it in base64, and the
// JSON we write for it. Exit status 0 if protobuf-es writes the same JSON and reads ours as the same message.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRegistry, fromBinary, fromJsonString, toBinary, toJson } from "@bufbuild/protobuf";
import type { DescFile } from "@bufbuild/protobuf";

const [path] = process.argv.slice(2);
assert.ok(path, "usage: proto_json.js SAMPLES");

/** Every generated file exports its descriptor as file_jiancha_v1_…. */
const files: DescFile[] = [];
const folder = new URL("./gen/jiancha/v1/", import.meta.url);
for (const name of readdirSync(folder).filter((name) => name.endsWith("_pb.js"))) {
  const module = (await import(new URL(name, folder).href)) as Record<string, unknown>;
  for (const [key, value] of Object.entries(module)) if (key.startsWith("file_")) files.push(value as DescFile);
}
const registry = createRegistry(...files);

let count = 0;
const types = new Set<string>();
for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean)) {
  const [type, base64] = line.split(" ", 2);
  const ours = line.slice(type.length + base64.length + 2);
  const schema = registry.getMessage(type);
  assert.ok(schema, type);
  const message = fromBinary(schema, Buffer.from(base64, "base64"));
  assert.deepEqual(JSON.parse(ours), toJson(schema, message), line);
  assert.deepEqual(toBinary(schema, fromJsonString(schema, ours)), toBinary(schema, message), line);
  types.add(type);
  count++;
}
assert.ok(types.size > 50, "samples of the whole contract");
console.log(`${count} messages of ${types.size} types agree`);
