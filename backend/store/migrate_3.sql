-- Version 3: sync that never loses. Tables that change their shape are renamed, copied, and dropped children first.

ALTER TABLE photo RENAME TO v2_photo;
ALTER TABLE review RENAME TO v2_review;

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
CREATE INDEX review_open_by_device ON review (agency_id, device_id) WHERE state = 1;

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

INSERT INTO record_blob (agency_id, inspection_id, sha256, kind, size_bytes, media_type, received_ms)
SELECT agency_id, inspection_id, sha256, 1, size_bytes, media_type, received_ms
FROM v2_photo;

INSERT INTO review (agency_id, review_id, reason, reason_args, state, command, device_id, team_id, unit_id, task_id,
                    decision, linked_to, note, decided_by, decided_ms, decision_no)
SELECT r.agency_id, r.review_id, r.reason, r.reason_args, r.state, r.command, o.device_id, COALESCE(i.team_id, ''),
       r.unit_id, r.task_id, 0, NULL, COALESCE(r.decision, ''), COALESCE(r.decided_by, ''), r.decided_ms, NULL
FROM v2_review AS r
JOIN operation AS o ON o.agency_id = r.agency_id AND o.operation_no = r.review_id
LEFT JOIN inspector AS i ON i.agency_id = o.agency_id AND i.inspector_id = o.inspector_id;

DROP TABLE v2_photo;
DROP TABLE v2_review;

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
