-- A plant that is true port by port: cross-connects and split ratios; what is planned, in service or
-- retired; planned work; who is behind a device, and where it is.
--
-- Rows that are there already get the values that they mean: everything is in service, and nothing else
-- was ever entered. The appliance checks that cross-connects name each other; two statements of one
-- transaction may exchange them, which a unique index would refuse.

ALTER TABLE devices
    DROP CONSTRAINT devices_status_reasons_check,
    ADD CONSTRAINT devices_status_reasons_check CHECK (status_reasons <@ ARRAY[
        'override', 'override_conflict', 'no_upstream', 'no_optical_path', 'no_signal', 'signal_critical',
        'signal_warning', 'signal_overload', 'no_switch', 'no_active_device', 'not_connected',
        'joins_not_recorded', 'joins_assumed', 'not_in_service']),
    ADD COLUMN override_ends_at          timestamptz,
    ADD COLUMN override_is_planned_work  boolean          NOT NULL DEFAULT false,
    ADD COLUMN split_ratio               bigint           CHECK (split_ratio IN (2, 4, 8, 16, 32, 64, 128)),
    ADD COLUMN lifecycle                 text             NOT NULL DEFAULT 'in_service'
                                         CHECK (lifecycle IN ('planned', 'in_service', 'retired')),
    ADD COLUMN serial                    text             COLLATE "C",
    ADD COLUMN customer_reference        text,
    ADD COLUMN customer_name             text,
    ADD COLUMN phone                     text,
    ADD COLUMN address                   text,
    ADD COLUMN latitude                  double precision CHECK (latitude BETWEEN -90 AND 90),
    ADD COLUMN longitude                 double precision CHECK (longitude BETWEEN -180 AND 180),
    ADD COLUMN tags                      text[]           NOT NULL DEFAULT '{}',
    ADD COLUMN note                      text,
    ADD COLUMN olt_id                    bigint,
    ADD COLUMN pon_interface_id          bigint,
    ADD COLUMN pon_port                  text,
    ADD COLUMN splitter_id               bigint,
    ADD COLUMN splitter_interface_id     bigint,
    ADD CONSTRAINT devices_served_by_check
        CHECK (num_nulls(olt_id, pon_interface_id, pon_port) IN (0, 3)
               AND num_nulls(splitter_id, splitter_interface_id) IN (0, 2)),
    ADD CONSTRAINT devices_serial_key UNIQUE (site_id, serial) DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT devices_coordinates_check CHECK ((latitude IS NULL) = (longitude IS NULL));
COMMENT ON COLUMN devices.override_ends_at         IS 'When the override ends by itself; null: when an operator clears it.';
COMMENT ON COLUMN devices.override_is_planned_work IS 'Whether the override is planned work, which alarms nobody.';
COMMENT ON COLUMN devices.split_ratio              IS 'Of a splitter: N of 1:N or 2:N; null: the number of its outputs.';
COMMENT ON COLUMN devices.lifecycle                IS 'Only what is in service alarms.';
COMMENT ON COLUMN devices.serial                   IS 'Serial number, unique in the site.';
COMMENT ON COLUMN devices.customer_reference       IS 'The customer in the operator''s own system. Personal data.';
COMMENT ON COLUMN devices.customer_name            IS 'Personal data.';
COMMENT ON COLUMN devices.phone                    IS 'Personal data.';
COMMENT ON COLUMN devices.address                  IS 'Personal data.';
COMMENT ON COLUMN devices.latitude                 IS 'In degrees (WGS 84). Personal data.';
COMMENT ON COLUMN devices.longitude                IS 'In degrees (WGS 84). Personal data.';
COMMENT ON COLUMN devices.tags                     IS 'Words by which operators group devices.';
COMMENT ON COLUMN devices.note                     IS 'Personal data, since anything may be written here.';
COMMENT ON COLUMN devices.olt_id                   IS 'Of a leaf: the OLT that serves it, or the AON switch; while it is dark, the one that it has by design.';
COMMENT ON COLUMN devices.pon_interface_id         IS 'The port of the OLT or AON switch.';
COMMENT ON COLUMN devices.pon_port                 IS 'The name of that port.';
COMMENT ON COLUMN devices.splitter_id              IS 'The splitter next to the leaf.';
COMMENT ON COLUMN devices.splitter_interface_id    IS 'The port of the splitter that leads to the leaf.';

ALTER TABLE interfaces
    ADD COLUMN cross_connect_interface_id  bigint,
    ADD COLUMN cross_connect_loss_db       double precision CHECK (cross_connect_loss_db >= 0),
    ADD COLUMN cross_connect_is_assumed    boolean,
    ADD CONSTRAINT interfaces_cross_connect_check
        CHECK ((cross_connect_interface_id IS NULL) = (cross_connect_is_assumed IS NULL)),
    ADD CONSTRAINT interfaces_cross_connect_fkey FOREIGN KEY (site_id, cross_connect_interface_id)
        REFERENCES interfaces (site_id, id) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN interfaces.cross_connect_interface_id IS 'The other port of a splice or patch inside an ODF, NVT or HOP.';
COMMENT ON COLUMN interfaces.cross_connect_loss_db      IS 'Its loss in dB; null counts as none beside that of the part.';
COMMENT ON COLUMN interfaces.cross_connect_is_assumed   IS 'Recorded by the rule for links that name no cross-connect, not by an operator.';
CREATE INDEX interfaces_cross_connect_idx ON interfaces (site_id, cross_connect_interface_id)
    WHERE cross_connect_interface_id IS NOT NULL;

ALTER TABLE links
    ADD COLUMN lifecycle                 text        NOT NULL DEFAULT 'in_service'
                                         CHECK (lifecycle IN ('planned', 'in_service', 'retired')),
    ADD COLUMN override_ends_at          timestamptz,
    ADD COLUMN override_is_planned_work  boolean     NOT NULL DEFAULT false;
COMMENT ON COLUMN links.lifecycle                IS 'Only what is in service alarms.';
COMMENT ON COLUMN links.override_ends_at         IS 'When the override ends by itself; null: when an operator clears it.';
COMMENT ON COLUMN links.override_is_planned_work IS 'Whether the override is planned work, which alarms nobody.';

CREATE OR REPLACE VIEW v_device_status AS
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
       p.name                                 AS container_name,
       d.lifecycle,
       d.serial,
       o.name                                 AS olt_name,
       d.pon_port,
       sp.name                                AS splitter_name
  FROM devices d
  LEFT JOIN sites s    ON s.site_id = d.site_id
  LEFT JOIN devices p  ON p.site_id = d.site_id AND p.id = d.parent_container_id
  LEFT JOIN devices o  ON o.site_id = d.site_id AND o.id = d.olt_id
  LEFT JOIN devices sp ON sp.site_id = d.site_id AND sp.id = d.splitter_id;

CREATE OR REPLACE VIEW v_problems AS
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
 WHERE d.lifecycle = 'in_service'
   AND NOT d.override_is_planned_work
   AND 'not_connected' <> ALL (d.status_reasons)
   AND (coalesce(d.status_override, d.status) <> 'UP'
        OR 'override_conflict' = ANY (d.status_reasons)
        OR d.signal_class IN ('WARNING', 'CRITICAL', 'OVERLOAD'))
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
 WHERE l.status <> 'UP'
   AND l.lifecycle = 'in_service'
   AND NOT l.override_is_planned_work;
COMMENT ON VIEW v_problems IS 'Devices and links in service that are not well, each with its reasons: causes and what follows from them. The appliance tells them apart: GET /api/problems.';
