-- Who did what, from where and whether it was refused; and a hash chain through the audit trail, so that a
-- row that was changed or removed is noticed.
--
-- Rows that are there already were commands that were carried out. They are not in the chain.

ALTER TABLE audit
    ADD COLUMN address        text NOT NULL DEFAULT '',
    ADD COLUMN outcome        text NOT NULL DEFAULT 'done' CHECK (outcome IN ('done', 'refused')),
    ADD COLUMN details        text NOT NULL DEFAULT '',
    ADD COLUMN changes_sha256 text CHECK (changes_sha256 ~ '^[0-9a-f]{64}$'),
    ADD COLUMN hash           text CHECK (hash ~ '^[0-9a-f]{64}$'),
    ADD CONSTRAINT audit_chain_check CHECK ((changes_sha256 IS NULL) = (hash IS NULL));
COMMENT ON TABLE  audit                IS 'Who changed what, when, and who logged in, downloaded or was refused. Grows here without end; the appliance keeps the newest rows only.';
COMMENT ON COLUMN audit.seq            IS 'The commit that the change was part of; of an event without changes, the last one before it.';
COMMENT ON COLUMN audit.actor          IS 'For example: user ada, token ci-import (of ada), cli.';
COMMENT ON COLUMN audit.address        IS 'The address that the request came from; empty when it came over no network.';
COMMENT ON COLUMN audit.outcome        IS 'Whether it was done or refused.';
COMMENT ON COLUMN audit.details        IS 'What an event was about, as a JSON object; empty for a change of the network.';
COMMENT ON COLUMN audit.changes_sha256 IS 'Of what the appliance keeps of the changes. Null in rows from before the chain.';
COMMENT ON COLUMN audit.hash           IS 'SHA-256 of the hash of the row before and of this row. Null in rows from before the chain.';

ALTER TABLE sync_state
    ADD COLUMN audit_head_id   bigint,
    ADD COLUMN audit_head_hash text;
COMMENT ON COLUMN sync_state.audit_head_id   IS 'The newest audit row that has arrived.';
COMMENT ON COLUMN sync_state.audit_head_hash IS 'Its hash; null when it is from before the chain.';
