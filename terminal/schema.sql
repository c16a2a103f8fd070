-- The store of one terminal, version 3. CMake expands the type macros as for the server's schema.
--
-- Instants (_ms) are Unix time in ms UTC. Identifiers made on terminals are UUIDv7 (16 bytes); an empty blob
-- means none. Three parts that never share a row: who holds it (terminal, holder, server_key), what the server
-- told (entity, staged), and what was done here (operation, source, photo, draft, document_number, carried).

CREATE TABLE terminal (
    only_row         @int64@ PRIMARY KEY CHECK (only_row = 1),
    schema_version   @int64@ NOT NULL,
    created_ms       @int64@ NOT NULL,
    public_key       @bytes@ NOT NULL,         -- Ed25519, made with the store; all holders share it
    secret_key       @bytes@ NOT NULL,
    link             @bytes@ NOT NULL,         -- newest link of the device's chain; 32 zeros: nothing made yet
    cursor           @bytes@ NOT NULL,         -- up to where the listing is shown; empty: nothing yet
    staging          @bool@ NOT NULL,          -- pages lie in `staged`
    staged_full      @bool@ NOT NULL,          -- they are a listing from the beginning: what it does not name goes
    staged_cursor    @bytes@ NOT NULL,         -- where the next page starts
    synced_ms        @int64@,                  -- last complete listing
    server_time_ms   @int64@ NOT NULL,         -- of the last receipt
    chain_length     @int64@ NOT NULL,         -- head of the server's evidence chain in it
    chain_head       @bytes@ NOT NULL,
    offset_ms        @int64@ NOT NULL,         -- device minus server at the last answer
    takes_seals      @bool@ NOT NULL,          -- the server said so in its last answer
    pace_bytes       @int64@ NOT NULL,         -- page and batch that got through lately
    pace_operations  @int64@ NOT NULL,
    pace_good        @int64@ NOT NULL,         -- good answers since the pace changed
    digest_state     @int64@ NOT NULL,         -- jiancha.v1.DigestState
    digest_ms        @int64@,                  -- when it was compared last
    ready_ms         @int64@                   -- when everything for leaving was last found here
) @strict@;

-- People enrolled on this device. Several may share it; what each did goes out under their own enrolment.
CREATE TABLE holder (
    device_id         @bytes@ NOT NULL PRIMARY KEY, -- of the enrolment
    active            @bool@ NOT NULL,         -- who works now: at most one
    revoked           @bool@ NOT NULL,         -- the server said so; unsent work goes out under the active enrolment
    server            TEXT NOT NULL,
    token             TEXT NOT NULL,
    device_name       TEXT NOT NULL,
    agency_id         TEXT NOT NULL,
    agency_name       TEXT NOT NULL,
    team_id           TEXT NOT NULL,
    inspector_id      TEXT NOT NULL,
    inspector_name    TEXT NOT NULL,
    enrolled_ms       @int64@ NOT NULL,
    blocks_version    @int64@ NOT NULL,        -- of its number blocks here
    backed_up_through @int64@ NOT NULL         -- operations of the agency up to this row are in a backup
) @strict@;
CREATE UNIQUE INDEX holder_active ON holder (active) WHERE active = 1;

-- Public halves of the keys that sign receipts; by enrolment, or endorsed by one that was known.
CREATE TABLE server_key (
    key_id     @bytes@ NOT NULL PRIMARY KEY,
    public_key @bytes@ NOT NULL,
    position   @int64@ NOT NULL                -- the newest has the highest
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
    device_id       @bytes@ NOT NULL,          -- enrolment it was made under, or goes out under
    command         @int64@ NOT NULL,          -- field number in OperationBody
    task_id         @bytes@ NOT NULL,
    subject_id      @bytes@ NOT NULL,          -- inspection, order, recheck; of ReturnTask the task
    unit_id         TEXT NOT NULL,
    made_ms         @int64@ NOT NULL,
    body            @bytes@ NOT NULL,          -- OperationBody, serialised once
    body_sha256     @bytes@ NOT NULL,
    previous        @bytes@ NOT NULL,          -- link of the operation before; empty: made by version 1
    link            @bytes@ NOT NULL,          -- of this one
    seal            @bytes@ NOT NULL,          -- Ed25519 over the link; of version 1: over the body
    depends_on      @bytes@ NOT NULL,          -- 16-byte ids, one after another
    offset_ms       @int64@ NOT NULL,          -- device minus server as last known when it was made
    unsent          @bool@ NOT NULL,           -- no receipt yet, or to be offered again
    acknowledged_ms @int64@,                   -- first receipt
    status          @int64@ NOT NULL,          -- jiancha.v1.OperationStatus; 0: not answered
    set_aside       @bool@ NOT NULL,           -- the server refused the whole request because of it
    code            TEXT NOT NULL,
    reason_zh       TEXT NOT NULL,
    reason_en       TEXT NOT NULL,
    operation_no    @int64@ NOT NULL,          -- its row of the server's chain; 0: none is known
    proven          @bool@ NOT NULL,           -- a receipt that was verified names it
    review          @bytes@ NOT NULL           -- ReviewOutcome; empty: nobody decided anything
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

-- Uploads of photos; the file stays where photo.path says.
CREATE TABLE upload (
    sha256     @bytes@ NOT NULL PRIMARY KEY,
    url        TEXT NOT NULL,                  -- of the server's upload; '': not begun
    size_bytes @int64@ NOT NULL,
    media_type TEXT NOT NULL,                  -- "image/jpeg", as the record says
    sent_bytes @int64@ NOT NULL,               -- as the server last confirmed
    priority   @int64@ NOT NULL,               -- 0 signatures, 1 small, 2 originals
    failed_ms  @int64@,
    done_ms    @int64@                         -- a receipt named it
) @strict@;
CREATE INDEX upload_waiting ON upload (priority, sent_bytes) WHERE done_ms IS NULL;

-- Work begun and not submitted: survives a flat battery.
CREATE TABLE draft (
    draft_id   @bytes@ NOT NULL PRIMARY KEY,   -- = inspection_id of what it becomes
    task_id    @bytes@ NOT NULL,
    unit_id    TEXT NOT NULL,
    device_id  @bytes@ NOT NULL,               -- enrolment of who wrote it
    changed_ms @int64@ NOT NULL,
    handed_to  TEXT NOT NULL,                  -- inspector, once handed over; ''
    reason     TEXT NOT NULL,                  -- of an ad hoc inspection
    body       @bytes@ NOT NULL                -- jiancha.v1.Inspection, as far as it goes
) @strict@;

-- Bundles of other terminals, carried for them; sent with Ingest.
CREATE TABLE carried (
    bundle_sha256 @bytes@ NOT NULL PRIMARY KEY,
    device_id     @bytes@ NOT NULL,
    bundle        @bytes@ NOT NULL,            -- without blob frames
    taken_ms      @int64@ NOT NULL,
    answered_ms   @int64@
) @strict@;

CREATE TABLE number_block (                    -- every block the server says an enrolment holds
    device_id    @bytes@ NOT NULL,
    kind         @int64@ NOT NULL,             -- jiancha.v1.DocumentKind
    year         @int64@ NOT NULL,
    first_number @int64@ NOT NULL,
    last_number  @int64@ NOT NULL,
    PRIMARY KEY (device_id, kind, year, first_number)
) @strict@;

-- Numbers given here; written in the transaction that stores the document, never deleted.
CREATE TABLE document_number (
    kind       @int64@ NOT NULL,
    year       @int64@ NOT NULL,
    number     @int64@ NOT NULL,
    subject_id @bytes@ NOT NULL,
    device_id  @bytes@ NOT NULL,               -- enrolment whose block it is from
    PRIMARY KEY (kind, year, number)
) @strict@;
