-- A small site as v2 kept it, with nothing to mend. Rows stand in heap order: updates move them.

INSERT INTO devices (id, name, device_type, status, x, y, tx_power_dbm, sensitivity_min_dbm, insertion_loss_db,
    parent_container_id, status_override, override_reason, created_at, updated_at) VALUES
    (1, 'POP-Nord', 'POP', 'UP', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:00', '2025-10-24 08:00:00'),
    (2, 'BB1', 'BACKBONE_GATEWAY', 'UP', 100, 50.5, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:01.5', '2025-10-24 08:00:01.5'),
    (3, 'CORE1', 'CORE_ROUTER', 'DOWN', 200, 0.1, NULL, NULL, NULL, NULL, NULL, NULL, '2025-10-24 08:00:02', '2025-10-24 08:00:02'),
    (4, 'EDGE1', 'EDGE_ROUTER', 'DOWN', 300, -12.25, NULL, NULL, NULL, 1, NULL, NULL, '2025-10-24 08:00:03', '2025-10-24 08:00:03'),
    (7, 'ONT „Süd“ 名', 'ONT', 'DOWN', 1e-9, 600, NULL, -27.5, NULL, NULL, NULL, NULL, '2025-10-24 08:00:06', '2025-10-24 08:00:06'),
    (6, 'SPL 1:8', 'SPLITTER', 'UP', 500, 500, NULL, NULL, 10.7, 1, NULL, NULL, '2025-10-24 08:00:05', '2025-10-24 08:00:05'),
    (9, 'ONT-2', 'ONT', 'DOWN', 700, 600, NULL, NULL, NULL, NULL, 'DOWN', E'Kunde: "Zähler"\n\tgetauscht \\ ä', '2025-10-24 08:00:07', '2025-11-01 09:30:00.123456'),
    (5, 'OLT1', 'OLT', 'DOWN', 400, 300, 4.5, NULL, NULL, 1, NULL, NULL, '2025-10-24 08:00:04', '2025-10-24 08:00:04');
SELECT setval('devices_id_seq', 41);

INSERT INTO interfaces (id, name, interface_type, status, device_id, created_at, updated_at)
    SELECT row_number() OVER (), p.name, p.kind::interfacetype, 'DOWN', p.device, '2025-10-24 08:00:10', '2025-10-24 08:00:10'
    FROM (VALUES ('mgmt0', 'ETHERNET', 2), ('lo0', 'LOOPBACK', 2), ('port3', 'ETHERNET', 2),
        ('mgmt0', 'ETHERNET', 3), ('lo0', 'LOOPBACK', 3), ('port3', 'ETHERNET', 3), ('port4', 'ETHERNET', 3),
        ('mgmt0', 'ETHERNET', 4), ('port3', 'ETHERNET', 4), ('port4', 'ETHERNET', 4),
        ('mgmt0', 'ETHERNET', 5), ('pon0', 'OPTICAL', 5), ('pon1', 'OPTICAL', 5), ('port11', 'ETHERNET', 5),
        ('in0', 'OPTICAL', 6), ('out0', 'OPTICAL', 6), ('out1', 'OPTICAL', 6),
        ('eth0', 'ETHERNET', 7), ('port2', 'OPTICAL', 7),
        ('eth0', 'ETHERNET', 9), ('port2', 'OPTICAL', 9)) AS p (name, kind, device);
SELECT setval('interfaces_id_seq', 60);

INSERT INTO links (id, status, a_interface_id, b_interface_id, length_km, physical_medium_id, link_loss_db, created_at, updated_at) VALUES
    (1, 'UP', 3, 6, 12.5, 'G652D', 3.125, '2025-10-24 08:01:00', '2025-10-24 08:01:00'),
    (2, 'UP', 7, 9, NULL, NULL, NULL, '2025-10-24 08:01:01', '2025-10-24 08:01:01'),
    (3, 'UP', 10, 14, 0, 'OM4', NULL, '2025-10-24 08:01:02', '2025-10-24 08:01:02'),
    (5, 'UP', 16, 19, 0.35, 'G657A2', 0.0875, '2025-10-24 08:01:04', '2025-10-24 08:01:04'),
    (4, 'UP', 12, 15, 4.25, 'G652D', 1.0625, '2025-10-24 08:01:03', '2025-10-24 08:01:03'),
    (6, 'UP', 17, 21, 0.4, 'G657A1', 0.1, '2025-10-24 08:01:05', '2025-10-24 08:01:05');
SELECT setval('links_id_seq', 6);
