-- Invalid rows that v2 allowed, one or two for each correction rule, on top of v2_clean.sql.
-- The constraints of v2 that these rows break are dropped, as on a database that was repaired by hand.

ALTER TABLE devices DROP CONSTRAINT devices_parent_container_id_fkey;
ALTER TABLE interfaces DROP CONSTRAINT interfaces_device_id_fkey;
ALTER TABLE links DROP CONSTRAINT links_a_interface_id_fkey, DROP CONSTRAINT links_b_interface_id_fkey;
ALTER TABLE devices ALTER override_reason TYPE varchar, ALTER status_override TYPE varchar;
ALTER TYPE devicetype ADD VALUE 'MICROWAVE';
ALTER TYPE interfacetype ADD VALUE 'RADIO';
DROP INDEX ix_devices_name;

INSERT INTO devices (id, name, device_type, status, x, y, tx_power_dbm, sensitivity_min_dbm, insertion_loss_db,
    parent_container_id, status_override, override_reason, created_at, updated_at) VALUES
    (-4, 'negative', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:00', '2025-11-02 10:00:00'),
    (50, '', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:00', '2025-11-02 10:00:00'),
    (51, '   ', 'OLT', 'DOWN', 0, 0, NULL, NULL, NULL, 1, NULL, NULL, '2025-11-02 10:00:01', '2025-11-02 10:00:01'),
    (52, E'ONT\tTab\nLine', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:02', '2025-11-02 10:00:02'),
    (53, repeat('long ', 40), 'HOP', 'UP', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:03', '2025-11-02 10:00:03'),
    (54, 'OLT1', 'OLT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:04', '2025-11-02 10:00:04'),
    (55, 'OLT1', 'OLT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:05', '2025-11-02 10:00:05'),
    (56, 'ONT-50', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:06', '2025-11-02 10:00:06'),
    (57, 'orphan', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, 999, NULL, NULL, '2025-11-02 10:00:07', '2025-11-02 10:00:07'),
    (58, 'in a router', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, 3, NULL, NULL, '2025-11-02 10:00:08', '2025-11-02 10:00:08'),
    (59, 'POP in a POP', 'POP', 'UP', 0, 0, NULL, NULL, NULL, 1, NULL, NULL, '2025-11-02 10:00:09', '2025-11-02 10:00:09'),
    (60, 'no numbers', 'OLT', 'DOWN', 'NaN', '-Infinity', 'Infinity', 'NaN', -3, NULL, NULL, NULL, '2025-11-02 10:00:10', '2025-11-02 10:00:10'),
    (61, 'maybe', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, 'MAYBE', 'who knows', '2025-11-02 10:00:11', '2025-11-02 10:00:11'),
    (62, 'reason alone', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, 'left over', '2025-11-02 10:00:12', '2025-11-02 10:00:12'),
    (63, 'long reason', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, 'DEGRADED', repeat('ä', 300), '2025-11-02 10:00:13', '2025-11-02 10:00:13'),
    (64, 'radio', 'MICROWAVE', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '2025-11-02 10:00:14', '2025-11-02 10:00:14'),
    (65, 'never', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, '-infinity', 'infinity'),
    (66, 'in the radio', 'ONT', 'DOWN', 0, 0, NULL, NULL, NULL, 64, NULL, NULL, '2025-11-02 10:00:15', '2025-11-02 10:00:15');

INSERT INTO interfaces (id, name, interface_type, status, device_id, created_at, updated_at) VALUES
    (70, 'port1', 'OPTICAL', 'DOWN', 999, '2025-11-02 11:00:00', '2025-11-02 11:00:00'),
    (71, 'port1', 'OPTICAL', 'DOWN', 64, '2025-11-02 11:00:01', '2025-11-02 11:00:01'),
    (72, '', 'OPTICAL', 'DOWN', 57, '2025-11-02 11:00:02', '2025-11-02 11:00:02'),
    (73, 'eth0', 'ETHERNET', 'DOWN', 7, '2025-11-02 11:00:03', '2025-11-02 11:00:03'),
    (74, 'air0', 'RADIO', 'DOWN', 58, '2025-11-02 11:00:04', '2025-11-02 11:00:04'),
    (75, 'port1', 'OPTICAL', 'DOWN', 1, '2025-11-02 11:00:05', '2025-11-02 11:00:05'),
    (76, 'port1', 'OPTICAL', 'DOWN', 57, '2025-11-02 11:00:06', '2025-11-02 11:00:06'),
    (77, 'port1', 'OPTICAL', 'DOWN', 58, '2025-11-02 11:00:07', '2025-11-02 11:00:07'),
    (78, 'port1', 'OPTICAL', 'DOWN', 61, '2025-11-02 11:00:08', '2025-11-02 11:00:08'),
    (79, 'port1', 'OPTICAL', 'DOWN', 62, '2025-11-02 11:00:09', '2025-11-02 11:00:09');

INSERT INTO links (id, status, a_interface_id, b_interface_id, length_km, physical_medium_id, link_loss_db, created_at, updated_at) VALUES
    (80, 'UP', 13, 4711, NULL, NULL, NULL, '2025-11-02 12:00:00', '2025-11-02 12:00:00'),
    (81, 'UP', 71, 13, NULL, NULL, NULL, '2025-11-02 12:00:01', '2025-11-02 12:00:01'),
    (82, 'UP', 12, 13, NULL, NULL, NULL, '2025-11-02 12:00:02', '2025-11-02 12:00:02'),
    (83, 'UP', 1, 4, NULL, NULL, NULL, '2025-11-02 12:00:03', '2025-11-02 12:00:03'),
    (84, 'UP', 2, 6, NULL, NULL, NULL, '2025-11-02 12:00:04', '2025-11-02 12:00:04'),
    (85, 'UP', 3, 76, NULL, NULL, NULL, '2025-11-02 12:00:05', '2025-11-02 12:00:05'),
    (86, 'UP', 75, 13, NULL, NULL, NULL, '2025-11-02 12:00:06', '2025-11-02 12:00:06'),
    (87, 'UP', 16, 76, 0.2, 'G.657.A1', NULL, '2025-11-02 12:00:07', '2025-11-02 12:00:07'),
    (88, 'DOWN', 16, 76, -1, 'COPPER', NULL, '2025-11-02 12:00:08', '2025-11-02 12:00:08'),
    (89, 'DEGRADED', 13, 77, 'NaN', 'g652d', NULL, '2025-11-02 12:00:09', '2025-11-02 12:00:09');
