// Photos sent by a client that is not ours: tus-js-client, as it is, over a net that cuts connections.
//
//   node dist/tus.js URL TOKEN FILE...
//
// Each file is sent once plain and once in pieces with a checksum, whatever the net does; one upload is left in the
// middle and gone on with by a new object, as after a restart; one is given up. Prints "cuts survived: N".
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as tus from "tus-js-client";

const [url, token, ...files] = process.argv.slice(2);
assert.ok(url && token && files.length, "usage: tus.js URL TOKEN FILE...");

const RETRIES = 200;
let survived = 0;

const hash = (bytes: Buffer, algorithm: string) => createHash(algorithm).update(bytes).digest();

/** The upload of these bytes; `finished` is true once the server has them all. */
function upload(bytes: Buffer, more: tus.UploadOptions): { it: tus.Upload; finished: Promise<void> } {
  let settle: { resolve: () => void; reject: (reason: unknown) => void };
  const finished = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
  const it = new tus.Upload(bytes, {
    endpoint: `${url}/blobs`,
    headers: { Authorization: `Bearer ${token}` },
    metadata: { sha256: hash(bytes, "sha256").toString("hex"), filetype: "image/jpeg" },
    retryDelays: Array(RETRIES).fill(0),
    storeFingerprintForResuming: false,
    onShouldRetry: () => {
      survived++;
      return true;
    },
    onSuccess: () => settle.resolve(),
    onError: (error) => settle.reject(error),
    ...more,
  });
  return { it, finished };
}

/** Gives each PATCH the checksum of its bytes. */
function withChecksum(bytes: Buffer, chunkSize: number, algorithm: string): tus.UploadOptions {
  return {
    chunkSize,
    onBeforeRequest: (request) => {
      if (request.getMethod() !== "PATCH") return;
      const offset = Number(request.getHeader("Upload-Offset"));
      const digest = hash(bytes.subarray(offset, offset + chunkSize), algorithm).toString("base64");
      request.setHeader("Upload-Checksum", `${algorithm} ${digest}`);
    },
  };
}

async function whole(bytes: Buffer, more: tus.UploadOptions): Promise<void> {
  const { it, finished } = upload(bytes, more);
  it.start();
  await finished;
}

/** Leaves an upload after its first piece; a new one goes on there and not from the beginning. */
async function resumed(bytes: Buffer): Promise<void> {
  const chunkSize = 64 << 10;
  const first = upload(bytes, { chunkSize });
  const left = new Promise<string>((resolve) => {
    first.it.options.onChunkComplete = () => {
      first.it.abort().then(() => resolve(first.it.url!));
    };
  });
  first.it.start();
  const uploadUrl = await left;
  const offsets: number[] = [];
  const second = upload(bytes, {
    uploadUrl,
    chunkSize,
    onBeforeRequest: (request) => {
      if (request.getMethod() === "PATCH") offsets.push(Number(request.getHeader("Upload-Offset")));
    },
  });
  second.it.start();
  await second.finished;
  assert.ok(offsets[0] >= chunkSize, `goes on at ${offsets[0]}`);
}

/** Gives an upload up: the server forgets it, and asking for it fails. */
async function terminated(bytes: Buffer): Promise<void> {
  const { it } = upload(bytes, { chunkSize: 64 << 10 });
  const begun = new Promise<void>((resolve) => (it.options.onChunkComplete = () => resolve()));
  it.start();
  await begun;
  const gone = it.url!;
  await it.abort(true);
  const answer = await fetch(gone, {
    method: "HEAD",
    headers: { Authorization: `Bearer ${token}`, "Tus-Resumable": "1.0.0" },
  });
  assert.equal(answer.status, 404);
}

/** Bytes with a checksum of others are not taken, and the upload stays where it was. */
async function refused(bytes: Buffer): Promise<void> {
  const { it, finished } = upload(bytes, {
    onShouldRetry: () => false,
    onBeforeRequest: (request) => {
      if (request.getMethod() !== "PATCH") return;
      request.setHeader("Upload-Checksum", `sha1 ${hash(Buffer.from("others"), "sha1").toString("base64")}`);
    },
  });
  it.start();
  const error = await finished.then(
    () => assert.fail("taken"),
    (reason: tus.DetailedError) => reason,
  );
  assert.equal(error.originalResponse?.getStatus(), 460);
  await whole(bytes, {});
}

const contents = files.map((file) => readFileSync(file));
const cutting = process.env.TUS_STEADY !== "1";
if (cutting) {
  for (const [index, bytes] of contents.entries()) {
    await whole(bytes, index % 2 ? withChecksum(bytes, 50_000, index % 4 === 1 ? "sha1" : "sha256") : {});
  }
} else {
  const [a, b, c] = contents;
  await resumed(a);
  await terminated(b);
  await refused(c);
}
console.log(`cuts survived: ${survived}`);
