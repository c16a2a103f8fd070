-- The schema of version 2 as its databases have it (SQLite). Never edited: migrations are tested from here.
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
    audit_no     INTEGER NOT NULL              -- last row of `audit_log`
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
    UNIQUE (agency_id, task_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) STRICT;
CREATE INDEX task_by_team ON task (agency_id, team_id, state, due_on);
CREATE UNIQUE INDEX task_by_visit ON task (agency_id, plan_year, visit_id, team_id) WHERE visit_id IS NOT NULL;

-- Every command of every terminal, as received, chained (DESIGN section 6): chain_hash of row n is
-- SHA-256 over row n-1's and this row's fields, so nothing can be altered, removed or reordered unseen.
CREATE TABLE operation (
    agency_id    INTEGER NOT NULL REFERENCES agency (agency_id),
    operation_no INTEGER NOT NULL,             -- n of the chain
    id           BLOB NOT NULL,             -- UUIDv7 of the terminal
    device_id    BLOB NOT NULL,
    inspector_id TEXT NOT NULL,                -- holder of the device then
    received_ms  INTEGER NOT NULL,
    body         BLOB,                      -- OperationBody; NULL when deleted under retention
    body_sha256  BLOB NOT NULL,
    signature    BLOB NOT NULL,
    depends_on   BLOB NOT NULL,             -- 16-byte ids, one after another
    status       INTEGER NOT NULL,             -- jiancha.v1.OperationStatus
    code         INTEGER NOT NULL,             -- enum jc_code
    reason       INTEGER NOT NULL,             -- jiancha.v1.ReviewReason; 0: none
    reason_args  TEXT NOT NULL,                -- grounds of the verdict (store/verdict.h)
    chain_hash   BLOB NOT NULL,
    deleted_why  TEXT,                         -- retention
    PRIMARY KEY (agency_id, operation_no),
    UNIQUE (agency_id, id)
) STRICT;

CREATE TABLE inspection (
    agency_id      INTEGER NOT NULL REFERENCES agency (agency_id),
    inspection_id  BLOB NOT NULL,           -- UUIDv7
    operation_no   INTEGER NOT NULL,
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
    document_no    INTEGER,
    document_year  INTEGER,
    body           BLOB NOT NULL,           -- jiancha.v1.Inspection, whole
    UNIQUE (agency_id, inspection_id),
    FOREIGN KEY (agency_id, operation_no) REFERENCES operation (agency_id, operation_no),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) STRICT;
CREATE UNIQUE INDEX inspection_record ON inspection (agency_id, task_id) WHERE is_record = 1 AND task_id IS NOT NULL;
CREATE INDEX inspection_by_time ON inspection (agency_id, ended_ms);

CREATE TABLE inspection_workdays (
    agency_id      INTEGER NOT NULL,
    inspection_id  BLOB NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, inspection_id, team_id),
    FOREIGN KEY (agency_id, inspection_id) REFERENCES inspection (agency_id, inspection_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE finding (
    agency_id     INTEGER NOT NULL,
    finding_id    BLOB NOT NULL,
    inspection_id BLOB NOT NULL,
    position      INTEGER NOT NULL,
    outcome       INTEGER NOT NULL,            -- jiancha.v1.FindingOutcome
    deadline_on   TEXT,
    major_hazard  INTEGER NOT NULL,
    order_id      BLOB,                     -- once ordered
    corrected_on  TEXT,                        -- found corrected on site or by a recheck
    UNIQUE (agency_id, finding_id),
    FOREIGN KEY (agency_id, inspection_id) REFERENCES inspection (agency_id, inspection_id)
) STRICT;
CREATE INDEX finding_by_inspection ON finding (agency_id, inspection_id, position);
CREATE INDEX finding_by_order ON finding (agency_id, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE photo (                           -- named by a record; the bytes come later
    agency_id     INTEGER NOT NULL,
    inspection_id BLOB NOT NULL,
    sha256        BLOB NOT NULL,
    size_bytes    INTEGER NOT NULL,
    media_type    TEXT NOT NULL,
    received_ms   INTEGER,                     -- NULL: still missing
    PRIMARY KEY (agency_id, inspection_id, sha256),
    FOREIGN KEY (agency_id, inspection_id) REFERENCES inspection (agency_id, inspection_id)
) STRICT;

CREATE TABLE rectification_order (
    agency_id     INTEGER NOT NULL,
    order_id      BLOB NOT NULL,
    operation_no  INTEGER NOT NULL,
    inspection_id BLOB NOT NULL,
    unit_id       TEXT NOT NULL,
    document_no   INTEGER,
    document_year INTEGER,
    issued_ms     INTEGER NOT NULL,
    deadline_on   TEXT NOT NULL,               -- the latest of its items
    body          BLOB NOT NULL,            -- jiancha.v1.RectificationOrder
    UNIQUE (agency_id, order_id),
    FOREIGN KEY (agency_id, operation_no) REFERENCES operation (agency_id, operation_no),
    FOREIGN KEY (agency_id, inspection_id) REFERENCES inspection (agency_id, inspection_id)
) STRICT;

CREATE TABLE recheck (
    agency_id    INTEGER NOT NULL,
    recheck_id   BLOB NOT NULL,
    operation_no INTEGER NOT NULL,
    order_id     BLOB NOT NULL,
    task_id      BLOB,
    is_record    INTEGER NOT NULL,
    due_on       TEXT NOT NULL,                -- the task's legal deadline
    done_on      TEXT NOT NULL,
    passed       INTEGER NOT NULL,              -- every item corrected
    document_no   INTEGER,
    document_year INTEGER,
    body         BLOB NOT NULL,             -- jiancha.v1.Recheck
    UNIQUE (agency_id, recheck_id),
    FOREIGN KEY (agency_id, operation_no) REFERENCES operation (agency_id, operation_no),
    FOREIGN KEY (agency_id, order_id) REFERENCES rectification_order (agency_id, order_id)
) STRICT;
CREATE INDEX recheck_by_task ON recheck (agency_id, task_id) WHERE task_id IS NOT NULL;

CREATE TABLE recheck_workdays (
    agency_id      INTEGER NOT NULL,
    recheck_id     BLOB NOT NULL,
    team_id        TEXT NOT NULL,
    workdays_centi INTEGER NOT NULL,
    PRIMARY KEY (agency_id, recheck_id, team_id),
    FOREIGN KEY (agency_id, recheck_id) REFERENCES recheck (agency_id, recheck_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) STRICT;

CREATE TABLE review (                          -- operations kept for a person (待核处理)
    agency_id    INTEGER NOT NULL,
    review_id    INTEGER NOT NULL,             -- = operation_no
    reason       INTEGER NOT NULL,             -- jiancha.v1.ReviewReason
    reason_args  TEXT NOT NULL,                -- grounds of the verdict (store/verdict.h)
    state        INTEGER NOT NULL,             -- jiancha.v1.ReviewState
    command      TEXT NOT NULL,
    unit_id      TEXT NOT NULL,
    task_id      BLOB NOT NULL,
    decided_by   TEXT,
    decision     TEXT,
    decided_ms   INTEGER,
    PRIMARY KEY (agency_id, review_id),
    FOREIGN KEY (agency_id, review_id) REFERENCES operation (agency_id, operation_no)
) STRICT;

-- What terminals have to be told (DESIGN section 5, point 5): one row per entity, moved to a new seq
-- when the entity changes. seq is given in commit order.
CREATE TABLE change (
    agency_id INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    kind      INTEGER NOT NULL,                -- jiancha.v1.EntityKind
    id        BLOB NOT NULL,
    scope     TEXT NOT NULL,                   -- team_id; '': the whole agency
    old_scope TEXT,                            -- teams it has left, as ;t1;t2; (NULL: none)
    deleted   INTEGER NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, kind, id)
) STRICT;

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
    PRIMARY KEY (agency_id, device_id),
    FOREIGN KEY (agency_id, inspector_id) REFERENCES inspector (agency_id, inspector_id)
) STRICT;

CREATE TABLE audit_log (                       -- every administrative act
    agency_id INTEGER NOT NULL,
    audit_no  INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    actor     TEXT NOT NULL,                   -- login, or "cli:" and the system user
    act       TEXT NOT NULL,                   -- "plan.approve", "device.revoke" …
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (agency_id, audit_no)
) STRICT;
