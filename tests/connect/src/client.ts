// The smallest story of a year told by a client that is not ours: connect-node, and code generated from
// the contract. Everything it knows is where the server listens and the first one-time password.
//
//   node dist/client.js URL LOGIN ONE_TIME_PASSWORD
//
// The database holds the Huainan plan with January released. Exit status 0 if all is as expected.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { create, equals, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport } from "@connectrpc/connect-node";
import { DeviceService } from "./gen/jiancha/v1/device_service_pb.js";
import { ErrorDetailSchema, FieldViolationSchema } from "./gen/jiancha/v1/error_pb.js";
import { DocumentKind, InspectionOutcome, InspectionSchema, type Inspection } from "./gen/jiancha/v1/inspection_pb.js";
import { GetPlanResponseSchema, PlanService } from "./gen/jiancha/v1/plan_service_pb.js";
import { ListUnitsResponseSchema, RegistryService } from "./gen/jiancha/v1/registry_service_pb.js";
import { ReportService } from "./gen/jiancha/v1/report_service_pb.js";
import { ReviewService } from "./gen/jiancha/v1/review_service_pb.js";
import { Role, SessionService } from "./gen/jiancha/v1/session_service_pb.js";
import { OperationBodySchema, OperationSchema, OperationStatus, type Operation } from "./gen/jiancha/v1/sync_pb.js";
import { SyncService, type SyncResponse } from "./gen/jiancha/v1/sync_service_pb.js";
import { TaskKind, TaskState, type Task } from "./gen/jiancha/v1/task_pb.js";
import { ListTasksResponseSchema, TaskService } from "./gen/jiancha/v1/task_service_pb.js";

const [url, login, oneTimePassword] = process.argv.slice(2);
assert.ok(url && login && oneTimePassword, "usage: client.js URL LOGIN ONE_TIME_PASSWORD");

const TEAM = "hn-t1";
const INSPECTORS = ["hn-t1-01", "hn-t1-02"];
const NEW_PASSWORD = "a password of my own";

/** Bodies of more than a few bytes go out as gzip, and answers may come as gzip; `json` says it in JSON, `get` asks
 * with GET what only reads. */
function transport(token?: string, { json = false, get = false } = {}): Transport {
  const headers: Interceptor = (next) => (request) => {
    if (token) request.header.set("Authorization", `Bearer ${token}`);
    request.header.set("Accept-Language", "en");
    return next(request);
  };
  return createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    useBinaryFormat: !json,
    useHttpGet: get,
    interceptors: [headers],
    acceptCompression: [compressionGzip],
    sendCompression: compressionGzip,
    compressMinBytes: 64,
  });
}

/** The call fails with this code, these words, and the sentence in both languages. */
async function fails(code: Code, words: RegExp, call: Promise<unknown>): Promise<void> {
  const error: ConnectError = await call.then(
    () => assert.fail(`expected ${Code[code]}`),
    (reason: unknown) => ConnectError.from(reason),
  );
  assert.equal(Code[error.code], Code[code], error.message);
  assert.match(error.rawMessage, words);
  const [detail] = error.findDetails(ErrorDetailSchema);
  assert.ok(detail, "an ErrorDetail");
  assert.equal(detail.messageEn, error.rawMessage);
  assert.match(detail.messageZh, /\p{Script=Han}/u);
}

// --- people -------------------------------------------------------------------------------------------

/** Signs in with the one-time password, changes it, and returns a token that may do everything. */
async function signIn(): Promise<string> {
  const stranger = createClient(SessionService, transport());
  await fails(Code.Unauthenticated, /wrong/, stranger.login({ login, password: "not the password" }));
  await fails(Code.Unauthenticated, /wrong/, stranger.login({ login: "nobody", password: oneTimePassword }));
  await fails(Code.Unauthenticated, /sign in/, stranger.getSelf({}));
  await fails(Code.Unauthenticated, /not valid/, createClient(SessionService, transport("made-up")).getSelf({}));
  await fails(Code.InvalidArgument, /"login"/, stranger.login({ login: "a\0b", password: "x" }));

  const { token, person } = await stranger.login({ login, password: oneTimePassword });
  assert.equal(person?.mustChangePassword, true);
  assert.deepEqual(person.roles, [Role.ADMIN]);
  const admin = transport(token);
  await fails(Code.PermissionDenied, /one-time/, createClient(TaskService, admin).listTasks({}));
  const session = createClient(SessionService, admin);
  await fails(
    Code.InvalidArgument,
    /at least/,
    session.changePassword({ oldPassword: oneTimePassword, newPassword: "short" }),
  );
  await session.changePassword({ oldPassword: oneTimePassword, newPassword: NEW_PASSWORD });
  assert.equal((await session.getSelf({})).person?.mustChangePassword, false);
  await fails(Code.Unauthenticated, /wrong/, stranger.login({ login, password: oneTimePassword }));
  return token;
}

async function readRegister(admin: Transport): Promise<void> {
  const registry = createClient(RegistryService, admin);
  assert.match((await registry.getAgency({})).agency?.name ?? "", /淮南/);
  assert.equal((await registry.listTeams({})).teams.length, 6);
  const seen: string[] = [];
  for (let pageToken = ""; ; ) {
    const page = await registry.listUnits({ pageSize: 50, pageToken });
    seen.push(...page.units.map((unit) => unit.unitId));
    pageToken = page.nextPageToken;
    if (!pageToken) break;
  }
  assert.equal(seen.length, 102);
  assert.equal(new Set(seen).size, 102);
  assert.equal((await registry.getUnit({ unitId: seen[0] })).unit?.unitId, seen[0]);
  await fails(Code.NotFound, /no-such-unit/, registry.getUnit({ unitId: "no-such-unit" }));
  await fails(Code.InvalidArgument, /page_size/, registry.listUnits({ pageSize: -1 }));
}

async function readPlan(admin: Transport): Promise<void> {
  const { plan } = await createClient(PlanService, admin).getPlan({});
  assert.equal(plan?.visits.length, 157);
  await fails(Code.NotFound, /99/, createClient(PlanService, admin).getPlan({ version: 99 }));
  assert.equal((await createClient(ReviewService, admin).listReviews({})).reviews.length, 0);
  await fails(Code.InvalidArgument, /2023-02-30/, createClient(ReportService, admin).getRates({ asOf: "2023-02-30" }));
}

// --- a terminal -----------------------------------------------------------------------------------------

interface Terminal {
  deviceId: Uint8Array;
  transport: Transport;
  key: KeyObject;
}

async function enrol(admin: Transport): Promise<Terminal> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url"));
  const { code } = await createClient(DeviceService, admin).createInvitation({ inspectorId: INSPECTORS[0] });
  const stranger = createClient(DeviceService, transport());
  const request = { code, deviceName: "a handheld in TypeScript", publicKey: raw, appVersion: "1.0" };
  await fails(Code.Unauthenticated, /wrong/, stranger.enroll({ ...request, code: "0000-0000-0000-0000" }));
  const enrolled = await stranger.enroll(request);
  assert.equal(enrolled.teamId, TEAM);
  assert.equal(enrolled.inspectorId, INSPECTORS[0]);
  const other = new Uint8Array(randomBytes(32));
  await fails(Code.Unauthenticated, /has been used/, stranger.enroll({ ...request, publicKey: other }));
  return { deviceId: enrolled.deviceId, transport: transport(enrolled.token), key: privateKey };
}

/** UUIDv7 (RFC 9562). */
function uuid7(): Uint8Array {
  const id = new Uint8Array(randomBytes(16));
  new DataView(id.buffer).setUint32(0, Math.floor(Date.now() / 0x10000));
  new DataView(id.buffer).setUint16(4, Date.now() % 0x10000);
  id[6] = (id[6] & 0x0f) | 0x70;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}

/** A command, serialised once and signed. */
function submit(terminal: Terminal, inspection: Inspection): Operation {
  const body = create(OperationBodySchema, {
    deviceTime: timestampFromDate(new Date()),
    command: { case: "submitInspection", value: { inspection } },
  });
  const bytes = toBinary(OperationBodySchema, body);
  const signature = new Uint8Array(sign(null, bytes, terminal.key));
  return create(OperationSchema, { id: uuid7(), body: bytes, signature });
}

/** Pulls until there is no more; returns every page. */
async function pull(terminal: Terminal): Promise<SyncResponse[]> {
  const sync = createClient(SyncService, terminal.transport);
  const pages: SyncResponse[] = [];
  let cursor = new Uint8Array();
  do {
    pages.push(await sync.sync({ cursor, pageBytes: 8192, report: { appVersion: "1.0", unsent: 1 } }));
    cursor = pages[pages.length - 1].cursor;
  } while (pages[pages.length - 1].hasMore);
  return pages;
}

function inspectionOf(task: Task, first: SyncResponse): Inspection {
  const block = first.numberBlocks.find((candidate) => candidate.kind === DocumentKind.RECORD);
  assert.ok(block, "a leased block of record numbers");
  const start = new Date("2023-01-10T09:00:00+08:00");
  return create(InspectionSchema, {
    inspectionId: uuid7(),
    taskId: task.taskId,
    unitId: task.unitId,
    startedAt: timestampFromDate(start),
    endedAt: timestampFromDate(new Date(start.getTime() + 3 * 3600 * 1000)),
    inspectorIds: INSPECTORS,
    mode: task.mode,
    outcome: InspectionOutcome.COMPLETED,
    place: "生产车间",
    checklistId: task.checklistId,
    signature: { result: { case: "signed", value: { name: "王某", position: "安全总监" } } },
    workdays: [{ teamId: TEAM, workdaysCenti: 200n }],
    notes: "未发现问题",
    documentNumber: { kind: block.kind, year: block.year, number: block.first },
  });
}

async function inspect(terminal: Terminal): Promise<void> {
  const tasks = createClient(TaskService, terminal.transport);
  const open = (await tasks.listTasks({ state: TaskState.OPEN })).tasks;
  assert.ok(open.length > 0, "January is released");
  assert.ok(open.every((task) => task.teamId === TEAM));
  await fails(Code.PermissionDenied, /hn-t2/, tasks.listTasks({ teamId: "hn-t2" }));
  await fails(Code.PermissionDenied, /role/, createClient(PlanService, terminal.transport).getPlan({}));

  const pages = await pull(terminal);
  assert.ok(pages.length > 1, "several pages");
  const pulled = pages.flatMap((page) => page.changes).filter((change) => change.entity.case === "task");
  assert.equal(pulled.length, open.length);

  const task = open.find((candidate) => candidate.kind === TaskKind.VISIT);
  assert.ok(task);
  const operation = submit(terminal, inspectionOf(task, pages[0]));
  const sync = createClient(SyncService, terminal.transport);
  const cursor = pages[pages.length - 1].cursor;
  const answer = await sync.sync({ cursor, operations: [operation] });
  assert.equal(answer.results.length, 1);
  assert.equal(answer.results[0].status, OperationStatus.APPLIED, answer.results[0].reasonEn);
  assert.deepEqual(answer.results[0].id, operation.id);
  assert.deepEqual(answer.receipt?.operationIds, [operation.id]);

  const again = await sync.sync({ cursor, operations: [operation] }); // as after a lost answer
  assert.deepEqual(again.results, answer.results);
  assert.equal(again.receipt?.chainLength, answer.receipt.chainLength);

  const left = (await tasks.listTasks({ state: TaskState.OPEN })).tasks;
  assert.equal(left.length, open.length - 1);
  assert.ok(left.every((candidate) => Buffer.compare(candidate.taskId, task.taskId) !== 0));
}

async function revoke(admin: Transport, terminal: Terminal): Promise<void> {
  const devices = createClient(DeviceService, admin);
  const [board] = (await devices.listDevices({})).devices;
  assert.deepEqual(board.deviceId, terminal.deviceId);
  assert.ok(board.lastSeenAt && !board.revokedAt);
  await fails(Code.PermissionDenied, /role/, createClient(SyncService, admin).sync({}));
  await fails(Code.PermissionDenied, /role/, createClient(DeviceService, terminal.transport).listDevices({}));
  await fails(Code.NotFound, /no device/, devices.revokeDevice({ deviceId: uuid7() }));
  await fails(Code.InvalidArgument, /16 bytes/, devices.revokeDevice({ deviceId: new Uint8Array(3) }));
  await devices.revokeDevice({ deviceId: terminal.deviceId });
  await fails(Code.Unauthenticated, /revoked/, createClient(SyncService, terminal.transport).sync({}));
}

async function readReport(admin: Transport): Promise<void> {
  const { rows } = await createClient(ReportService, admin).getCompletion({ asOf: "2023-01-31" });
  const january = rows.find((row) => row.teamId === TEAM && row.month === 1);
  assert.equal(january?.done, 1);
  assert.equal(january.usedWorkdaysCenti, 200n);
}

/** A call with a deadline (Connect-Timeout-Ms) that holds, and one whose deadline has passed when it arrives. */
async function withDeadline(token: string): Promise<void> {
  const call = createClient(SessionService, transport(token)).getSelf({}, { timeoutMs: 60_000 });
  assert.equal((await call).person?.login, login);
  const late = createClient(SessionService, transport(token));
  await fails(Code.DeadlineExceeded, /deadline/, late.getSelf({}, { headers: { "Connect-Timeout-Ms": "0" } }));
  await fails(Code.InvalidArgument, /milliseconds/, late.getSelf({}, { headers: { "Connect-Timeout-Ms": "soon" } }));
}

/** The same answers whichever way it is asked: proto and JSON, POST and GET, and errors with all their details. */
async function everyWay(token: string): Promise<void> {
  const ways = [{}, { json: true }, { get: true }, { json: true, get: true }].map((how) => transport(token, how));
  const registers = ways.map((way) => createClient(RegistryService, way));
  const pages = await Promise.all(registers.map((registry) => registry.listUnits({ pageSize: 100 })));
  const plans = await Promise.all(ways.map((way) => createClient(PlanService, way).getPlan({})));
  const open = { state: TaskState.OPEN };
  const tasks = await Promise.all(ways.map((way) => createClient(TaskService, way).listTasks(open)));
  for (const page of pages) assert.ok(equals(ListUnitsResponseSchema, page, pages[0]));
  for (const plan of plans) assert.ok(equals(GetPlanResponseSchema, plan, plans[0]));
  for (const list of tasks) assert.ok(equals(ListTasksResponseSchema, list, tasks[0]));
  assert.ok(pages[0].units.length > 1 && tasks[0].tasks.length > 1);
  const unitIds = pages[0].units.map((unit) => unit.unitId);
  for (const registry of registers) {
    assert.equal((await registry.getUnit({ unitId: unitIds[1] })).unit?.unitId, unitIds[1]);
    await fails(Code.NotFound, /没有|no /, registry.getUnit({ unitId: "淮南 ☺ 😈" }));
    await fails(Code.InvalidArgument, /page_size/, registry.listUnits({ pageSize: -1 }));
    const error = await registry.getUnit({ unitId: "a\0b" }).then(
      () => assert.fail("a NUL"),
      (reason: unknown) => ConnectError.from(reason),
    );
    assert.equal(Code[error.code], Code[Code.InvalidArgument]);
    assert.deepEqual(
      error.findDetails(FieldViolationSchema).map((violation) => violation.field),
      ["unit_id"],
    );
  }
  const stranger = createClient(RegistryService, transport(undefined, { get: true }));
  await fails(Code.Unauthenticated, /sign in/, stranger.getAgency({}));
}

const token = await signIn();
const admin = transport(token);
await readRegister(admin);
await readPlan(admin);
const terminal = await enrol(admin);
await inspect(terminal);
await readReport(admin);
await revoke(admin, terminal);
await withDeadline(token);
await everyWay(token);
await createClient(SessionService, admin).logout({});
await fails(Code.Unauthenticated, /not valid/, createClient(SessionService, admin).getSelf({}));
console.log("all as expected");
