-- Version 3: sync that never loses. Tables that change their shape are renamed, copied, and dropped children first.

ALTER TABLE operation RENAME TO v2_operation;
ALTER TABLE inspection RENAME TO v2_inspection;
ALTER TABLE inspection_workdays RENAME TO v2_inspection_workdays;
ALTER TABLE finding RENAME TO v2_finding;
ALTER TABLE photo RENAME TO v2_photo;
ALTER TABLE rectification_order RENAME TO v2_rectification_order;
ALTER TABLE recheck RENAME TO v2_recheck;
ALTER TABLE recheck_workdays RENAME TO v2_recheck_workdays;
ALTER TABLE review RENAME TO v2_review;
ALTER TABLE change RENAME TO v2_change;
DROP INDEX inspection_record;
DROP INDEX inspection_by_time;
DROP INDEX finding_by_inspection;
DROP INDEX finding_by_order;
DROP INDEX recheck_by_task;

-- Every command of every terminal, as received, chained (DESIGN section 6). op_key = agency_id * 2^40 +
-- operation_no: one b-tree in commit order. Row n's chain_hash covers row n-1's and this row's fields
-- (store/operation.h says how, by `format`), so nothing can be altered, removed or reordered unseen.
CREATE TABLE operation (
    op_key        @int64@ NOT NULL PRIMARY KEY,
    agency_id     @int64@ NOT NULL,
    id            @bytes@ NOT NULL,             -- UUIDv7 of the terminal
    format        @int64@ NOT NULL,             -- of chain_hash: 1 or 2
    device_id     @bytes@ NOT NULL,             -- 16 zeros: the server itself (decisions of people)
    inspector_id  TEXT NOT NULL,                -- who acted
    received_ms   @int64@ NOT NULL,
    estimated_ms  @int64@,                      -- when it was made by the server's clock, if the terminal's boot can be compared
    body          @bytes@,                      -- OperationBody; NULL when deleted under retention
    body_sha256   @bytes@ NOT NULL,
    previous      @bytes@ NOT NULL,             -- link of the device's operation before; empty in format 1
    seal          @bytes@ NOT NULL,             -- Ed25519 over its link; empty: a later one vouches. Format 1: over the body
    depends_on    @bytes@ NOT NULL,             -- 16-byte ids, one after another
    status        @int64@ NOT NULL,             -- jiancha.v1.OperationStatus
    code          @int64@ NOT NULL,             -- enum jc_code
    reason        @int64@ NOT NULL,             -- jiancha.v1.ReviewReason; 0: none
    reason_args   TEXT NOT NULL,                -- grounds of the verdict (store/verdict.h)
    chain_hash    @bytes@ NOT NULL,
    deleted_why   TEXT,                         -- retention
    UNIQUE (agency_id, id)
) @strict@;

-- Somebody used a known id for other bytes or from another device: the first stays, this is shown to people.
CREATE TABLE id_conflict (
    agency_id   @int64@ NOT NULL,
    conflict_no @int64@ NOT NULL,
    op_key      @int64@ NOT NULL,              -- the one that stays
    device_id   @bytes@ NOT NULL,
    received_ms @int64@ NOT NULL,
    body        @bytes@ NOT NULL,
    PRIMARY KEY (agency_id, conflict_no)
) @strict@;

-- Operations that wait for one that has not arrived: judged again when it has.
CREATE TABLE operation_waiting (
    agency_id  @int64@ NOT NULL,
    depends_on @bytes@ NOT NULL,
    op_key     @int64@ NOT NULL,
    PRIMARY KEY (agency_id, depends_on, op_key)
) @clustered@;

CREATE TABLE inspection (                      -- the record's own words are in its operation's body
    agency_id      @int64@ NOT NULL,
    inspection_id  @bytes@ NOT NULL,           -- UUIDv7
    op_key         @int64@ NOT NULL,
    task_id        @bytes@,                    -- NULL: ad hoc
    is_record      @bool@ NOT NULL,            -- 0: kept beside the task's record (conflict)
    late           @bool@ NOT NULL,            -- the task had been recalled or reassigned
    unit_id        TEXT NOT NULL,
    team_id        TEXT NOT NULL,              -- the lead's
    started_ms     @int64@ NOT NULL,
    ended_ms       @int64@ NOT NULL,
    inspector_ids  TEXT NOT NULL,              -- joined by ;
    mode           @int64@ NOT NULL,
    outcome        @int64@ NOT NULL,           -- jiancha.v1.InspectionOutcome
    workdays_centi @int64@ NOT NULL,           -- used by all teams together
    lead_centi     @int64@ NOT NULL,           -- of them the lead's; the others' are in inspection_workdays
    document_no    @int64@,
    document_year  @int64@,
    blobs_missing  @int64@ NOT NULL,           -- rows of record_blob without received_ms
    linked_to      @bytes@,                    -- by a decision: the inspection it belongs to
    PRIMARY KEY (agency_id, inspection_id)
) @clustered@;
CREATE UNIQUE INDEX inspection_record ON inspection (agency_id, task_id) WHERE is_record = 1 AND task_id IS NOT NULL;
CREATE INDEX inspection_by_unit ON inspection (agency_id, unit_id, ended_ms);
CREATE INDEX inspection_incomplete ON inspection (agency_id, op_key) WHERE blobs_missing > 0;

CREATE TABLE inspection_workdays (             -- of joined teams
    agency_id      @int64@ NOT NULL,
    inspection_id  @bytes@ NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi @int64@ NOT NULL,
    PRIMARY KEY (agency_id, inspection_id, team_id)
) @clustered@;

-- finding_key = op_key of the inspection's operation * 1024 + position (agency numbers stay below 8192):
-- one b-tree, appended.
CREATE TABLE finding (
    finding_key  @int64@ NOT NULL PRIMARY KEY,
    agency_id    @int64@ NOT NULL,
    finding_id   @bytes@ NOT NULL,             -- unique in its inspection
    outcome      @int64@ NOT NULL,             -- jiancha.v1.FindingOutcome
    major_hazard @bool@ NOT NULL,
    deadline_on  TEXT,
    order_id     @bytes@,                      -- once ordered
    corrected_on TEXT                          -- found corrected on site or by a recheck
) @strict@;
CREATE INDEX finding_by_order ON finding (agency_id, order_id) WHERE order_id IS NOT NULL;

-- Blobs a record names (photos, recordings, images of signatures); the bytes come later.
CREATE TABLE record_blob (
    agency_id     @int64@ NOT NULL,
    inspection_id @bytes@ NOT NULL,            -- or order_id, recheck_id
    sha256        @bytes@ NOT NULL,
    kind          @int64@ NOT NULL,            -- jiancha.v1.BlobKind
    size_bytes    @int64@ NOT NULL,
    media_type    TEXT NOT NULL,
    received_ms   @int64@,                     -- NULL: still missing
    PRIMARY KEY (agency_id, inspection_id, sha256)
) @clustered@;
CREATE INDEX record_blob_by_hash ON record_blob (agency_id, sha256);

-- Bytes that are whole and durable beside the database: DB.blobs/AGENCY/ab/cdef...
CREATE TABLE blob (
    agency_id   @int64@ NOT NULL,
    sha256      @bytes@ NOT NULL,
    size_bytes  @int64@ NOT NULL,
    media_type  TEXT NOT NULL,
    stored_ms   @int64@ NOT NULL,
    deleted_ms  @int64@,                       -- retention: hash and reason stay
    deleted_why TEXT,
    PRIMARY KEY (agency_id, sha256)
) @clustered@;

CREATE TABLE upload (                          -- begun and not finished; the offset is the file's size
    upload_id  TEXT NOT NULL PRIMARY KEY,      -- 128 random bits in hex: the last part of its URL
    agency_id  @int64@ NOT NULL,
    device_id  @bytes@ NOT NULL,
    sha256     @bytes@ NOT NULL,
    size_bytes @int64@ NOT NULL,
    media_type TEXT NOT NULL,
    created_ms @int64@ NOT NULL,
    expires_ms @int64@ NOT NULL                -- moved by every piece
) @strict@;
CREATE INDEX upload_by_expiry ON upload (expires_ms);
CREATE INDEX upload_by_device ON upload (agency_id, device_id);

CREATE TABLE rectification_order (
    agency_id     @int64@ NOT NULL,
    order_id      @bytes@ NOT NULL,
    op_key        @int64@ NOT NULL,
    inspection_id @bytes@ NOT NULL,
    unit_id       TEXT NOT NULL,
    document_no   @int64@,
    document_year @int64@,
    issued_ms     @int64@ NOT NULL,
    deadline_on   TEXT NOT NULL,               -- the latest of its items
    body          @bytes@ NOT NULL,            -- jiancha.v1.RectificationOrder
    PRIMARY KEY (agency_id, order_id)
) @strict@;
CREATE INDEX rectification_order_by_inspection ON rectification_order (agency_id, inspection_id);

CREATE TABLE recheck (
    agency_id     @int64@ NOT NULL,
    recheck_id    @bytes@ NOT NULL,
    op_key        @int64@ NOT NULL,
    order_id      @bytes@ NOT NULL,
    task_id       @bytes@,
    is_record     @bool@ NOT NULL,
    due_on        TEXT NOT NULL,               -- the task's legal deadline
    done_on       TEXT NOT NULL,
    passed        @bool@ NOT NULL,             -- every item corrected
    document_no   @int64@,
    document_year @int64@,
    body          @bytes@ NOT NULL,            -- jiancha.v1.Recheck
    PRIMARY KEY (agency_id, recheck_id)
) @strict@;
CREATE INDEX recheck_by_task ON recheck (agency_id, task_id) WHERE task_id IS NOT NULL;

CREATE TABLE recheck_workdays (
    agency_id      @int64@ NOT NULL,
    recheck_id     @bytes@ NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi @int64@ NOT NULL,
    PRIMARY KEY (agency_id, recheck_id, team_id)
) @clustered@;

CREATE TABLE review (                          -- operations kept or flagged for a person (待核处理)
    agency_id    @int64@ NOT NULL,
    review_id    @int64@ NOT NULL,             -- = operation_no
    reason       @int64@ NOT NULL,             -- jiancha.v1.ReviewReason
    reason_args  TEXT NOT NULL,                -- grounds (store/verdict.h)
    state        @int64@ NOT NULL,             -- jiancha.v1.ReviewState
    command      TEXT NOT NULL,
    device_id    @bytes@ NOT NULL,
    team_id      TEXT NOT NULL,                -- scope of the outcome
    unit_id      TEXT NOT NULL,
    task_id      @bytes@ NOT NULL,
    decision     @int64@ NOT NULL,             -- jiancha.v1.ReviewDecisionKind; 0: open
    linked_to    @bytes@,
    note         TEXT NOT NULL,
    decided_by   TEXT NOT NULL,
    decided_ms   @int64@,
    decision_no  @int64@,                      -- operation_no of the decision's row
    PRIMARY KEY (agency_id, review_id)
) @strict@;
CREATE INDEX review_by_state ON review (agency_id, state, review_id);

-- What terminals have to be told (DESIGN section 5, point 5): one row per entity, moved to a new seq
-- when the entity changes. seq is given in commit order.
CREATE TABLE change (
    agency_id @int64@ NOT NULL,
    kind      @int64@ NOT NULL,                -- jiancha.v1.EntityKind
    id        @bytes@ NOT NULL,
    scope     TEXT NOT NULL,                   -- team_id; '': the whole agency
    seq       @int64@ NOT NULL,
    deleted   @bool@ NOT NULL,
    PRIMARY KEY (agency_id, kind, id)
) @clustered@;
CREATE UNIQUE INDEX change_feed ON change (agency_id, scope, seq);

-- Scopes an entity has left, so that their terminals find the removal behind their cursor. A row goes
-- when the entity comes back.
CREATE TABLE departure (
    agency_id @int64@ NOT NULL,
    scope     TEXT NOT NULL,
    kind      @int64@ NOT NULL,
    id        @bytes@ NOT NULL,
    seq       @int64@ NOT NULL,
    PRIMARY KEY (agency_id, scope, kind, id)
) @clustered@;
CREATE UNIQUE INDEX departure_feed ON departure (agency_id, scope, seq);

-- Keys that sign receipts. In backups without their secret halves unless asked for.
CREATE TABLE server_key (
    key_id      @bytes@ NOT NULL PRIMARY KEY,  -- first 8 bytes of SHA-256 of the public key
    position    @int64@ NOT NULL UNIQUE,       -- 1, 2, 3 ... in order of rotation
    public_key  @bytes@ NOT NULL,
    secret_key  @bytes@,                       -- NULL: not here (a restored backup); a new key is made then
    created_ms  @int64@ NOT NULL,
    retired_ms  @int64@,                       -- NULL: the one in use
    endorsed_by @bytes@ NOT NULL,              -- key_id before; empty: the first
    endorsement @bytes@ NOT NULL
) @strict@;

CREATE TABLE backup_mark (                     -- up to where an agency's chain is in a finished backup
    agency_id    @int64@ NOT NULL PRIMARY KEY,
    operation_no @int64@ NOT NULL,
    chain_head   @bytes@ NOT NULL,
    made_ms      @int64@ NOT NULL
) @strict@;

-- Rows of version 2 were signed each by itself: format 1.
INSERT INTO operation (op_key, agency_id, id, format, device_id, inspector_id, received_ms, estimated_ms, body,
                       body_sha256, previous, seal, depends_on, status, code, reason, reason_args, chain_hash,
                       deleted_why)
SELECT agency_id * 1099511627776 + operation_no, agency_id, id, 1, device_id, inspector_id, received_ms, NULL, body,
       body_sha256, @empty@, signature, depends_on, status, code, reason, reason_args, chain_hash, deleted_why
FROM v2_operation
ORDER BY agency_id, operation_no;

INSERT INTO inspection (agency_id, inspection_id, op_key, task_id, is_record, late, unit_id, team_id, started_ms,
                        ended_ms, inspector_ids, mode, outcome, workdays_centi, lead_centi, document_no,
                        document_year, blobs_missing, linked_to)
SELECT i.agency_id, i.inspection_id, i.agency_id * 1099511627776 + i.operation_no, i.task_id, i.is_record, i.late,
       i.unit_id, i.team_id, i.started_ms, i.ended_ms, i.inspector_ids, i.mode, i.outcome, i.workdays_centi,
       COALESCE((SELECT w.workdays_centi FROM v2_inspection_workdays AS w
                  WHERE w.agency_id = i.agency_id AND w.inspection_id = i.inspection_id AND w.team_id = i.team_id), 0),
       i.document_no, i.document_year,
       (SELECT COUNT(*) FROM v2_photo AS p
         WHERE p.agency_id = i.agency_id AND p.inspection_id = i.inspection_id AND p.received_ms IS NULL),
       NULL
FROM v2_inspection AS i;

INSERT INTO inspection_workdays (agency_id, inspection_id, team_id, workdays_centi)
SELECT w.agency_id, w.inspection_id, w.team_id, w.workdays_centi
FROM v2_inspection_workdays AS w
JOIN v2_inspection AS i ON i.agency_id = w.agency_id AND i.inspection_id = w.inspection_id AND i.team_id <> w.team_id;

INSERT INTO finding (finding_key, agency_id, finding_id, outcome, major_hazard, deadline_on, order_id, corrected_on)
SELECT (f.agency_id * 1099511627776 + i.operation_no) * 1024 + f.position, f.agency_id, f.finding_id, f.outcome,
       f.major_hazard, f.deadline_on, f.order_id, f.corrected_on
FROM v2_finding AS f
JOIN v2_inspection AS i ON i.agency_id = f.agency_id AND i.inspection_id = f.inspection_id
ORDER BY 1;

INSERT INTO record_blob (agency_id, inspection_id, sha256, kind, size_bytes, media_type, received_ms)
SELECT agency_id, inspection_id, sha256, 1, size_bytes, media_type, received_ms
FROM v2_photo;

INSERT INTO rectification_order (agency_id, order_id, op_key, inspection_id, unit_id, document_no, document_year,
                                 issued_ms, deadline_on, body)
SELECT agency_id, order_id, agency_id * 1099511627776 + operation_no, inspection_id, unit_id, document_no,
       document_year, issued_ms, deadline_on, body
FROM v2_rectification_order;

INSERT INTO recheck (agency_id, recheck_id, op_key, order_id, task_id, is_record, due_on, done_on, passed,
                     document_no, document_year, body)
SELECT agency_id, recheck_id, agency_id * 1099511627776 + operation_no, order_id, task_id, is_record, due_on, done_on,
       passed, document_no, document_year, body
FROM v2_recheck;

INSERT INTO recheck_workdays (agency_id, recheck_id, team_id, workdays_centi)
SELECT agency_id, recheck_id, team_id, workdays_centi
FROM v2_recheck_workdays;

INSERT INTO review (agency_id, review_id, reason, reason_args, state, command, device_id, team_id, unit_id, task_id,
                    decision, linked_to, note, decided_by, decided_ms, decision_no)
SELECT r.agency_id, r.review_id, r.reason, r.reason_args, r.state, r.command, o.device_id, COALESCE(i.team_id, ''),
       r.unit_id, r.task_id, 0, NULL, COALESCE(r.decision, ''), COALESCE(r.decided_by, ''), r.decided_ms, NULL
FROM v2_review AS r
JOIN v2_operation AS o ON o.agency_id = r.agency_id AND o.operation_no = r.review_id
LEFT JOIN inspector AS i ON i.agency_id = o.agency_id AND i.inspector_id = o.inspector_id;

-- What waits for an operation that is not here and applied (status 3: kept): each id of depends_on.
INSERT INTO operation_waiting (agency_id, depends_on, op_key)
WITH RECURSIVE part (agency_id, op_key, rest, id) AS (
    SELECT agency_id, op_key, depends_on, @empty@ FROM operation WHERE status = 3 AND LENGTH(depends_on) > 0
    UNION ALL
    SELECT agency_id, op_key, SUBSTR(rest, 17), SUBSTR(rest, 1, 16) FROM part WHERE LENGTH(rest) > 0
)
SELECT DISTINCT agency_id, id, op_key
FROM part
WHERE LENGTH(id) = 16
  AND NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.agency_id = part.agency_id AND o.id = part.id AND o.status = 1);

INSERT INTO change (agency_id, kind, id, scope, seq, deleted)
SELECT agency_id, kind, id, scope, seq, deleted
FROM v2_change;

-- old_scope was ;team;team; of every team it had left.
INSERT INTO departure (agency_id, scope, kind, id, seq)
WITH RECURSIVE part (agency_id, kind, id, seq, scope, rest, team) AS (
    SELECT agency_id, kind, id, seq, scope, SUBSTR(old_scope, 2), '' FROM v2_change WHERE old_scope IS NOT NULL
    UNION ALL
    SELECT agency_id, kind, id, seq, scope, SUBSTR(rest, INSTR(rest, ';') + 1), SUBSTR(rest, 1, INSTR(rest, ';') - 1)
    FROM part
    WHERE INSTR(rest, ';') > 0
)
SELECT DISTINCT agency_id, team, kind, id, seq
FROM part
WHERE team <> '' AND team <> scope;

-- An ad hoc inspection is done when it is told and needs no task; every terminal lists anew.
DELETE FROM task WHERE kind = 4 AND state = 2;
DELETE FROM change
WHERE kind = 1 AND deleted = 0
  AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.agency_id = change.agency_id AND t.task_id = change.id);
UPDATE device SET scope_version = scope_version + 1;

DROP TABLE v2_recheck_workdays;
DROP TABLE v2_recheck;
DROP TABLE v2_rectification_order;
DROP TABLE v2_finding;
DROP TABLE v2_photo;
DROP TABLE v2_inspection_workdays;
DROP TABLE v2_inspection;
DROP TABLE v2_review;
DROP TABLE v2_operation;
DROP TABLE v2_change;

ALTER TABLE task ADD COLUMN recall_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN recalled_ms @int64@;
ALTER TABLE task ADD COLUMN planner_note TEXT NOT NULL DEFAULT '';
ALTER TABLE task ADD COLUMN held_by TEXT NOT NULL DEFAULT '';
CREATE INDEX task_by_unit ON task (agency_id, unit_id, state);

ALTER TABLE device ADD COLUMN link @bytes@ NOT NULL DEFAULT @empty@;
ALTER TABLE device ADD COLUMN link_no @int64@ NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN sealed_no @int64@ NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN seal_due_ms @int64@;
ALTER TABLE device ADD COLUMN seal_wrong_no @int64@;
ALTER TABLE device ADD COLUMN report @bytes@ NOT NULL DEFAULT @empty@;
ALTER TABLE device ADD COLUMN cursor_seq @int64@ NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN revoked_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE device ADD COLUMN rebuild_requested @bool@ NOT NULL DEFAULT 0;
ALTER TABLE device ADD COLUMN blocks_version @int64@ NOT NULL DEFAULT 1;
CREATE INDEX device_seal_due ON device (seal_due_ms) WHERE seal_due_ms IS NOT NULL;

ALTER TABLE invitation ADD COLUMN used_by @bytes@;

ALTER TABLE agency_head ADD COLUMN audit_head @bytes@ NOT NULL DEFAULT @zeros@;
ALTER TABLE agency_head ADD COLUMN conflict_no @int64@ NOT NULL DEFAULT 0;

ALTER TABLE audit_log ADD COLUMN chain_hash @bytes@ NOT NULL DEFAULT @empty@;
