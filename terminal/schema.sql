-- The store of one terminal, version 1. CMake expands the type macros as for the server's schema.
--
-- One holder, so no agency_id. Instants (_ms) are Unix time in ms UTC. Identifiers made on terminals are
-- UUIDv7 (16 bytes); an empty blob means none. Three parts that never share a row: who holds it, what the
-- server told (entity, staged), and what was done here (operation, source, photo, document_number).

CREATE TABLE terminal (
    only_row       @int64@ PRIMARY KEY CHECK (only_row = 1),
    schema_version @int64@ NOT NULL,
    created_ms     @int64@ NOT NULL,
    public_key     @bytes@ NOT NULL,           -- Ed25519, made with the store
    secret_key     @bytes@ NOT NULL,
    server         TEXT NOT NULL,              -- '' until enrolled
    token          TEXT NOT NULL,              -- '' until enrolled
    device_id      @bytes@ NOT NULL,           -- empty until enrolled
    device_name    TEXT NOT NULL,
    agency_id      TEXT NOT NULL,
    agency_name    TEXT NOT NULL,
    team_id        TEXT NOT NULL,
    inspector_id   TEXT NOT NULL,
    inspector_name TEXT NOT NULL,
    enrolled_ms    @int64@,
    cursor         @bytes@ NOT NULL,           -- up to where the listing is shown; empty: nothing yet
    staging        @bool@ NOT NULL,            -- pages lie in `staged`
    staged_full    @bool@ NOT NULL,            -- they are a listing from the beginning: what it does not name goes
    staged_cursor  @bytes@ NOT NULL,           -- where the next page starts
    synced_ms      @int64@,                    -- last complete listing
    server_time_ms @int64@ NOT NULL,           -- of the last receipt
    chain_length   @int64@ NOT NULL,           -- head of the server's evidence chain in it
    chain_head     @bytes@ NOT NULL,
    offset_ms      @int64@ NOT NULL            -- device minus server at the last answer
) @strict@;

-- The newest state of each entity the server told, whole.
CREATE TABLE entity (
    kind @int64@ NOT NULL,                     -- jiancha.v1.EntityKind
    id   @bytes@ NOT NULL,                     -- UTF-8 for registry codes
    body @bytes@ NOT NULL,                     -- Task, Unit, Checklist …
    PRIMARY KEY (kind, id)
) @strict@;

-- Pages that came while has_more was true; moved into `entity` at once when it is false.
CREATE TABLE staged (
    kind @int64@ NOT NULL,
    id   @bytes@ NOT NULL,
    body @bytes@,                              -- NULL: removal
    PRIMARY KEY (kind, id)
) @strict@;

-- Everything ever done here, in order: the outbox and the archive.
CREATE TABLE operation (
    position        @int64@ NOT NULL PRIMARY KEY,
    operation_id    @bytes@ NOT NULL UNIQUE,
    device_id       @bytes@ NOT NULL,          -- enrolment it was made under
    command         @int64@ NOT NULL,          -- field number in OperationBody
    task_id         @bytes@ NOT NULL,
    subject_id      @bytes@ NOT NULL,          -- inspection, order, recheck; of ReturnTask the task
    unit_id         TEXT NOT NULL,
    made_ms         @int64@ NOT NULL,
    body            @bytes@ NOT NULL,          -- OperationBody, serialised once
    body_sha256     @bytes@ NOT NULL,
    signature       @bytes@ NOT NULL,          -- Ed25519 over body
    depends_on      @bytes@ NOT NULL,          -- 16-byte ids, one after another
    unsent          @bool@ NOT NULL,           -- no receipt yet, or to be offered again
    acknowledged_ms @int64@,                   -- first receipt
    status          @int64@ NOT NULL,          -- jiancha.v1.OperationStatus; 0: not answered
    set_aside       @bool@ NOT NULL,           -- the server refused the whole request because of it
    code            TEXT NOT NULL,
    reason_zh       TEXT NOT NULL,
    reason_en       TEXT NOT NULL
) @strict@;
CREATE INDEX operation_unsent ON operation (unsent, position);
CREATE INDEX operation_by_subject ON operation (subject_id);
CREATE INDEX operation_by_task ON operation (task_id);

-- Entities as they were when a document was made: it must read the same for ever.
CREATE TABLE source (
    subject_id @bytes@ NOT NULL,
    kind       @int64@ NOT NULL,
    id         @bytes@ NOT NULL,
    body       @bytes@ NOT NULL,
    PRIMARY KEY (subject_id, kind, id)
) @strict@;

CREATE TABLE photo (                           -- where the bytes lie until they are uploaded
    subject_id  @bytes@ NOT NULL,
    position    @int64@ NOT NULL,
    sha256      @bytes@ NOT NULL,
    path        TEXT NOT NULL,
    uploaded_ms @int64@,
    PRIMARY KEY (subject_id, position)
) @strict@;

CREATE TABLE number_block (                    -- every block the server says this device holds
    kind         @int64@ NOT NULL,             -- jiancha.v1.DocumentKind
    year         @int64@ NOT NULL,
    first_number @int64@ NOT NULL,
    last_number  @int64@ NOT NULL,
    PRIMARY KEY (kind, year, first_number)
) @strict@;

-- Numbers given here; written in the transaction that stores the document, never deleted.
CREATE TABLE document_number (
    kind       @int64@ NOT NULL,
    year       @int64@ NOT NULL,
    number     @int64@ NOT NULL,
    subject_id @bytes@ NOT NULL,
    PRIMARY KEY (kind, year, number)
) @strict@;
