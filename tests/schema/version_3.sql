-- The schema of version 3 as its databases have it (SQLite). Never edited: migrations are tested from here.
--
-- Keys lead with agency_id, the tenant. Amounts of work are hundredths of a workday (_centi). Sets
-- of months are masks, bit m-1 is month m. Instants (_ms) are Unix time in ms UTC; days (_on) are ISO
-- dates in China's time. Booleans are 0 or 1. `position` keeps the order of the planner's file.

-- --- the database itself ------------------------------------------------------------------------

CREATE TABLE meta (
    only_row       INTEGER PRIMARY KEY CHECK (only_row = 1),
    schema_version INTEGER NOT NULL,
    incarnation    BLOB NOT NULL,           -- 16 random bytes; new after every restore, so cursors of another life are seen
    created_ms     INTEGER NOT NULL
) STRICT;

-- Public holidays and make-up workdays as published by the State Council; versioned data (W2).
CREATE TABLE holiday (
    day_on    TEXT NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('holiday', 'workday')),
    name      TEXT NOT NULL,
    certainty TEXT NOT NULL
) STRICT;

-- --- the register: what a case folder holds (DESIGN section 10) -----------------------------------

CREATE TABLE agency (
    agency_id                 INTEGER NOT NULL PRIMARY KEY,
    code                      TEXT UNIQUE,     -- the planner's agency_id; NULL until the first import names it
    name                      TEXT NOT NULL,
    level                     TEXT NOT NULL,   -- province, city, county, town; '' until named
    parent_id                 INTEGER REFERENCES agency (agency_id),
    year                      INTEGER NOT NULL,
    statutory_days_per_person INTEGER,
    headcount_registered      INTEGER,
    headcount_counted         INTEGER
) STRICT;

-- What every commit of an agency moves: written once a transaction (jc_tx_state).
CREATE TABLE agency_head (
    agency_id    INTEGER NOT NULL PRIMARY KEY REFERENCES agency (agency_id),
    change_seq   INTEGER NOT NULL,             -- last number given in `change`
    operation_no INTEGER NOT NULL,             -- last row of `operation`
    chain_head   BLOB NOT NULL,             -- its chain_hash; 32 zero bytes before the first
    audit_no     INTEGER NOT NULL,             -- last row of `audit_log`
    audit_head   BLOB NOT NULL DEFAULT X'0000000000000000000000000000000000000000000000000000000000000000', -- chain_hash of that row
    conflict_no  INTEGER NOT NULL DEFAULT 0    -- last row of `id_conflict`
) STRICT;

CREATE TABLE team (
    agency_id            INTEGER NOT NULL REFERENCES agency (agency_id),
    team_id              TEXT NOT NULL,
    position             INTEGER NOT NULL,
    name                 TEXT NOT NULL,
    kind                 TEXT NOT NULL CHECK (kind IN ('bureau', 'brigade')),
    headcount            INTEGER NOT NULL,
    headcount_registered INTEGER,
    supervision_centi    INTEGER,              -- A(k); NULL: no limit
    PRIMARY KEY (agency_id, team_id)
) STRICT;

CREATE TABLE inspector (
    agency_id      INTEGER NOT NULL,
    inspector_id   TEXT NOT NULL,
    position       INTEGER NOT NULL,
    name           TEXT NOT NULL,
    team_id        TEXT NOT NULL,
    licence_no     TEXT NOT NULL,
    licence_expiry TEXT,                       -- ISO date
    specialities   TEXT NOT NULL,              -- joined by ;
    recusals       TEXT NOT NULL,              -- unit ids joined by ;
    PRIMARY KEY (agency_id, inspector_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE rule (
    agency_id      INTEGER NOT NULL REFERENCES agency (agency_id),
    rule_id        TEXT NOT NULL,
    position       INTEGER NOT NULL,
    name           TEXT NOT NULL,
    visits         INTEGER NOT NULL,           -- in a year in which it is due
    cycle_years    INTEGER NOT NULL,           -- 1: every year; n: every n years
    min_gap_months INTEGER NOT NULL,
    PRIMARY KEY (agency_id, rule_id)
) STRICT;

CREATE TABLE rule_window (
    agency_id INTEGER NOT NULL,
    rule_id   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    months    INTEGER NOT NULL,
    min       INTEGER NOT NULL,
    max       INTEGER NOT NULL,
    PRIMARY KEY (agency_id, rule_id, position),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) STRICT;

CREATE TABLE unit (
    agency_id        INTEGER NOT NULL REFERENCES agency (agency_id),
    unit_id          TEXT NOT NULL,
    position         INTEGER NOT NULL,
    name             TEXT NOT NULL,
    aliases          TEXT NOT NULL,            -- joined by ;
    address          TEXT NOT NULL,
    district         TEXT NOT NULL,
    industry         TEXT NOT NULL,
    category         TEXT NOT NULL CHECK (category IN ('key', 'general')),
    key_reasons      TEXT NOT NULL,            -- joined by ;
    credit_code      TEXT NOT NULL,
    hazards          TEXT NOT NULL,            -- joined by ;
    risk             INTEGER NOT NULL,
    persons          INTEGER NOT NULL,
    days_centi       INTEGER NOT NULL,
    blackout_months  INTEGER NOT NULL,
    preferred_months INTEGER NOT NULL,
    last_visit       TEXT,                     -- YYYY-MM
    PRIMARY KEY (agency_id, unit_id)
) STRICT;

CREATE TABLE unit_team (                       -- alternative lead teams K(u)
    agency_id INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    team_id   TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE unit_rule (                       -- alternative rules R(u)
    agency_id INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    rule_id   TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) STRICT;

CREATE TABLE unit_joint (                      -- teams that join the lead's visits
    agency_id  INTEGER NOT NULL,
    unit_id    TEXT NOT NULL,
    position   INTEGER NOT NULL,
    team_id    TEXT NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    INTEGER NOT NULL,
    days_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) STRICT;

CREATE TABLE unit_group (
    agency_id INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    group_id  TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) STRICT;

CREATE TABLE quota (
    agency_id  INTEGER NOT NULL REFERENCES agency (agency_id),
    quota_id   TEXT NOT NULL,
    position   INTEGER NOT NULL,
    team_id    TEXT,                           -- NULL: any
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('rule', 'draw', 'group')),
    scope_ids  TEXT NOT NULL,                  -- joined by |
    months     INTEGER NOT NULL,
    counts     TEXT NOT NULL CHECK (counts IN ('visits', 'units', 'remote_visits')),
    min        INTEGER,
    max        INTEGER,
    theme      TEXT NOT NULL,
    PRIMARY KEY (agency_id, quota_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE draw (
    agency_id  INTEGER NOT NULL,
    draw_id    TEXT NOT NULL,
    position   INTEGER NOT NULL,
    team_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    pool_size  INTEGER,                        -- as stated
    sample     INTEGER NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    INTEGER NOT NULL,
    days_centi INTEGER NOT NULL,
    method     TEXT NOT NULL CHECK (method IN ('double_random', 'random_unit', 'full_coverage')),
    PRIMARY KEY (agency_id, draw_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) STRICT;

CREATE TABLE draw_window (
    agency_id INTEGER NOT NULL,
    draw_id   TEXT NOT NULL,
    position  INTEGER NOT NULL,
    months    INTEGER NOT NULL,
    min       INTEGER NOT NULL,
    max       INTEGER NOT NULL,
    PRIMARY KEY (agency_id, draw_id, position),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id)
) STRICT;

CREATE TABLE workday_line (                    -- the plan's own arithmetic (W2-W7), kept as stated
    agency_id      INTEGER NOT NULL REFERENCES agency (agency_id),
    line_id        TEXT NOT NULL,
    position       INTEGER NOT NULL,
    team_id        TEXT,                       -- NULL: the agency
    bucket         TEXT NOT NULL,
    parent_line_id TEXT,
    item           TEXT NOT NULL,
    count_centi    INTEGER,                    -- factors; NULL: not filled
    persons_centi  INTEGER,
    days_centi     INTEGER,
    formula        TEXT NOT NULL,
    stated_centi   INTEGER,                    -- NULL: no total stated
    PRIMARY KEY (agency_id, line_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, parent_line_id) REFERENCES workday_line (agency_id, line_id) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE month_budget (                    -- B(k,m)
    agency_id      INTEGER NOT NULL,
    team_id        TEXT NOT NULL,
    month          INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12),
    workdays_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, team_id, month),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE previous_visit (                  -- last year's execution (P4)
    agency_id INTEGER NOT NULL REFERENCES agency (agency_id),
    position  INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    draw_id   TEXT NOT NULL,
    rule_id   TEXT NOT NULL,
    month     INTEGER NOT NULL,
    lead_team TEXT NOT NULL,
    status    TEXT NOT NULL CHECK (status IN ('planned', 'done', 'missed')),
    PRIMARY KEY (agency_id, position)
) STRICT;

CREATE TABLE checklist_item (
    agency_id    INTEGER NOT NULL REFERENCES agency (agency_id),
    checklist_id TEXT NOT NULL,
    item_no      INTEGER NOT NULL,
    text         TEXT NOT NULL,
    PRIMARY KEY (agency_id, checklist_id, item_no)
) STRICT;

CREATE TABLE parameter (                       -- dated legal limits and thresholds (R5)
    agency_id  INTEGER NOT NULL REFERENCES agency (agency_id),
    name       TEXT NOT NULL,
    valid_from TEXT NOT NULL,                  -- ISO date
    valid_to   TEXT,                           -- last day in force; NULL: open
    value      TEXT NOT NULL,                  -- a decimal number
    unit       TEXT NOT NULL,
    source     TEXT NOT NULL,
    PRIMARY KEY (agency_id, name, valid_from)
) STRICT;

CREATE TABLE published (                       -- figures the document states
    agency_id INTEGER NOT NULL REFERENCES agency (agency_id),
    metric    TEXT NOT NULL,
    value     TEXT NOT NULL,
    unit      TEXT NOT NULL,
    source    TEXT NOT NULL,
    PRIMARY KEY (agency_id, metric)
) STRICT;

-- --- the plan ---------------------------------------------------------------------------------------

CREATE TABLE plan (
    agency_id     INTEGER NOT NULL REFERENCES agency (agency_id),
    version       INTEGER NOT NULL,
    year          INTEGER NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('draft', 'approved', 'superseded')),
    created_ms    INTEGER NOT NULL,
    document_no   TEXT,                        -- the approval (P3)
    approved_by   TEXT,
    approved_on   TEXT,
    solve_status  INTEGER NOT NULL,            -- jiancha.v1.SolveStatus
    unserved      INTEGER NOT NULL,
    over_centi    INTEGER NOT NULL,
    quota         INTEGER NOT NULL,
    cost_e5       INTEGER NOT NULL,
    bound_e5      INTEGER NOT NULL,
    tiers_settled INTEGER NOT NULL,
    elapsed_ms    INTEGER NOT NULL,
    work          INTEGER NOT NULL,
    balance_milli   INTEGER NOT NULL DEFAULT 1000, -- the weights cost_e5 is counted with, in thousandths
    travel_milli    INTEGER NOT NULL DEFAULT 4000,
    risk_milli      INTEGER NOT NULL DEFAULT 100,
    preferred_milli INTEGER NOT NULL DEFAULT 1000,
    changes_milli   INTEGER NOT NULL DEFAULT 3000,
    changes         INTEGER NOT NULL DEFAULT 0,    -- against the plan in force, of a re-planned version
    changes_bound   INTEGER NOT NULL DEFAULT 0,    -- the proven least number
    amend_reason  TEXT,                        -- why this version amends the one before (P5, P8)
    decided_on    TEXT,                        -- the recorded decision the 30 days run from
    as_of         TEXT,                        -- of a re-planning: months over by then are closed
    PRIMARY KEY (agency_id, version)
) STRICT;

-- The units of an approved version as the register described them then: what P6 is measured against.
CREATE TABLE plan_unit (
    agency_id INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    category  TEXT NOT NULL,
    industry  TEXT NOT NULL,
    PRIMARY KEY (agency_id, version, unit_id),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) STRICT;

CREATE TABLE visit (
    agency_id     INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    visit_id      TEXT NOT NULL,
    unit_id       TEXT,                        -- NULL while a slot is not drawn
    draw_id       TEXT,
    rule_id       TEXT NOT NULL,
    visit_no      INTEGER NOT NULL,
    month         INTEGER NOT NULL CHECK (month BETWEEN 1 AND 12),
    lead_team     TEXT NOT NULL,
    persons       INTEGER NOT NULL,
    days_centi    INTEGER NOT NULL,
    mode          INTEGER NOT NULL,            -- jiancha.v1.VisitMode
    status        INTEGER NOT NULL,            -- jiancha.v1.VisitStatus
    pinned        INTEGER NOT NULL,
    forced_by     TEXT,                        -- who broke a rule by hand, and why
    forced_reason TEXT,
    PRIMARY KEY (agency_id, version, visit_id),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id),
    FOREIGN KEY (agency_id, lead_team) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE visit_joint (
    agency_id  INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    visit_id   TEXT NOT NULL,
    position   INTEGER NOT NULL,
    team_id    TEXT NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    INTEGER NOT NULL,
    days_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, version, visit_id, position),
    FOREIGN KEY (agency_id, version, visit_id) REFERENCES visit (agency_id, version, visit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE shortfall (
    agency_id    INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    team_id      TEXT,
    month        INTEGER NOT NULL,
    unit_id      TEXT,
    quota_id     TEXT,
    amount_centi INTEGER NOT NULL,
    explanation  BLOB,                      -- jiancha.v1.Shortfall with what binds and what would repair it
    PRIMARY KEY (agency_id, version, position),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) STRICT;

-- F2: how many years it takes to inspect all key units, where one is not enough.
CREATE TABLE key_coverage (
    agency_id    INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    units        INTEGER NOT NULL,
    need_centi   INTEGER NOT NULL,             -- one visit each
    limit_centi  INTEGER NOT NULL,             -- workdays of a year
    planned_centi INTEGER NOT NULL,            -- all visits of the year
    unserved     INTEGER NOT NULL,
    years        INTEGER NOT NULL,             -- 0: no workdays at all
    team_id      TEXT,                         -- NULL: all teams together
    PRIMARY KEY (agency_id, version),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) STRICT;

-- Draws (DESIGN section 8): the pool is fixed and hashed before the seed exists.
CREATE TABLE draw_commit (
    agency_id    INTEGER NOT NULL,
    commit_id    INTEGER NOT NULL,             -- recorded draw order
    draw_id      TEXT NOT NULL,
    plan_version INTEGER NOT NULL,
    pool         BLOB NOT NULL,             -- the text that is hashed
    pool_hash    BLOB NOT NULL,             -- SHA-256
    pool_count   INTEGER NOT NULL,
    seed_source  TEXT NOT NULL,                -- the named future source
    committed_by TEXT NOT NULL,
    committed_ms INTEGER NOT NULL,
    PRIMARY KEY (agency_id, commit_id),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id)
) STRICT;

CREATE TABLE draw_exclusion (
    agency_id INTEGER NOT NULL,
    commit_id INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    reason    TEXT NOT NULL,                   -- key_unit, planned, drawn, blackout …
    PRIMARY KEY (agency_id, commit_id, unit_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) STRICT;

CREATE TABLE draw_candidate (                  -- units of a pool that the register did not know: what the pool said of them
    agency_id   INTEGER NOT NULL,
    commit_id   INTEGER NOT NULL,
    unit_id     TEXT NOT NULL,
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    district    TEXT NOT NULL,
    industry    TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    PRIMARY KEY (agency_id, commit_id, unit_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) STRICT;

CREATE TABLE draw_run (                        -- every attempt, good or bad
    agency_id INTEGER NOT NULL,
    run_id    INTEGER NOT NULL,
    commit_id INTEGER NOT NULL,
    seed      TEXT NOT NULL,
    run_by    TEXT NOT NULL,
    run_ms    INTEGER NOT NULL,
    outcome   TEXT NOT NULL,                   -- drawn, or why it was refused
    PRIMARY KEY (agency_id, run_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) STRICT;

CREATE TABLE draw_pick (                       -- the i-th unit takes the i-th slot
    agency_id INTEGER NOT NULL,
    run_id    INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    unit_id   TEXT NOT NULL,
    visit_id  TEXT NOT NULL,
    PRIMARY KEY (agency_id, run_id, position),
    FOREIGN KEY (agency_id, run_id) REFERENCES draw_run (agency_id, run_id),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) STRICT;

-- --- the field ----------------------------------------------------------------------------------------

CREATE TABLE task (
    agency_id     INTEGER NOT NULL REFERENCES agency (agency_id),
    task_id       BLOB NOT NULL,            -- UUIDv7
    kind          INTEGER NOT NULL,            -- jiancha.v1.TaskKind
    state         INTEGER NOT NULL,            -- jiancha.v1.TaskState
    team_id       TEXT NOT NULL,               -- whose terminals show it
    unit_id       TEXT NOT NULL,
    visit_id      TEXT,
    plan_version  INTEGER,
    plan_year     INTEGER,                     -- of that version: visit ids come again every year
    month         INTEGER NOT NULL,            -- 0: not from the plan
    due_on        TEXT NOT NULL,
    mode          INTEGER NOT NULL,
    persons       INTEGER NOT NULL,
    days_centi    INTEGER NOT NULL,
    theme         TEXT NOT NULL,
    checklist_id  TEXT NOT NULL,
    inspector_ids TEXT NOT NULL,               -- expected persons, joined by ;
    order_id      BLOB,                     -- of a recheck
    return_reason TEXT NOT NULL,
    released_ms   INTEGER NOT NULL,
    done_ms       INTEGER,
    recall_reason TEXT NOT NULL DEFAULT '',
    recalled_ms   INTEGER,
    planner_note  TEXT NOT NULL DEFAULT '',    -- why a returned task was opened again
    held_by       TEXT NOT NULL DEFAULT '',    -- inspector after a hand-over
    UNIQUE (agency_id, task_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) STRICT;
CREATE INDEX task_by_unit ON task (agency_id, unit_id, state);
CREATE INDEX task_by_team ON task (agency_id, team_id, state, due_on);
CREATE UNIQUE INDEX task_by_visit ON task (agency_id, plan_year, visit_id, team_id) WHERE visit_id IS NOT NULL;

-- Every command of every terminal, as received, chained (DESIGN section 6). op_key = agency_id * 2^40 +
-- operation_no: one b-tree in commit order. Row n's chain_hash covers row n-1's and this row's fields
-- (store/operation.h says how, by `format`), so nothing can be altered, removed or reordered unseen.
CREATE TABLE operation (
    op_key        INTEGER NOT NULL PRIMARY KEY,
    agency_id     INTEGER NOT NULL,
    id            BLOB NOT NULL,             -- UUIDv7 of the terminal
    format        INTEGER NOT NULL,             -- of chain_hash: 1 or 2
    device_id     BLOB NOT NULL,             -- 16 zeros: the server itself (decisions of people)
    inspector_id  TEXT NOT NULL,                -- who acted
    received_ms   INTEGER NOT NULL,
    estimated_ms  INTEGER,                      -- when it was made by the server's clock, if the terminal's boot can be compared
    body          BLOB,                      -- OperationBody; NULL when deleted under retention
    body_sha256   BLOB NOT NULL,
    previous      BLOB NOT NULL,             -- link of the device's operation before; empty in format 1
    seal          BLOB NOT NULL,             -- Ed25519 over its link; empty: a later one vouches. Format 1: over the body
    depends_on    BLOB NOT NULL,             -- 16-byte ids, one after another
    status        INTEGER NOT NULL,             -- jiancha.v1.OperationStatus
    code          INTEGER NOT NULL,             -- enum jc_code
    reason        INTEGER NOT NULL,             -- jiancha.v1.ReviewReason; 0: none
    reason_args   TEXT NOT NULL,                -- grounds of the verdict (store/verdict.h)
    chain_hash    BLOB NOT NULL,
    deleted_why   TEXT,                         -- retention
    UNIQUE (agency_id, id)
) STRICT;

-- Somebody used a known id for other bytes or from another device: the first stays, this is shown to people.
CREATE TABLE id_conflict (
    agency_id   INTEGER NOT NULL,
    conflict_no INTEGER NOT NULL,
    op_key      INTEGER NOT NULL,              -- the one that stays
    device_id   BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    body        BLOB NOT NULL,
    PRIMARY KEY (agency_id, conflict_no)
) STRICT;

-- Operations that wait for one that has not arrived: judged again when it has.
CREATE TABLE operation_waiting (
    agency_id  INTEGER NOT NULL,
    depends_on BLOB NOT NULL,
    op_key     INTEGER NOT NULL,
    PRIMARY KEY (agency_id, depends_on, op_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE inspection (                      -- the record's own words are in its operation's body
    agency_id      INTEGER NOT NULL,
    inspection_id  BLOB NOT NULL,           -- UUIDv7
    op_key         INTEGER NOT NULL,
    task_id        BLOB,                    -- NULL: ad hoc
    is_record      INTEGER NOT NULL,            -- 0: kept beside the task's record (conflict)
    late           INTEGER NOT NULL,            -- the task had been recalled or reassigned
    unit_id        TEXT NOT NULL,
    team_id        TEXT NOT NULL,              -- the lead's
    started_ms     INTEGER NOT NULL,
    ended_ms       INTEGER NOT NULL,
    inspector_ids  TEXT NOT NULL,              -- joined by ;
    mode           INTEGER NOT NULL,
    outcome        INTEGER NOT NULL,           -- jiancha.v1.InspectionOutcome
    workdays_centi INTEGER NOT NULL,           -- used by all teams together
    lead_centi     INTEGER NOT NULL,           -- of them the lead's; the others' are in inspection_workdays
    document_no    INTEGER,
    document_year  INTEGER,
    blobs_missing  INTEGER NOT NULL,           -- rows of record_blob without received_ms
    linked_to      BLOB,                    -- by a decision: the inspection it belongs to
    PRIMARY KEY (agency_id, inspection_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX inspection_record ON inspection (agency_id, task_id) WHERE is_record = 1 AND task_id IS NOT NULL;
CREATE INDEX inspection_by_unit ON inspection (agency_id, unit_id, ended_ms);
CREATE INDEX inspection_incomplete ON inspection (agency_id, op_key) WHERE blobs_missing > 0;

CREATE TABLE inspection_workdays (             -- of joined teams
    agency_id      INTEGER NOT NULL,
    inspection_id  BLOB NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, inspection_id, team_id)
) STRICT, WITHOUT ROWID;

-- finding_key = op_key of the inspection's operation * 1024 + position (agency numbers stay below 8192):
-- one b-tree, appended.
CREATE TABLE finding (
    finding_key  INTEGER NOT NULL PRIMARY KEY,
    agency_id    INTEGER NOT NULL,
    finding_id   BLOB NOT NULL,             -- unique in its inspection
    outcome      INTEGER NOT NULL,             -- jiancha.v1.FindingOutcome
    major_hazard INTEGER NOT NULL,
    deadline_on  TEXT,
    order_id     BLOB,                      -- once ordered
    corrected_on TEXT                          -- found corrected on site or by a recheck
) STRICT;
CREATE INDEX finding_by_order ON finding (agency_id, order_id) WHERE order_id IS NOT NULL;

-- Blobs a record names (photos, recordings, images of signatures); the bytes come later.
CREATE TABLE record_blob (
    agency_id     INTEGER NOT NULL,
    inspection_id BLOB NOT NULL,            -- or order_id, recheck_id
    sha256        BLOB NOT NULL,
    kind          INTEGER NOT NULL,            -- jiancha.v1.BlobKind
    size_bytes    INTEGER NOT NULL,
    media_type    TEXT NOT NULL,
    received_ms   INTEGER,                     -- NULL: still missing
    PRIMARY KEY (agency_id, inspection_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX record_blob_by_hash ON record_blob (agency_id, sha256);

-- Bytes that are whole and durable beside the database: DB.blobs/AGENCY/ab/cdef...
CREATE TABLE blob (
    agency_id   INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    size_bytes  INTEGER NOT NULL,
    media_type  TEXT NOT NULL,
    stored_ms   INTEGER NOT NULL,
    deleted_ms  INTEGER,                       -- retention: hash and reason stay
    deleted_why TEXT,
    PRIMARY KEY (agency_id, sha256)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (                          -- begun and not finished; the offset is the file's size
    upload_id  TEXT NOT NULL PRIMARY KEY,      -- 128 random bits in hex: the last part of its URL
    agency_id  INTEGER NOT NULL,
    device_id  BLOB NOT NULL,
    sha256     BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL                -- moved by every piece
) STRICT;
CREATE INDEX upload_by_expiry ON upload (expires_ms);
CREATE INDEX upload_by_device ON upload (agency_id, device_id);

CREATE TABLE rectification_order (
    agency_id     INTEGER NOT NULL,
    order_id      BLOB NOT NULL,
    op_key        INTEGER NOT NULL,
    inspection_id BLOB NOT NULL,
    unit_id       TEXT NOT NULL,
    document_no   INTEGER,
    document_year INTEGER,
    issued_ms     INTEGER NOT NULL,
    deadline_on   TEXT NOT NULL,               -- the latest of its items
    body          BLOB NOT NULL,            -- jiancha.v1.RectificationOrder
    PRIMARY KEY (agency_id, order_id)
) STRICT;
CREATE INDEX rectification_order_by_inspection ON rectification_order (agency_id, inspection_id);

CREATE TABLE recheck (
    agency_id     INTEGER NOT NULL,
    recheck_id    BLOB NOT NULL,
    op_key        INTEGER NOT NULL,
    order_id      BLOB NOT NULL,
    task_id       BLOB,
    is_record     INTEGER NOT NULL,
    due_on        TEXT NOT NULL,               -- the task's legal deadline
    done_on       TEXT NOT NULL,
    passed        INTEGER NOT NULL,             -- every item corrected
    document_no   INTEGER,
    document_year INTEGER,
    body          BLOB NOT NULL,            -- jiancha.v1.Recheck
    PRIMARY KEY (agency_id, recheck_id)
) STRICT;
CREATE INDEX recheck_by_task ON recheck (agency_id, task_id) WHERE task_id IS NOT NULL;

CREATE TABLE recheck_workdays (
    agency_id      INTEGER NOT NULL,
    recheck_id     BLOB NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, recheck_id, team_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE review (                          -- operations kept or flagged for a person (待核处理)
    agency_id    INTEGER NOT NULL,
    review_id    INTEGER NOT NULL,             -- = operation_no
    reason       INTEGER NOT NULL,             -- jiancha.v1.ReviewReason
    reason_args  TEXT NOT NULL,                -- grounds (store/verdict.h)
    state        INTEGER NOT NULL,             -- jiancha.v1.ReviewState
    command      TEXT NOT NULL,
    device_id    BLOB NOT NULL,
    team_id      TEXT NOT NULL,                -- scope of the outcome
    unit_id      TEXT NOT NULL,
    task_id      BLOB NOT NULL,
    decision     INTEGER NOT NULL,             -- jiancha.v1.ReviewDecisionKind; 0: open
    linked_to    BLOB,
    note         TEXT NOT NULL,
    decided_by   TEXT NOT NULL,
    decided_ms   INTEGER,
    decision_no  INTEGER,                      -- operation_no of the decision's row
    PRIMARY KEY (agency_id, review_id)
) STRICT;
CREATE INDEX review_by_state ON review (agency_id, state, review_id);

-- What terminals have to be told (DESIGN section 5, point 5): one row per entity, moved to a new seq
-- when the entity changes. seq is given in commit order.
CREATE TABLE change (
    agency_id INTEGER NOT NULL,
    kind      INTEGER NOT NULL,                -- jiancha.v1.EntityKind
    id        BLOB NOT NULL,
    scope     TEXT NOT NULL,                   -- team_id; '': the whole agency
    seq       INTEGER NOT NULL,
    deleted   INTEGER NOT NULL,
    PRIMARY KEY (agency_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX change_feed ON change (agency_id, scope, seq);

-- Scopes an entity has left, so that their terminals find the removal behind their cursor. A row goes
-- when the entity comes back.
CREATE TABLE departure (
    agency_id INTEGER NOT NULL,
    scope     TEXT NOT NULL,
    kind      INTEGER NOT NULL,
    id        BLOB NOT NULL,
    seq       INTEGER NOT NULL,
    PRIMARY KEY (agency_id, scope, kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX departure_feed ON departure (agency_id, scope, seq);

CREATE TABLE number_block (                    -- leased document numbers (DESIGN section 5, point 8)
    agency_id    INTEGER NOT NULL,
    kind         INTEGER NOT NULL,             -- jiancha.v1.DocumentKind
    year         INTEGER NOT NULL,
    first_number INTEGER NOT NULL,
    last_number  INTEGER NOT NULL,
    device_id    BLOB NOT NULL,
    leased_ms    INTEGER NOT NULL,
    PRIMARY KEY (agency_id, kind, year, first_number)
) STRICT;
CREATE INDEX number_block_by_device ON number_block (agency_id, device_id, kind, year);

CREATE TABLE document_number (                 -- used or voided numbers; a number is used once
    agency_id    INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    year         INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    operation_no INTEGER NOT NULL,
    void_reason  TEXT,                         -- NULL: used
    PRIMARY KEY (agency_id, kind, year, number)
) STRICT;

-- --- people and devices ---------------------------------------------------------------------------------

CREATE TABLE person (
    agency_id            INTEGER NOT NULL REFERENCES agency (agency_id),
    login                TEXT NOT NULL,
    name                 TEXT NOT NULL,
    roles                INTEGER NOT NULL,     -- bit r: jiancha.v1.Role r
    inspector_id         TEXT,
    team_id              TEXT,                 -- NULL: the whole agency
    password_hash        TEXT NOT NULL,        -- Argon2id, libsodium's string form
    must_change_password INTEGER NOT NULL,
    disabled             INTEGER NOT NULL,
    created_ms           INTEGER NOT NULL,
    PRIMARY KEY (agency_id, login)
) STRICT;

CREATE TABLE session (
    token_hash BLOB NOT NULL PRIMARY KEY,   -- SHA-256 of the 256-bit token
    agency_id  INTEGER NOT NULL,
    login      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    FOREIGN KEY (agency_id, login) REFERENCES person (agency_id, login)
) STRICT;

CREATE TABLE invitation (
    code_hash    BLOB NOT NULL PRIMARY KEY, -- SHA-256 of the one-time code
    agency_id    INTEGER NOT NULL,
    inspector_id TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    used_ms      INTEGER,
    used_by      BLOB,                      -- public key: the same terminal may ask again
    FOREIGN KEY (agency_id, inspector_id) REFERENCES inspector (agency_id, inspector_id)
) STRICT;

CREATE TABLE device (
    agency_id       INTEGER NOT NULL,
    device_id       BLOB NOT NULL,          -- UUIDv7
    token_hash      BLOB NOT NULL UNIQUE,
    public_key      BLOB NOT NULL,          -- Ed25519; empty: none
    name            TEXT NOT NULL,
    inspector_id    TEXT NOT NULL,
    scope_version   INTEGER NOT NULL,          -- moved when team, role or agency of the holder change
    enrolled_ms     INTEGER NOT NULL,
    revoked_ms      INTEGER,
    last_seen_ms    INTEGER,
    app_version     TEXT NOT NULL,
    unsent          INTEGER NOT NULL,
    clock_offset_ms INTEGER NOT NULL,
    free_bytes      INTEGER NOT NULL,
    link            BLOB NOT NULL DEFAULT X'', -- tail of its chain here
    link_no         INTEGER NOT NULL DEFAULT 0, -- operation_no of the tail
    sealed_no       INTEGER NOT NULL DEFAULT 0, -- everything of it up to this row is vouched for
    seal_due_ms     INTEGER,                   -- since when newer ones wait; NULL: none
    seal_wrong_no   INTEGER,                   -- row of a seal that does not hold
    report          BLOB NOT NULL DEFAULT X'', -- jiancha.v1.DeviceReport, the last
    cursor_seq      INTEGER NOT NULL DEFAULT 0, -- where its listing stands
    revoked_reason  TEXT NOT NULL DEFAULT '',
    rebuild_requested INTEGER NOT NULL DEFAULT 0,
    blocks_version  INTEGER NOT NULL DEFAULT 1, -- moved when a block is leased
    PRIMARY KEY (agency_id, device_id),
    FOREIGN KEY (agency_id, inspector_id) REFERENCES inspector (agency_id, inspector_id)
) STRICT;
CREATE INDEX device_seal_due ON device (seal_due_ms) WHERE seal_due_ms IS NOT NULL;

CREATE TABLE audit_log (                       -- every administrative act
    agency_id INTEGER NOT NULL,
    audit_no  INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    actor     TEXT NOT NULL,                   -- login, or "cli:" and the system user
    act       TEXT NOT NULL,                   -- "plan.approve", "device.revoke" …
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    chain_hash BLOB NOT NULL DEFAULT X'',   -- empty: written before version 3
    PRIMARY KEY (agency_id, audit_no)
) STRICT;

-- Keys that sign receipts. In backups without their secret halves unless asked for.
CREATE TABLE server_key (
    key_id      BLOB NOT NULL PRIMARY KEY,  -- first 8 bytes of SHA-256 of the public key
    position    INTEGER NOT NULL UNIQUE,       -- 1, 2, 3 ... in order of rotation
    public_key  BLOB NOT NULL,
    secret_key  BLOB,                       -- NULL: not here (a restored backup); a new key is made then
    created_ms  INTEGER NOT NULL,
    retired_ms  INTEGER,                       -- NULL: the one in use
    endorsed_by BLOB NOT NULL,              -- key_id before; empty: the first
    endorsement BLOB NOT NULL
) STRICT;

CREATE TABLE backup_mark (                     -- up to where an agency's chain is in a finished backup
    agency_id    INTEGER NOT NULL PRIMARY KEY,
    operation_no INTEGER NOT NULL,
    chain_head   BLOB NOT NULL,
    made_ms      INTEGER NOT NULL
) STRICT;
