-- The schema of jiancha, version 4. One file for every database: CMake expands @int64@, @bytes@,
-- @bool@, @strict@, @clustered@ (a table that is its primary key's b-tree), @empty@ (no bytes) and
-- @zeros@ (32 zero bytes).
--
-- Keys lead with agency_id, the tenant. Amounts of work are hundredths of a workday (_centi). Sets
-- of months are masks, bit m-1 is month m. Instants (_ms) are Unix time in ms UTC; days (_on) are ISO
-- dates in China's time. Booleans are 0 or 1. `position` keeps the order of the planner's file.

-- --- the database itself ------------------------------------------------------------------------

CREATE TABLE meta (
    only_row       @int64@ PRIMARY KEY CHECK (only_row = 1),
    schema_version @int64@ NOT NULL,
    incarnation    @bytes@ NOT NULL,           -- 16 random bytes; new after every restore, so cursors of another life are seen
    created_ms     @int64@ NOT NULL
) @strict@;

-- Public holidays and make-up workdays as published by the State Council; versioned data (W2).
CREATE TABLE holiday (
    day_on    TEXT NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('holiday', 'workday')),
    name      TEXT NOT NULL,
    certainty TEXT NOT NULL
) @strict@;

-- --- the register: what a case folder holds (DESIGN section 10) -----------------------------------

CREATE TABLE agency (
    agency_id                 @int64@ NOT NULL PRIMARY KEY,
    code                      TEXT UNIQUE,     -- the planner's agency_id; NULL until the first import names it
    name                      TEXT NOT NULL,
    level                     TEXT NOT NULL,   -- province, city, county, town; '' until named
    parent_id                 @int64@ REFERENCES agency (agency_id),
    year                      @int64@ NOT NULL,
    statutory_days_per_person @int64@,
    headcount_registered      @int64@,
    headcount_counted         @int64@
) @strict@;

-- What every commit of an agency moves: written once a transaction (jc_tx_state).
CREATE TABLE agency_head (
    agency_id    @int64@ NOT NULL PRIMARY KEY REFERENCES agency (agency_id),
    change_seq   @int64@ NOT NULL,             -- last number given in `change`
    operation_no @int64@ NOT NULL,             -- last row of `operation`
    chain_head   @bytes@ NOT NULL,             -- its chain_hash; 32 zero bytes before the first
    audit_no     @int64@ NOT NULL,             -- last row of `audit_log`
    audit_head   @bytes@ NOT NULL DEFAULT @zeros@, -- chain_hash of that row
    conflict_no  @int64@ NOT NULL DEFAULT 0    -- last row of `id_conflict`
) @strict@;

CREATE TABLE team (
    agency_id            @int64@ NOT NULL REFERENCES agency (agency_id),
    team_id              TEXT NOT NULL,
    position             @int64@ NOT NULL,
    name                 TEXT NOT NULL,
    kind                 TEXT NOT NULL CHECK (kind IN ('bureau', 'brigade')),
    headcount            @int64@ NOT NULL,
    headcount_registered @int64@,
    supervision_centi    @int64@,              -- A(k); NULL: no limit
    PRIMARY KEY (agency_id, team_id)
) @strict@;

CREATE TABLE inspector (
    agency_id      @int64@ NOT NULL,
    inspector_id   TEXT NOT NULL,
    position       @int64@ NOT NULL,
    name           TEXT NOT NULL,
    team_id        TEXT NOT NULL,
    licence_no     TEXT NOT NULL,
    licence_expiry TEXT,                       -- ISO date
    specialities   TEXT NOT NULL,              -- joined by ;
    recusals       TEXT NOT NULL,              -- unit ids joined by ;
    PRIMARY KEY (agency_id, inspector_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE rule (
    agency_id      @int64@ NOT NULL REFERENCES agency (agency_id),
    rule_id        TEXT NOT NULL,
    position       @int64@ NOT NULL,
    name           TEXT NOT NULL,
    visits         @int64@ NOT NULL,           -- in a year in which it is due
    cycle_years    @int64@ NOT NULL,           -- 1: every year; n: every n years
    min_gap_months @int64@ NOT NULL,
    PRIMARY KEY (agency_id, rule_id)
) @strict@;

CREATE TABLE rule_window (
    agency_id @int64@ NOT NULL,
    rule_id   TEXT NOT NULL,
    position  @int64@ NOT NULL,
    months    @int64@ NOT NULL,
    min       @int64@ NOT NULL,
    max       @int64@ NOT NULL,
    PRIMARY KEY (agency_id, rule_id, position),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) @strict@;

CREATE TABLE unit (
    agency_id        @int64@ NOT NULL REFERENCES agency (agency_id),
    unit_id          TEXT NOT NULL,
    position         @int64@ NOT NULL,
    name             TEXT NOT NULL,
    aliases          TEXT NOT NULL,            -- joined by ;
    address          TEXT NOT NULL,
    district         TEXT NOT NULL,
    industry         TEXT NOT NULL,
    category         TEXT NOT NULL CHECK (category IN ('key', 'general')),
    key_reasons      TEXT NOT NULL,            -- joined by ;
    credit_code      TEXT NOT NULL,
    hazards          TEXT NOT NULL,            -- joined by ;
    risk             @int64@ NOT NULL,
    persons          @int64@ NOT NULL,
    days_centi       @int64@ NOT NULL,
    blackout_months  @int64@ NOT NULL,
    preferred_months @int64@ NOT NULL,
    last_visit       TEXT,                     -- YYYY-MM
    PRIMARY KEY (agency_id, unit_id)
) @strict@;

CREATE TABLE unit_team (                       -- alternative lead teams K(u)
    agency_id @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    position  @int64@ NOT NULL,
    team_id   TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE unit_rule (                       -- alternative rules R(u)
    agency_id @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    position  @int64@ NOT NULL,
    rule_id   TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) @strict@;

CREATE TABLE unit_joint (                      -- teams that join the lead's visits
    agency_id  @int64@ NOT NULL,
    unit_id    TEXT NOT NULL,
    position   @int64@ NOT NULL,
    team_id    TEXT NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    @int64@ NOT NULL,
    days_centi @int64@ NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) @strict@;

CREATE TABLE unit_group (
    agency_id @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    position  @int64@ NOT NULL,
    group_id  TEXT NOT NULL,
    PRIMARY KEY (agency_id, unit_id, position),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) @strict@;

CREATE TABLE quota (
    agency_id  @int64@ NOT NULL REFERENCES agency (agency_id),
    quota_id   TEXT NOT NULL,
    position   @int64@ NOT NULL,
    team_id    TEXT,                           -- NULL: any
    scope_kind TEXT NOT NULL CHECK (scope_kind IN ('rule', 'draw', 'group')),
    scope_ids  TEXT NOT NULL,                  -- joined by |
    months     @int64@ NOT NULL,
    counts     TEXT NOT NULL CHECK (counts IN ('visits', 'units', 'remote_visits')),
    min        @int64@,
    max        @int64@,
    theme      TEXT NOT NULL,
    PRIMARY KEY (agency_id, quota_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE draw (
    agency_id  @int64@ NOT NULL,
    draw_id    TEXT NOT NULL,
    position   @int64@ NOT NULL,
    team_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    pool_size  @int64@,                        -- as stated
    sample     @int64@ NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    @int64@ NOT NULL,
    days_centi @int64@ NOT NULL,
    method     TEXT NOT NULL CHECK (method IN ('double_random', 'random_unit', 'full_coverage')),
    PRIMARY KEY (agency_id, draw_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id)
) @strict@;

CREATE TABLE draw_window (
    agency_id @int64@ NOT NULL,
    draw_id   TEXT NOT NULL,
    position  @int64@ NOT NULL,
    months    @int64@ NOT NULL,
    min       @int64@ NOT NULL,
    max       @int64@ NOT NULL,
    PRIMARY KEY (agency_id, draw_id, position),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id)
) @strict@;

CREATE TABLE workday_line (                    -- the plan's own arithmetic (W2-W7), kept as stated
    agency_id      @int64@ NOT NULL REFERENCES agency (agency_id),
    line_id        TEXT NOT NULL,
    position       @int64@ NOT NULL,
    team_id        TEXT,                       -- NULL: the agency
    bucket         TEXT NOT NULL,
    parent_line_id TEXT,
    item           TEXT NOT NULL,
    count_centi    @int64@,                    -- factors; NULL: not filled
    persons_centi  @int64@,
    days_centi     @int64@,
    formula        TEXT NOT NULL,
    stated_centi   @int64@,                    -- NULL: no total stated
    PRIMARY KEY (agency_id, line_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, parent_line_id) REFERENCES workday_line (agency_id, line_id) DEFERRABLE INITIALLY DEFERRED
) @strict@;

CREATE TABLE month_budget (                    -- B(k,m)
    agency_id      @int64@ NOT NULL,
    team_id        TEXT NOT NULL,
    month          @int64@ NOT NULL CHECK (month BETWEEN 1 AND 12),
    workdays_centi @int64@ NOT NULL,
    PRIMARY KEY (agency_id, team_id, month),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE previous_visit (                  -- last year's execution (P4)
    agency_id @int64@ NOT NULL REFERENCES agency (agency_id),
    position  @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    draw_id   TEXT NOT NULL,
    rule_id   TEXT NOT NULL,
    month     @int64@ NOT NULL,
    lead_team TEXT NOT NULL,
    status    TEXT NOT NULL CHECK (status IN ('planned', 'done', 'missed')),
    PRIMARY KEY (agency_id, position)
) @strict@;

CREATE TABLE checklist_item (
    agency_id    @int64@ NOT NULL REFERENCES agency (agency_id),
    checklist_id TEXT NOT NULL,
    item_no      @int64@ NOT NULL,
    text         TEXT NOT NULL,
    PRIMARY KEY (agency_id, checklist_id, item_no)
) @strict@;

CREATE TABLE parameter (                       -- dated legal limits and thresholds (R5)
    agency_id  @int64@ NOT NULL REFERENCES agency (agency_id),
    name       TEXT NOT NULL,
    valid_from TEXT NOT NULL,                  -- ISO date
    valid_to   TEXT,                           -- last day in force; NULL: open
    value      TEXT NOT NULL,                  -- a decimal number
    unit       TEXT NOT NULL,
    source     TEXT NOT NULL,
    PRIMARY KEY (agency_id, name, valid_from)
) @strict@;

CREATE TABLE published (                       -- figures the document states
    agency_id @int64@ NOT NULL REFERENCES agency (agency_id),
    metric    TEXT NOT NULL,
    value     TEXT NOT NULL,
    unit      TEXT NOT NULL,
    source    TEXT NOT NULL,
    PRIMARY KEY (agency_id, metric)
) @strict@;

-- --- the plan ---------------------------------------------------------------------------------------

CREATE TABLE plan (
    agency_id     @int64@ NOT NULL REFERENCES agency (agency_id),
    version       @int64@ NOT NULL,
    year          @int64@ NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('draft', 'approved', 'superseded')),
    created_ms    @int64@ NOT NULL,
    document_no   TEXT,                        -- the approval (P3)
    approved_by   TEXT,
    approved_on   TEXT,
    solve_status  @int64@ NOT NULL,            -- jiancha.v1.SolveStatus
    unserved      @int64@ NOT NULL,
    over_centi    @int64@ NOT NULL,
    quota         @int64@ NOT NULL,
    cost_e5       @int64@ NOT NULL,
    bound_e5      @int64@ NOT NULL,
    tiers_settled @bool@ NOT NULL,
    elapsed_ms    @int64@ NOT NULL,
    work          @int64@ NOT NULL,
    balance_milli   @int64@ NOT NULL DEFAULT 1000, -- the weights cost_e5 is counted with, in thousandths
    travel_milli    @int64@ NOT NULL DEFAULT 4000,
    risk_milli      @int64@ NOT NULL DEFAULT 100,
    preferred_milli @int64@ NOT NULL DEFAULT 1000,
    changes_milli   @int64@ NOT NULL DEFAULT 3000,
    changes         @int64@ NOT NULL DEFAULT 0,    -- against the plan in force, of a re-planned version
    changes_bound   @int64@ NOT NULL DEFAULT 0,    -- the proven least number
    amend_reason  TEXT,                        -- why this version amends the one before (P5, P8)
    decided_on    TEXT,                        -- the recorded decision the 30 days run from
    as_of         TEXT,                        -- of a re-planning: months over by then are closed
    PRIMARY KEY (agency_id, version)
) @strict@;

-- The units of an approved version as the register described them then: what P6 is measured against.
CREATE TABLE plan_unit (
    agency_id @int64@ NOT NULL,
    version   @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    category  TEXT NOT NULL,
    industry  TEXT NOT NULL,
    PRIMARY KEY (agency_id, version, unit_id),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) @strict@;

CREATE TABLE visit (
    agency_id     @int64@ NOT NULL,
    version       @int64@ NOT NULL,
    visit_id      TEXT NOT NULL,
    unit_id       TEXT,                        -- NULL while a slot is not drawn
    draw_id       TEXT,
    rule_id       TEXT NOT NULL,
    visit_no      @int64@ NOT NULL,
    month         @int64@ NOT NULL CHECK (month BETWEEN 1 AND 12),
    lead_team     TEXT NOT NULL,
    persons       @int64@ NOT NULL,
    days_centi    @int64@ NOT NULL,
    mode          @int64@ NOT NULL,            -- jiancha.v1.VisitMode
    status        @int64@ NOT NULL,            -- jiancha.v1.VisitStatus
    pinned        @bool@ NOT NULL,
    forced_by     TEXT,                        -- who broke a rule by hand, and why
    forced_reason TEXT,
    PRIMARY KEY (agency_id, version, visit_id),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id),
    FOREIGN KEY (agency_id, rule_id) REFERENCES rule (agency_id, rule_id),
    FOREIGN KEY (agency_id, lead_team) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE visit_joint (
    agency_id  @int64@ NOT NULL,
    version    @int64@ NOT NULL,
    visit_id   TEXT NOT NULL,
    position   @int64@ NOT NULL,
    team_id    TEXT NOT NULL,
    rule_id    TEXT NOT NULL,
    persons    @int64@ NOT NULL,
    days_centi @int64@ NOT NULL,
    PRIMARY KEY (agency_id, version, visit_id, position),
    FOREIGN KEY (agency_id, version, visit_id) REFERENCES visit (agency_id, version, visit_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id)
) @strict@;

CREATE TABLE shortfall (
    agency_id    @int64@ NOT NULL,
    version      @int64@ NOT NULL,
    position     @int64@ NOT NULL,
    team_id      TEXT,
    month        @int64@ NOT NULL,
    unit_id      TEXT,
    quota_id     TEXT,
    amount_centi @int64@ NOT NULL,
    explanation  @bytes@,                      -- jiancha.v1.Shortfall with what binds and what would repair it
    PRIMARY KEY (agency_id, version, position),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) @strict@;

-- F2: how many years it takes to inspect all key units, where one is not enough.
CREATE TABLE key_coverage (
    agency_id    @int64@ NOT NULL,
    version      @int64@ NOT NULL,
    units        @int64@ NOT NULL,
    need_centi   @int64@ NOT NULL,             -- one visit each
    limit_centi  @int64@ NOT NULL,             -- workdays of a year
    planned_centi @int64@ NOT NULL,            -- all visits of the year
    unserved     @int64@ NOT NULL,
    years        @int64@ NOT NULL,             -- 0: no workdays at all
    team_id      TEXT,                         -- NULL: all teams together
    PRIMARY KEY (agency_id, version),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) @strict@;

-- Draws (DESIGN section 8): the pool is fixed and hashed before the seed exists.
CREATE TABLE draw_commit (
    agency_id    @int64@ NOT NULL,
    commit_id    @int64@ NOT NULL,             -- recorded draw order
    draw_id      TEXT NOT NULL,
    plan_version @int64@ NOT NULL,
    pool         @bytes@ NOT NULL,             -- the text that is hashed
    pool_hash    @bytes@ NOT NULL,             -- SHA-256
    pool_count   @int64@ NOT NULL,
    seed_source  TEXT NOT NULL,                -- the named future source
    committed_by TEXT NOT NULL,
    committed_ms @int64@ NOT NULL,
    PRIMARY KEY (agency_id, commit_id),
    FOREIGN KEY (agency_id, draw_id) REFERENCES draw (agency_id, draw_id)
) @strict@;

CREATE TABLE draw_exclusion (
    agency_id @int64@ NOT NULL,
    commit_id @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    reason    TEXT NOT NULL,                   -- key_unit, planned, drawn, blackout …
    PRIMARY KEY (agency_id, commit_id, unit_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) @strict@;

CREATE TABLE draw_candidate (                  -- units of a pool that the register did not know: what the pool said of them
    agency_id   @int64@ NOT NULL,
    commit_id   @int64@ NOT NULL,
    unit_id     TEXT NOT NULL,
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    district    TEXT NOT NULL,
    industry    TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    PRIMARY KEY (agency_id, commit_id, unit_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) @strict@;

CREATE TABLE draw_run (                        -- every attempt, good or bad
    agency_id @int64@ NOT NULL,
    run_id    @int64@ NOT NULL,
    commit_id @int64@ NOT NULL,
    seed      TEXT NOT NULL,
    run_by    TEXT NOT NULL,
    run_ms    @int64@ NOT NULL,
    outcome   TEXT NOT NULL,                   -- drawn, or why it was refused
    PRIMARY KEY (agency_id, run_id),
    FOREIGN KEY (agency_id, commit_id) REFERENCES draw_commit (agency_id, commit_id)
) @strict@;

CREATE TABLE draw_pick (                       -- the i-th unit takes the i-th slot
    agency_id @int64@ NOT NULL,
    run_id    @int64@ NOT NULL,
    position  @int64@ NOT NULL,
    unit_id   TEXT NOT NULL,
    visit_id  TEXT NOT NULL,
    PRIMARY KEY (agency_id, run_id, position),
    FOREIGN KEY (agency_id, run_id) REFERENCES draw_run (agency_id, run_id),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) @strict@;

-- --- the field ----------------------------------------------------------------------------------------

CREATE TABLE task (
    agency_id     @int64@ NOT NULL REFERENCES agency (agency_id),
    task_id       @bytes@ NOT NULL,            -- UUIDv7
    kind          @int64@ NOT NULL,            -- jiancha.v1.TaskKind
    state         @int64@ NOT NULL,            -- jiancha.v1.TaskState
    team_id       TEXT NOT NULL,               -- whose terminals show it
    unit_id       TEXT NOT NULL,
    visit_id      TEXT,
    plan_version  @int64@,
    plan_year     @int64@,                     -- of that version: visit ids come again every year
    month         @int64@ NOT NULL,            -- 0: not from the plan
    due_on        TEXT NOT NULL,
    mode          @int64@ NOT NULL,
    persons       @int64@ NOT NULL,
    days_centi    @int64@ NOT NULL,
    theme         TEXT NOT NULL,
    checklist_id  TEXT NOT NULL,
    inspector_ids TEXT NOT NULL,               -- expected persons, joined by ;
    order_id      @bytes@,                     -- of a recheck
    return_reason TEXT NOT NULL,
    released_ms   @int64@ NOT NULL,
    done_ms       @int64@,
    recall_reason TEXT NOT NULL DEFAULT '',
    recalled_ms   @int64@,
    planner_note  TEXT NOT NULL DEFAULT '',    -- why a returned task was opened again
    held_by       TEXT NOT NULL DEFAULT '',    -- inspector after a hand-over
    UNIQUE (agency_id, task_id),
    FOREIGN KEY (agency_id, team_id) REFERENCES team (agency_id, team_id),
    FOREIGN KEY (agency_id, unit_id) REFERENCES unit (agency_id, unit_id)
) @strict@;
CREATE INDEX task_by_unit ON task (agency_id, unit_id, state);
CREATE INDEX task_by_team ON task (agency_id, team_id, state, due_on);
CREATE UNIQUE INDEX task_by_visit ON task (agency_id, plan_year, visit_id, team_id) WHERE visit_id IS NOT NULL;

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

CREATE TABLE number_block (                    -- leased document numbers (DESIGN section 5, point 8)
    agency_id    @int64@ NOT NULL,
    kind         @int64@ NOT NULL,             -- jiancha.v1.DocumentKind
    year         @int64@ NOT NULL,
    first_number @int64@ NOT NULL,
    last_number  @int64@ NOT NULL,
    device_id    @bytes@ NOT NULL,
    leased_ms    @int64@ NOT NULL,
    used         TEXT NOT NULL,                -- a character a number, up to the last that is not 0: 1 used, v void
    PRIMARY KEY (agency_id, kind, year, first_number)
) @clustered@;
CREATE INDEX number_block_by_device ON number_block (agency_id, device_id, kind, year);

-- --- people and devices ---------------------------------------------------------------------------------

CREATE TABLE person (
    agency_id            @int64@ NOT NULL REFERENCES agency (agency_id),
    login                TEXT NOT NULL,
    name                 TEXT NOT NULL,
    roles                @int64@ NOT NULL,     -- bit r: jiancha.v1.Role r
    inspector_id         TEXT,
    team_id              TEXT,                 -- NULL: the whole agency
    password_hash        TEXT NOT NULL,        -- Argon2id, libsodium's string form
    must_change_password @bool@ NOT NULL,
    disabled             @bool@ NOT NULL,
    created_ms           @int64@ NOT NULL,
    PRIMARY KEY (agency_id, login)
) @strict@;

CREATE TABLE session (
    token_hash @bytes@ NOT NULL PRIMARY KEY,   -- SHA-256 of the 256-bit token
    agency_id  @int64@ NOT NULL,
    login      TEXT NOT NULL,
    created_ms @int64@ NOT NULL,
    expires_ms @int64@ NOT NULL,
    FOREIGN KEY (agency_id, login) REFERENCES person (agency_id, login)
) @strict@;

CREATE TABLE invitation (
    code_hash    @bytes@ NOT NULL PRIMARY KEY, -- SHA-256 of the one-time code
    agency_id    @int64@ NOT NULL,
    inspector_id TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    created_ms   @int64@ NOT NULL,
    expires_ms   @int64@ NOT NULL,
    used_ms      @int64@,
    used_by      @bytes@,                      -- public key: the same terminal may ask again
    FOREIGN KEY (agency_id, inspector_id) REFERENCES inspector (agency_id, inspector_id)
) @strict@;

CREATE TABLE device (
    agency_id       @int64@ NOT NULL,
    device_id       @bytes@ NOT NULL,          -- UUIDv7
    token_hash      @bytes@ NOT NULL UNIQUE,
    public_key      @bytes@ NOT NULL,          -- Ed25519; empty: none
    name            TEXT NOT NULL,
    inspector_id    TEXT NOT NULL,
    scope_version   @int64@ NOT NULL,          -- moved when team, role or agency of the holder change
    enrolled_ms     @int64@ NOT NULL,
    revoked_ms      @int64@,
    last_seen_ms    @int64@,
    app_version     TEXT NOT NULL,
    unsent          @int64@ NOT NULL,
    clock_offset_ms @int64@ NOT NULL,
    free_bytes      @int64@ NOT NULL,
    link            @bytes@ NOT NULL DEFAULT @empty@, -- tail of its chain here
    link_no         @int64@ NOT NULL DEFAULT 0, -- operation_no of the tail
    sealed_no       @int64@ NOT NULL DEFAULT 0, -- everything of it up to this row is vouched for
    seal_due_ms     @int64@,                   -- since when newer ones wait; NULL: none
    seal_wrong_no   @int64@,                   -- row of a seal that does not hold; below zero: a person took that mark away
    report          @bytes@ NOT NULL DEFAULT @empty@, -- jiancha.v1.DeviceReport, the last
    cursor_seq      @int64@ NOT NULL DEFAULT 0, -- where its listing stands
    revoked_reason  TEXT NOT NULL DEFAULT '',
    rebuild_requested @bool@ NOT NULL DEFAULT 0,
    blocks_version  @int64@ NOT NULL DEFAULT 1, -- moved when a block is leased
    PRIMARY KEY (agency_id, device_id),
    FOREIGN KEY (agency_id, inspector_id) REFERENCES inspector (agency_id, inspector_id)
) @strict@;
CREATE INDEX device_seal_due ON device (seal_due_ms) WHERE seal_due_ms IS NOT NULL;

CREATE TABLE audit_log (                       -- every administrative act
    agency_id @int64@ NOT NULL,
    audit_no  @int64@ NOT NULL,
    at_ms     @int64@ NOT NULL,
    actor     TEXT NOT NULL,                   -- login, or "cli:" and the system user
    act       TEXT NOT NULL,                   -- "plan.approve", "device.revoke" …
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    chain_hash @bytes@ NOT NULL DEFAULT @empty@,   -- empty: written before version 3
    PRIMARY KEY (agency_id, audit_no)
) @strict@;

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
