-- Version 2: plans that were re-planned, shortfalls with their explanation, years that cover the key units.

ALTER TABLE plan ADD COLUMN changes_milli @int64@ NOT NULL DEFAULT 3000;
ALTER TABLE plan ADD COLUMN changes @int64@ NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN changes_bound @int64@ NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN as_of TEXT;

ALTER TABLE shortfall ADD COLUMN explanation @bytes@;

CREATE TABLE key_coverage (
    agency_id     @int64@ NOT NULL,
    version       @int64@ NOT NULL,
    units         @int64@ NOT NULL,
    need_centi    @int64@ NOT NULL,
    limit_centi   @int64@ NOT NULL,
    planned_centi @int64@ NOT NULL,
    unserved      @int64@ NOT NULL,
    years         @int64@ NOT NULL,
    team_id       TEXT,
    PRIMARY KEY (agency_id, version),
    FOREIGN KEY (agency_id, version) REFERENCES plan (agency_id, version)
) @strict@;
