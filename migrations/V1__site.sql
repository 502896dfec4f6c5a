-- The site as PostgreSQL holds it: one consistent state of each appliance's store.
--
-- Every primary key begins with site_id and no constraint needs rows of two sites: many appliances
-- share one database, and a distributed one can shard by site_id. Words (types, states) are text
-- with a CHECK, not enum types: a new word is then one ALTER TABLE in one transaction.
-- Constraints between rows are checked at COMMIT, so that the order inside a round does not matter.
-- Names sort by their bytes, as in the appliance: an index then survives a change of the host's locale rules.

CREATE TABLE sites (
    site_id     uuid        NOT NULL PRIMARY KEY,
    name        text        NOT NULL,
    host        text        NOT NULL,
    version     text        NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE  sites            IS 'Appliances that mirror their site into this database.';
COMMENT ON COLUMN sites.site_id    IS 'Identity that a site keeps for life.';
COMMENT ON COLUMN sites.name       IS 'Name of the installation (site_name of its configuration).';
COMMENT ON COLUMN sites.host       IS 'Host name and data directory of the appliance that writes the site.';
COMMENT ON COLUMN sites.version    IS 'Version of the program that wrote last.';
COMMENT ON COLUMN sites.first_seen IS 'When the site was first mirrored here.';

CREATE TABLE sync_state (
    site_id            uuid        NOT NULL PRIMARY KEY,
    epoch              bigint      NOT NULL CHECK (epoch > 0),
    instance_id        uuid        NOT NULL,
    session_id         uuid,
    holder             text        NOT NULL,
    heartbeat_at       timestamptz NOT NULL,
    applied_seq        bigint      NOT NULL CHECK (applied_seq >= 0),
    applied_at         timestamptz NOT NULL,
    committed_at       timestamptz NOT NULL,
    next_device_id     bigint      NOT NULL,
    next_interface_id  bigint      NOT NULL,
    next_link_id       bigint      NOT NULL,
    next_audit_id      bigint      NOT NULL,
    reconciled_at      timestamptz,
    restored_at        timestamptz,
    restored_from      text
);
COMMENT ON TABLE  sync_state               IS 'How far each site has come here, and who may write it. Written in the transaction of the rows.';
COMMENT ON COLUMN sync_state.epoch         IS 'Grows with every holder of the site; a round with an older one is refused.';
COMMENT ON COLUMN sync_state.instance_id   IS 'Identity of the local store that this is a mirror of.';
COMMENT ON COLUMN sync_state.session_id    IS 'The run that holds the site; null after a clean end.';
COMMENT ON COLUMN sync_state.holder        IS 'Where that run is: host name and data directory.';
COMMENT ON COLUMN sync_state.heartbeat_at  IS 'When the holder was last seen, by the clock of this database.';
COMMENT ON COLUMN sync_state.applied_seq   IS 'The rows of the site are exactly its state after this commit.';
COMMENT ON COLUMN sync_state.applied_at    IS 'When that state arrived here.';
COMMENT ON COLUMN sync_state.committed_at  IS 'When the appliance made that commit, by its clock.';
COMMENT ON COLUMN sync_state.next_device_id    IS 'The id that the next new device will get.';
COMMENT ON COLUMN sync_state.next_interface_id IS 'The id that the next new interface will get.';
COMMENT ON COLUMN sync_state.next_link_id      IS 'The id that the next new link will get.';
COMMENT ON COLUMN sync_state.next_audit_id     IS 'Audit rows below this number have arrived.';
COMMENT ON COLUMN sync_state.reconciled_at IS 'When both sides were last compared row by row.';
COMMENT ON COLUMN sync_state.restored_at   IS 'Set when a backup was loaded: the appliance then adopts this state in place of its own.';
COMMENT ON COLUMN sync_state.restored_from IS 'Name of that backup.';

CREATE TABLE devices (
    site_id              uuid             NOT NULL,
    id                   bigint           NOT NULL CHECK (id > 0),
    name                 text             COLLATE "C" NOT NULL CHECK (name <> ''),
    device_type          text             NOT NULL CHECK (device_type IN (
                             'BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER', 'OLT', 'AON_SWITCH', 'ONT', 'BUSINESS_ONT',
                             'AON_CPE', 'POP', 'CORE_SITE', 'ODF', 'NVT', 'SPLITTER', 'HOP')),
    status               text             NOT NULL CHECK (status IN ('UP', 'DOWN', 'DEGRADED')),
    status_override      text             CHECK (status_override IN ('UP', 'DOWN', 'DEGRADED')),
    override_reason      text,
    status_reasons       text[]           NOT NULL CHECK (status_reasons <@ ARRAY[
                             'override', 'override_conflict', 'no_upstream', 'no_optical_path', 'no_signal', 'signal_critical',
                             'signal_warning', 'signal_overload', 'no_switch', 'no_active_device']),
    status_since         timestamptz      NOT NULL,
    x                    double precision NOT NULL,
    y                    double precision NOT NULL,
    parent_container_id  bigint,
    tx_power_dbm         double precision,
    sensitivity_min_dbm  double precision,
    insertion_loss_db    double precision,
    pon_class            text             CHECK (pon_class IN ('GPON_B_PLUS', 'GPON_C_PLUS', 'XGS_N1', 'XGS_N2', 'XGS_E1')),
    signal_class         text             CHECK (signal_class IN ('OK', 'WARNING', 'CRITICAL', 'NO_SIGNAL', 'OVERLOAD')),
    limiting_direction   text             CHECK (limiting_direction IN ('down', 'up')),
    rx_down_dbm          double precision,
    rx_up_dbm            double precision,
    margin_db            double precision,
    uplink_link_ids      bigint[]         NOT NULL,
    through_loss_db      double precision,
    created_at           timestamptz      NOT NULL,
    updated_at           timestamptz      NOT NULL,
    PRIMARY KEY (site_id, id),
    CONSTRAINT devices_name_key UNIQUE (site_id, name) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT devices_parent_fkey FOREIGN KEY (site_id, parent_container_id)
        REFERENCES devices (site_id, id) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE  devices                     IS 'Equipment and places of all sites, with their computed status.';
COMMENT ON COLUMN devices.status              IS 'Computed from the network; see v_device_status for what counts.';
COMMENT ON COLUMN devices.status_override     IS 'What an operator set by hand; wins over status.';
COMMENT ON COLUMN devices.status_reasons      IS 'Why the status is what it is, as codes.';
COMMENT ON COLUMN devices.status_since        IS 'Since when the effective status is what it is.';
COMMENT ON COLUMN devices.x                   IS 'Place on the canvas, without unit.';
COMMENT ON COLUMN devices.y                   IS 'Place on the canvas, without unit.';
COMMENT ON COLUMN devices.parent_container_id IS 'The POP or CORE_SITE that the device stands in.';
COMMENT ON COLUMN devices.tx_power_dbm        IS 'Own transmit power in dBm; null: the default of the type.';
COMMENT ON COLUMN devices.sensitivity_min_dbm IS 'Own receiver sensitivity in dBm; null: the default of the type.';
COMMENT ON COLUMN devices.insertion_loss_db   IS 'Own insertion loss in dB; null: the default of the type.';
COMMENT ON COLUMN devices.pon_class           IS 'Transceiver class of an OLT.';
COMMENT ON COLUMN devices.signal_class        IS 'Of a leaf: how good its optical signal is.';
COMMENT ON COLUMN devices.limiting_direction  IS 'Of a leaf: the direction whose limit binds.';
COMMENT ON COLUMN devices.rx_down_dbm         IS 'Power received by the leaf, in dBm.';
COMMENT ON COLUMN devices.rx_up_dbm           IS 'Power received by the OLT, in dBm.';
COMMENT ON COLUMN devices.margin_db           IS 'Received power minus sensitivity of the weaker direction, in dB.';
COMMENT ON COLUMN devices.uplink_link_ids     IS 'Links that the path upwards begins with.';
COMMENT ON COLUMN devices.through_loss_db     IS 'Of a passive part: what passing through it costs, in dB.';
CREATE INDEX devices_parent_idx  ON devices (site_id, parent_container_id) WHERE parent_container_id IS NOT NULL;
CREATE INDEX devices_trouble_idx ON devices (site_id, status_since) WHERE coalesce(status_override, status) <> 'UP';

CREATE TABLE interfaces (
    site_id         uuid        NOT NULL,
    id              bigint      NOT NULL CHECK (id > 0),
    device_id       bigint      NOT NULL,
    name            text        COLLATE "C" NOT NULL CHECK (name <> ''),
    interface_type  text        NOT NULL CHECK (interface_type IN ('ETHERNET', 'OPTICAL', 'LOOPBACK')),
    status          text        NOT NULL CHECK (status IN ('UP', 'DOWN', 'DEGRADED')),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (site_id, id),
    CONSTRAINT interfaces_name_key UNIQUE (site_id, device_id, name) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT interfaces_device_fkey FOREIGN KEY (site_id, device_id)
        REFERENCES devices (site_id, id) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE interfaces IS 'Ports of devices.';
COMMENT ON COLUMN interfaces.status IS 'Computed: UP while it carries a link that is not forced down, and always for loopback and passive ports.';

CREATE TABLE links (
    site_id             uuid             NOT NULL,
    id                  bigint           NOT NULL CHECK (id > 0),
    a_interface_id      bigint           NOT NULL,
    b_interface_id      bigint           NOT NULL,
    length_km           double precision CHECK (length_km >= 0),
    physical_medium_id  text             CHECK (physical_medium_id IN ('G652D', 'G657A1', 'G657A2', 'OM3', 'OM4')),
    link_loss_db        double precision,
    status              text             NOT NULL CHECK (status IN ('UP', 'DOWN', 'DEGRADED')),
    status_override     text             CHECK (status_override IN ('UP', 'DOWN', 'DEGRADED')),
    override_reason     text,
    status_since        timestamptz      NOT NULL,
    created_at          timestamptz      NOT NULL,
    updated_at          timestamptz      NOT NULL,
    PRIMARY KEY (site_id, id),
    CONSTRAINT links_a_key UNIQUE (site_id, a_interface_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT links_b_key UNIQUE (site_id, b_interface_id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT links_a_fkey FOREIGN KEY (site_id, a_interface_id)
        REFERENCES interfaces (site_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT links_b_fkey FOREIGN KEY (site_id, b_interface_id)
        REFERENCES interfaces (site_id, id) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE  links                    IS 'Cables between two ports.';
COMMENT ON COLUMN links.length_km          IS 'Length of the fibre in km.';
COMMENT ON COLUMN links.physical_medium_id IS 'Key of the fibre type, such as G652D.';
COMMENT ON COLUMN links.link_loss_db       IS 'Fibre loss at the downstream wavelength in dB; null without a length.';
COMMENT ON COLUMN links.status             IS 'Computed from its ends and its override.';
COMMENT ON COLUMN links.status_since       IS 'Since when the status is what it is.';
CREATE INDEX links_trouble_idx ON links (site_id, status_since) WHERE status <> 'UP';

CREATE TABLE audit (
    site_id       uuid        NOT NULL,
    id            bigint      NOT NULL,
    seq           bigint      NOT NULL,
    at            timestamptz NOT NULL,
    actor         text        NOT NULL,
    request_id    text        NOT NULL,
    action        text        NOT NULL,
    change_count  bigint      NOT NULL,
    changes       jsonb       NOT NULL,
    PRIMARY KEY (site_id, id)
);
COMMENT ON TABLE  audit              IS 'Who changed what, when. Grows here without end; the appliance keeps the newest rows only.';
COMMENT ON COLUMN audit.seq          IS 'The commit that the change was part of.';
COMMENT ON COLUMN audit.actor        IS 'For example: api 192.0.2.7, or cli.';
COMMENT ON COLUMN audit.request_id   IS 'X-Request-Id of the request; empty outside HTTP.';
COMMENT ON COLUMN audit.change_count IS 'Entities that changed; changes holds at most the first 1,000.';
COMMENT ON COLUMN audit.changes      IS 'Each changed entity before and after.';
CREATE INDEX audit_at_idx ON audit (site_id, at);

CREATE VIEW v_device_status AS
SELECT d.site_id,
       s.name                                 AS site_name,
       d.id,
       d.name,
       d.device_type,
       coalesce(d.status_override, d.status)  AS effective_status,
       d.status                               AS computed_status,
       d.status_override,
       d.override_reason,
       d.status_reasons,
       d.status_since,
       d.signal_class,
       d.margin_db,
       p.name                                 AS container_name
  FROM devices d
  LEFT JOIN sites s   ON s.site_id = d.site_id
  LEFT JOIN devices p ON p.site_id = d.site_id AND p.id = d.parent_container_id;
COMMENT ON VIEW v_device_status IS 'Each device with the status that counts: the override, or else the computed one.';

CREATE VIEW v_problems AS
SELECT d.site_id,
       'device'                               AS kind,
       d.id,
       d.name,
       d.device_type                          AS type,
       coalesce(d.status_override, d.status)  AS status,
       d.status_reasons                       AS reasons,
       d.override_reason,
       d.status_since                         AS since
  FROM devices d
 WHERE coalesce(d.status_override, d.status) <> 'UP'
    OR 'override_conflict' = ANY (d.status_reasons)
    OR d.signal_class IN ('WARNING', 'CRITICAL', 'OVERLOAD')
UNION ALL
SELECT l.site_id,
       'link',
       l.id,
       da.name || ' ' || ia.name || ' <-> ' || db.name || ' ' || ib.name,
       coalesce(l.physical_medium_id, ia.interface_type),
       l.status,
       CASE WHEN l.status_override IS NULL THEN '{}'::text[] ELSE '{override}'::text[] END,
       l.override_reason,
       l.status_since
  FROM links l
  JOIN interfaces ia ON ia.site_id = l.site_id AND ia.id = l.a_interface_id
  JOIN devices da    ON da.site_id = ia.site_id AND da.id = ia.device_id
  JOIN interfaces ib ON ib.site_id = l.site_id AND ib.id = l.b_interface_id
  JOIN devices db    ON db.site_id = ib.site_id AND db.id = ib.device_id
 WHERE l.status <> 'UP';
COMMENT ON VIEW v_problems IS 'Devices and links that are not well, each with its reasons: causes and what follows from them. The appliance tells them apart: GET /api/problems.';
