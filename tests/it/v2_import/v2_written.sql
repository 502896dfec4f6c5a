-- A site as v2's own calls write it, on top of v2_schema.sql. Nothing in v2 ever computes a status: a row has
-- the default of its table for good, unless a call names another.

ALTER TABLE devices ALTER status SET DEFAULT 'DOWN', ALTER x SET DEFAULT 0, ALTER y SET DEFAULT 0,
    ALTER created_at SET DEFAULT '2026-03-01 08:00:00', ALTER updated_at SET DEFAULT '2026-03-01 08:00:00';
ALTER TABLE interfaces ALTER status SET DEFAULT 'DOWN',
    ALTER created_at SET DEFAULT '2026-03-01 08:00:00', ALTER updated_at SET DEFAULT '2026-03-01 08:00:00';
ALTER TABLE links ALTER status SET DEFAULT 'DOWN',
    ALTER created_at SET DEFAULT '2026-03-01 08:00:00', ALTER updated_at SET DEFAULT '2026-03-01 08:00:00';

-- POST /api/devices/provision, ten times: 1 to 10.
INSERT INTO devices (name, device_type, x, y, parent_container_id) VALUES
    ('POP-West', 'POP', 0, 0, NULL), ('BB1', 'BACKBONE_GATEWAY', 100, 0, NULL), ('CORE1', 'CORE_ROUTER', 200, 0, NULL),
    ('EDGE1', 'EDGE_ROUTER', 300, 0, 1), ('OLT1', 'OLT', 400, 0, 1), ('SPL1', 'SPLITTER', 500, 0, NULL),
    ('ONT-1', 'ONT', 600, 0, NULL), ('ONT-2', 'ONT', 600, 100, NULL), ('AON1', 'AON_SWITCH', 400, 200, 1),
    ('CPE-1', 'AON_CPE', 500, 200, NULL);
INSERT INTO interfaces (name, interface_type, device_id)
    SELECT p.name, p.kind::interfacetype, d.id FROM devices d JOIN (
        SELECT unnest(ARRAY['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER', 'OLT', 'AON_SWITCH']) AS device_type, 1 AS ord, 'mgmt0' AS name, 'ETHERNET' AS kind
        UNION ALL SELECT unnest(ARRAY['BACKBONE_GATEWAY', 'CORE_ROUTER', 'EDGE_ROUTER', 'OLT', 'AON_SWITCH']), 2, 'lo0', 'LOOPBACK'
        UNION ALL SELECT 'OLT', 3 + n, 'pon' || n, 'OPTICAL' FROM generate_series(0, 7) n
        UNION ALL SELECT 'SPLITTER', 1, 'in0', 'OPTICAL'
        UNION ALL SELECT 'SPLITTER', 2 + n, 'out' || n, 'OPTICAL' FROM generate_series(0, 31) n
        UNION ALL SELECT 'ONT', 1, 'eth0', 'ETHERNET'
        UNION ALL SELECT 'AON_SWITCH', 3 + n, 'eth' || n, 'ETHERNET' FROM generate_series(0, 23) n
        UNION ALL SELECT 'AON_CPE', 1, 'wan0', 'ETHERNET'
        UNION ALL SELECT 'AON_CPE', 2 + n, 'lan' || n, 'ETHERNET' FROM generate_series(0, 3) n
    ) p ON p.device_type = d.device_type::text ORDER BY d.id, p.ord;

-- POST /api/links/create-simple makes a port on each side; the last call names a status.
INSERT INTO interfaces (name, interface_type, device_id) VALUES
    ('port3', 'ETHERNET', 2), ('port3', 'ETHERNET', 3), ('port4', 'ETHERNET', 3), ('port3', 'ETHERNET', 4),
    ('port4', 'ETHERNET', 4), ('port11', 'ETHERNET', 5), ('port5', 'ETHERNET', 4), ('port27', 'ETHERNET', 9);
INSERT INTO links (a_interface_id, b_interface_id)
    SELECT a.id, b.id FROM (VALUES (2, 'port3', 3, 'port3'), (3, 'port4', 4, 'port3'), (4, 'port4', 5, 'port11')) AS l (a, ap, b, bp)
    JOIN interfaces a ON (a.device_id, a.name) = (l.a, l.ap) JOIN interfaces b ON (b.device_id, b.name) = (l.b, l.bp) ORDER BY a.id;
INSERT INTO links (status, a_interface_id, b_interface_id)
    SELECT 'UP', a.id, b.id FROM interfaces a, interfaces b WHERE (a.device_id, a.name) = (4, 'port5') AND (b.device_id, b.name) = (9, 'port27');

-- POST /api/interfaces, then POST /api/links, which takes no status.
INSERT INTO interfaces (name, interface_type, device_id) VALUES ('port2', 'OPTICAL', 7), ('port2', 'OPTICAL', 8);
INSERT INTO links (a_interface_id, b_interface_id, length_km, physical_medium_id)
    SELECT a.id, b.id, l.km, l.medium
    FROM (VALUES (5, 'pon0', 6, 'in0', 2.5, 'G652D'), (6, 'out0', 7, 'port2', 0.3, 'G657A2'), (6, 'out1', 8, 'port2', 0.4, 'G657A2'),
        (9, 'eth0', 10, 'wan0', NULL, NULL)) AS l (a, ap, b, bp, km, medium)
    JOIN interfaces a ON (a.device_id, a.name) = (l.a, l.ap) JOIN interfaces b ON (b.device_id, b.name) = (l.b, l.bp) ORDER BY a.id;

-- PATCH /api/devices/8/override, and PATCH /api/devices/7.
UPDATE devices SET status_override = 'DOWN', override_reason = 'moved out' WHERE id = 8;
UPDATE devices SET x = 640.5 WHERE id = 7;
-- DELETE /api/devices/11, after it was made.
INSERT INTO devices (name, device_type) VALUES ('gone', 'HOP');
DELETE FROM devices WHERE name = 'gone';
