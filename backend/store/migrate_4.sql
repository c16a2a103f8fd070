-- Version 4: what is used of a block of document numbers stands in the block's row, not in a row for each number.

ALTER TABLE number_block RENAME TO v3_number_block;
DROP INDEX number_block_by_device;

CREATE TABLE number_block (
    agency_id    @int64@ NOT NULL,
    kind         @int64@ NOT NULL,
    year         @int64@ NOT NULL,
    first_number @int64@ NOT NULL,
    last_number  @int64@ NOT NULL,
    device_id    @bytes@ NOT NULL,
    leased_ms    @int64@ NOT NULL,
    used         TEXT NOT NULL,
    PRIMARY KEY (agency_id, kind, year, first_number)
) @clustered@;
CREATE INDEX number_block_by_device ON number_block (agency_id, device_id, kind, year);

-- Each number brings the zeros of those between it and the one before.
INSERT INTO number_block (agency_id, kind, year, first_number, last_number, device_id, leased_ms, used)
SELECT b.agency_id, b.kind, b.year, b.first_number, b.last_number, b.device_id, b.leased_ms,
       COALESCE((SELECT GROUP_CONCAT(SUBSTR(HEX(ZEROBLOB(p.number - p.before)), 1, p.number - p.before - 1) || p.what, '')
                 FROM (SELECT n.number AS number,
                              LAG(n.number, 1, b.first_number - 1) OVER (ORDER BY n.number) AS before,
                              CASE WHEN n.void_reason IS NULL THEN '1' ELSE 'v' END AS what
                       FROM document_number AS n
                       WHERE n.agency_id = b.agency_id AND n.kind = b.kind AND n.year = b.year
                         AND n.number BETWEEN b.first_number AND b.last_number
                       ORDER BY n.number) AS p), '')
FROM v3_number_block AS b;

DROP TABLE document_number;
DROP TABLE v3_number_block;
